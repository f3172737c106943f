"""The decision procedures: arrays in, numbers out.

They depend on numpy and `scipy.special` only. Nothing here measures, reads or writes. Two modules are called from outside
this repository, so their names stay: `sequential` (Pair, pair_value, judge_suite) and `changepoints` (find_change_points,
Tracker).
"""
