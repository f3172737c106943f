"""Changes of level in the history: their detection, the alerts about them, and the actions that people take on alerts."""
