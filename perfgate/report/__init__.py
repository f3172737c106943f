"""Verdicts as people read them: text, Markdown, JSON, terminal."""
