"""Deterministic metrics: memory and instructions, of which one pair is normally enough."""
