"""Measuring: find a repository's suite, run it once as its tool does, or as live pairs of two revisions.

    measure      one revision, by the tool itself                     -> Run
    open_pairs   base and head, live processes that take turns        -> Pairs, whose run() is a Run with a baseline

Nothing here judges. What runs inside the measured interpreters stands in `perfgate.measure.agent`.
"""

from perfgate.measure.comparison import open_pairs
from perfgate.measure.discover import discover, suites
from perfgate.measure.live.failures import PairFailed
from perfgate.measure.pairs import Pairs
from perfgate.measure.single import measure
from perfgate.measure.suites import Suite

__all__ = ["PairFailed", "Pairs", "Suite", "discover", "measure", "open_pairs", "suites"]
