"""What runs inside the measured interpreters: it hands out samples of one benchmark at a time on request.

The folder is copied into the workspace as the package `perfgate_agent`, so that a side never imports perfgate from
the place it measures from: when perfgate measures itself, that would compare the same code twice. Hence only the
standard library and the tool itself are imported here, and only by relative or absolute names that the copy keeps.
"""
