"""What perfgate finds in the history that django-asv publishes, beside the regressions that asv publishes of it."""
