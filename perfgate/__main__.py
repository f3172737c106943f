"""Lets ``python -m perfgate`` do what ``perfgate`` does."""

from perfgate.cli import console_script

if __name__ == "__main__":
    raise SystemExit(console_script())
