"""Problems on random maps, with straight walls and a turned frame."""

from __future__ import annotations

import numpy as np

from plansim.models.point_mass import PointMass
from plansim.planning.grid.astar import AStar
from tests.planning.grids import random_problem, random_space


def paths(count, density=0.12, shape=(40, 60), seed=0):
    """(problem, path between two free cells) on `count` random maps."""
    rng = np.random.default_rng(seed)
    while count:
        problem = random_problem(random_space(int(rng.integers(1 << 30)), shape=shape, density=density), rng)
        path = AStar().plan(problem).states
        if len(path) > 3:
            count -= 1
            yield problem, path


def driven(plan):
    """The states (T + 1, 4) that a point mass passes under the plan's controls."""
    states = [plan.states[0]]
    for u, dt in zip(plan.controls, np.diff(plan.times), strict=True):
        states.append(PointMass(len(u)).step(states[-1], u, dt))
    return np.array(states)


def between(plan, pieces=10):
    """Positions on the way, `pieces` times as fine as the plan's states."""
    n = plan.controls.shape[1]
    t = (np.arange(1, pieces + 1) / pieces)[:, None]
    dt = np.diff(plan.times)[:, None, None]
    p, v, a = plan.states[:-1, None, :n], plan.states[:-1, None, n:], plan.controls[:, None]
    return (p + v * t * dt + a * (t * dt) ** 2 / 2).reshape(-1, n)
