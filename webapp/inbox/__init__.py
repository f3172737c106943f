"""Webhooks, results of forks, commands in comments."""
