"""What the whole command reports: unchanged code, a planted slowdown, a planted wait; compared with ``asv continuous``."""
