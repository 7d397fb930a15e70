"""Arms among solids: what is called free is free everywhere on the way, and planners find ways."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.cell_makers import cluttered_cell
from plansim.core.errors import MalformedInput
from plansim.core.solids import Solids
from plansim.models.arm import planar_arm
from plansim.models.kuka import kuka_iiwa
from plansim.planning.base import Budget, Problem
from plansim.planning.sampling.bit_star import BITStar
from plansim.planning.sampling.rrt_connect import RRTConnect
from plansim.planning.spaces.arm import ArmSpace


def space(**changes):
    return ArmSpace(kuka_iiwa(), cluttered_cell(12, seed=1), **changes)


def gaps(space, q):
    """The smallest gap at each of the states (N, n), by numpy: to the cell, and between the arm's own capsules."""
    arm, cell = space.arm, space.cell
    ends, moving = arm.capsule_ends(q), arm.capsules[:, 0] > 0
    out = (cell.distance(ends[:, moving, 0], ends[:, moving, 1]) - arm.capsules[moving, 7]).min(-1)
    for i, j in arm.pairs:
        for k, (first, second) in enumerate(zip(ends[:, i], ends[:, j], strict=True)):
            apart = Solids(capsules=[[*first[0], *first[1], arm.capsules[i, 7]]]).distance(second[0], second[1])
            out[k] = min(out[k], apart - arm.capsules[j, 7])
    return out


def test_a_state_is_free_where_no_gap_is_closed():
    world = space()
    q = world.sample(np.random.default_rng(0), 150)
    np.testing.assert_array_equal(world.is_free(q), gaps(world, q) >= 0)


def test_no_state_on_a_free_way_touches_anything_and_a_refused_one_comes_within_the_tolerance():
    world = space(tolerance=0.02)
    a, b = world.sample(np.random.default_rng(1), 240).reshape(2, 120, 7)
    b = a + 0.4 * (b - a)
    ends_free = world.is_free(a) & world.is_free(b)
    a, b = a[ends_free], b[ends_free]
    free, t = world.edge_free(a, b), np.linspace(0, 1, 1000)[:, None]
    assert 0.1 < free.mean() < 0.95
    for p, q in zip(a[free], b[free], strict=True):
        assert world.is_free(p + t * (q - p)).all()
    bare = ArmSpace(world.arm, world.cell)
    refused = np.flatnonzero(~free)[:8]
    for i in refused:
        assert gaps(bare, a[i] + t[::5] * (b[i] - a[i])).min() < 0.02 + 0.01  # the states asked are 1 cm apart


def test_a_thin_rod_between_two_states_is_not_jumped_over():
    rod = Solids(cylinders=[[0.8, 0.0, -1.0, 0.8, 0.0, 1.0, 1e-4]])
    world = ArmSpace(planar_arm(1, radius=1e-4), rod, tolerance=1e-6)
    assert world.is_free(np.array([[-2.0], [2.0]])).all()
    assert not world.edge_free(np.array([-2.0]), np.array([2.0]))
    assert world.edge_free(np.array([0.01]), np.array([3.0]))


def test_an_arm_that_would_touch_itself_is_not_free():
    world = ArmSpace(planar_arm(3, radius=0.02), Solids())
    folded = np.array([0.0, 2.2, 2.2])  # a triangle
    assert not world.is_free(folded)
    assert not world.edge_free(np.zeros(3), 1.2 * folded)
    assert world.edge_free(np.zeros(3), 0.8 * folded)


@pytest.mark.parametrize("planner", [RRTConnect(), BITStar(max_samples=1500)])
def test_planners_lead_the_arm_through_its_cell(planner):
    world, solved, rng = space(), 0, np.random.default_rng(5)
    while solved < 2:
        start, goal = world.sample(rng, 2)
        if not world.is_free(np.stack((start, goal))).all() or world.edge_free(start, goal):
            continue
        plan = planner.plan(Problem(world, start, goal), Budget(iterations=20_000), np.random.default_rng(1))
        again = planner.plan(Problem(world, start, goal), Budget(iterations=20_000), np.random.default_rng(1))
        assert plan.solved
        assert plan.stats.engine == "compiled"
        np.testing.assert_array_equal(plan.states, again.states)
        np.testing.assert_array_equal(plan.states[[0, -1]], [start, goal])
        for p, q in zip(plan.states[:-1], plan.states[1:], strict=True):
            assert world.is_free(p + np.linspace(0, 1, 1000)[:, None] * (q - p)).all()
        solved += 1


def test_limits_and_numbers_that_are_none_are_not_free():
    world = space()
    q = np.zeros((3, 7))
    q[1, 3], q[2, 0] = 3.0, np.nan
    np.testing.assert_array_equal(world.is_free(q), [True, False, False])
    with pytest.raises(MalformedInput, match="tolerance"):
        space(tolerance=0.0)
    with pytest.raises(MalformedInput, match="weights"):
        space(weights=-1.0)
