"""The exit codes of every subcommand."""

PASS = 0
"""Everything asked for was done, and no budget is broken."""
FAIL = 1
"""A budget is broken."""
ERROR = 2
"""Something could not be done."""
UNDECIDABLE = 3
"""Everything was done, and the measurements do not suffice for an answer."""
