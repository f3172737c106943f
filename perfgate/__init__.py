"""perfgate: tells a team whether their code got slower, and how it knows."""

__version__ = "0.1.0"
