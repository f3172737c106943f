"""Commands of the app that keeps what was measured."""
