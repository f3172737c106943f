"""The web pages: one package for each page, with its views and templates."""
