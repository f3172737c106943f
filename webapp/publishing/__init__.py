"""The outbox, and the channels that deliver from it."""
