"""Verdicts on runs that were measured beside their baseline, and waivers given in pull requests."""
