"""What the whole command says, live: unchanged code, a planted slowdown, a planted wait; beside ``asv continuous``."""
