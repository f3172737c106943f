"""Measuring: find a repository's suite, run it once as its tool does, or as live pairs of two revisions.

    measure      one revision, by the tool itself                     -> Run
    open_pairs   base and head, live processes that take turns        -> Pairs, whose run() is a Run with a baseline

Nothing here judges. What runs inside the measured interpreters stands in `perfgate.suite.served`.
"""

from perfgate.suite.discover import Kind, Suite, discover, suites
from perfgate.suite.pairs import Pairs, open_pairs
from perfgate.suite.single import measure
from perfgate.suite.source import PairFailed

__all__ = ["Kind", "PairFailed", "Pairs", "Suite", "discover", "measure", "open_pairs", "suites"]
