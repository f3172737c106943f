"""The alerts of a project, and one alert with the actions on it."""
