"""What perfgate finds in the published history of django-asv, compared with the regressions that asv publishes."""
