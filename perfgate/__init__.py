"""perfgate: tells a team whether their code got slower, and how it knows."""
