"""PRM*: a roadmap whose paths tend to the shortest as it gets denser."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, e, log

import numpy as np

from plansim.planning.base import Budget, Plan, Problem
from plansim.planning.sampling.prm import kept_roadmap, plan_on_roadmap
from plansim.planning.sampling.roadmap import Roadmap
from plansim.planning.sampling.running import positive


@dataclass(frozen=True)
class PRMStar:
    """PRM with as many neighbours as it takes for paths to tend to the optimum, and no more: e (1 + 1/n) log N.

    Karaman & Frazzoli 2011, "Sampling-based algorithms for optimal motion planning", k-nearest PRM*. In all else it is
    `PRM`: the roadmap follows from the seed, and is kept for the next problems of its space.
    """

    samples: int = 2000
    seed: int = 0  # of the roadmap
    check_every: float | None = None  # distance between states asked of is_free; None: a hundredth of the diagonal
    keep_tree: bool = False  # hand out the edges of the roadmap, for pictures

    def __post_init__(self) -> None:
        positive(self, "samples", "check_every")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        return plan_on_roadmap(self, enough_neighbours, problem, budget)

    def build(self, problem: Problem) -> Roadmap:
        """The roadmap for the problems of its space and `is_free`, kept since it was first asked for."""
        return kept_roadmap(
            problem.space, problem.is_free, self.samples, enough_neighbours, self.seed, self.check_every
        )


def enough_neighbours(states: int, dimension: int) -> int:
    return ceil(e * (1 + 1 / dimension) * log(states))
