"""Configuration of Sphinx, which builds these documents: `make docs`."""

import perfgate

project = "perfgate"
author = "the perfgate authors"
release = version = perfgate.__version__

extensions = ["myst_parser"]
myst_heading_anchors = 3
"""Headings up to this level can be linked to, as on GitHub."""
nitpicky = True
html_theme = "alabaster"
html_theme_options = {"description": "A performance-regression gate and benchmark history"}
html_show_copyright = False
