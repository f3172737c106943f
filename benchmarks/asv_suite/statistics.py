"""What the server computes after each upload, and what the gate computes for each pull request."""

import numpy as np

from perfgate.stats.changepoints import find_change_points
from perfgate.stats.sequential import Pair, judge_suite


class ChangePoints:
    """Searching one series, with a step every 250 points."""

    param_names = ["points"]
    params = [[100, 1_000, 10_000]]

    def setup(self, points):
        rng = np.random.default_rng(1)
        levels = 1.0 + 0.1 * ((np.arange(points) // 250) % 2)
        self.values = levels * np.exp(0.01 * rng.standard_normal(points))

    def time_find(self, points):
        find_change_points(self.values)


class Gate:
    """Judging a suite whose pairs are already measured."""

    param_names = ["benchmarks"]
    params = [[50, 500]]

    def setup(self, benchmarks):
        rng = np.random.default_rng(2)
        self.names = [f"b{i}" for i in range(benchmarks)]
        base, candidate = 1e-3 * np.exp(0.01 * rng.standard_normal((2, 16)))
        self.pair = Pair(
            base_cpu=base,
            candidate_cpu=candidate,
            base_wall=base,
            candidate_wall=candidate,
            base_switches=0.0,
            candidate_switches=0.0,
            seconds=0.1,
        )

    def time_judge(self, benchmarks):
        judge_suite(self.names, lambda _: self.pair, budget=0.03)
