"""`make demo`: everything that perfgate does, measured on a small real project."""
