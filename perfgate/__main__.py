"""Lets ``python -m perfgate`` do what ``perfgate`` does."""

from perfgate.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
