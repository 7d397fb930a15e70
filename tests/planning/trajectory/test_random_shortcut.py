"""Random shortcuts: free, never longer, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.shapes import Shapes
from plansim.planning.base import Plan, Problem, Status
from plansim.planning.spaces.box import BoxSpace
from plansim.planning.trajectory.random_shortcut import RandomShortcut, random_shortcut

WORLD = BoxSpace(Shapes([0, 0, 0], [10, 10, 10], boxes=[[[4, 0, 0], [6, 8, 10]]]))
DETOUR = np.array([[1, 1, 1], [1, 9, 1], [1, 9, 9], [5, 9, 9], [9, 9, 9], [9, 9, 1], [9, 1, 1]], dtype=float)


def length(path):
    return WORLD.distance(path[:-1], path[1:]).sum()


def test_a_path_gets_shorter_with_attempts_and_stays_free():
    found = [random_shortcut(WORLD, DETOUR, np.random.default_rng(1), n) for n in (0, 10, 100, 1000)]
    lengths = [length(path) for path in found]
    assert lengths[0] == length(DETOUR)
    assert lengths == sorted(lengths, reverse=True)
    shortest = 2 * np.sqrt(3**2 + 7**2) + 2  # around the edge at y = 8
    assert shortest <= lengths[-1] < 0.6 * lengths[0]
    for path in found:
        assert WORLD.edge_free(path[:-1], path[1:]).all()
        assert np.array_equal(path[[0, -1]], DETOUR[[0, -1]])


def test_same_seed_same_path():
    a, b = (random_shortcut(WORLD, DETOUR, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(a, b)


def test_the_plan_costs_what_its_path_does():
    problem = Problem(WORLD, DETOUR[0], DETOUR[-1])
    plan = RandomShortcut().process(problem, Plan(Status.SOLVED, DETOUR, length(DETOUR)))
    assert plan.cost == pytest.approx(length(plan.states))
    assert plan.cost < length(DETOUR)


def test_short_paths_stay_and_negative_attempts_are_refused():
    assert np.array_equal(random_shortcut(WORLD, DETOUR[:2], np.random.default_rng(0)), DETOUR[:2])
    with pytest.raises(MalformedInput, match="attempts"):
        random_shortcut(WORLD, DETOUR, np.random.default_rng(0), attempts=-1)
