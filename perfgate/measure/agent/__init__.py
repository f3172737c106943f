"""Code that runs inside the measured processes and hands out samples of one benchmark at a time on request.

This folder is copied into the workspace as the package `perfgate_agent`, so that a side never imports perfgate from the
place that measures: when perfgate measures itself, that would compare the same code twice. So only the standard library
and the tool itself are imported here, and modules of this package only by relative names.
"""
