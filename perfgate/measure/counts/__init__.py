"""Deterministic metrics: memory and instructions."""
