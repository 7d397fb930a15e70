"""How a tree of driven states grows where free states must be asked of Python: many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.planning.base import Problem
from plansim.planning.car.kinodynamic_tree import Tree

AT_ONCE = 32  # samples


def grow_by_asking(
    planner: Any,
    problem: Problem,
    goal: Array,
    tree: Tree,
    limit: int,
    spent: Callable[[], bool],
    rng: np.random.Generator,
    is_free: Callable[[Array], Array],
) -> tuple[bool, int, int, int]:
    """Whether the goal was reached, samples drawn, the row nearest to the goal, states asked of is_free.

    All candidates of some samples are driven together, and is_free is asked once for the middles and ends of all steps.
    """
    space: Any = problem.space
    samples, checks, best = 0, 0, 0
    nearest_to_goal = float(space.distance(tree.root, goal))
    while samples < limit and not spent():
        count = min(AT_ONCE, limit - samples)
        samples += count
        targets = np.array(space.sample(rng, count), dtype=float)
        targets[rng.random(count) < planner.goal_bias] = goal
        rows = np.argmin(space.distance(tree.states[:, None], targets), axis=0)
        u, hold = _draw(planner, space, count, rng)
        states, free, asked = _drive(space, tree.states[rows], u, hold, planner.dt, is_free)
        checks += asked
        to_goal = np.where(free, space.distance(states, goal), np.inf)
        to_target = np.where(free, space.distance(states, targets[:, None]), np.inf)
        score = np.where(to_goal <= problem.goal_radius, -1.0, to_target)  # (longest, count, candidates)
        flat = np.moveaxis(score, 1, 0).reshape(count, -1)
        step, candidate = np.divmod(np.argmin(flat, axis=1), planner.candidates)
        kept = np.flatnonzero(np.isfinite(flat.min(1)))
        if not len(kept):
            continue
        step, candidate = step[kept], candidate[kept]
        begin = tree.size
        tree.add(states[step, kept, candidate], rows[kept], u[kept, candidate], step + 1)
        distances = to_goal[step, kept, candidate]
        if distances.min() < nearest_to_goal:
            nearest_to_goal, best = float(distances.min()), begin + int(distances.argmin())
        if nearest_to_goal <= problem.goal_radius:
            return True, samples, best, checks
    return False, samples, best, checks


def _draw(planner: Any, space: Any, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Controls (count, candidates, m), and for how many steps each is held."""
    shape = count, planner.candidates
    u = rng.uniform(space.control_low, space.control_high, size=(*shape, len(space.control_low)))
    return u, rng.integers(1, planner.longest + 1, size=shape)


def _drive(
    space: Any, x: Array, u: Array, hold: Array, dt: float, is_free: Callable[[Array], Array]
) -> tuple[Array, Array, int]:
    """States (longest, count, candidates, n) after each step, whether each was reached freely, states asked."""
    x = np.broadcast_to(x[:, None], (*u.shape[:2], x.shape[-1]))
    middles, ends = [], [x]
    for _ in range(hold.max()):
        middles.append(space.motion.step(ends[-1], u, dt / 2))
        ends.append(space.motion.step(ends[-1], u, dt))
    states, between = np.stack(ends[1:]), np.stack(middles)
    asked = np.concatenate((states.reshape(-1, x.shape[-1]), between.reshape(-1, x.shape[-1])))
    answers = is_free(asked).reshape(2, *states.shape[:-1])
    free = answers.all(0)
    if hasattr(space, "way_free"):
        free &= space.way_free(np.stack(ends[:-1]), u, dt)
    free &= np.arange(len(states))[:, None, None] < hold
    return states, np.logical_and.accumulate(free, axis=0), len(asked)
