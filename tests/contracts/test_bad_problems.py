"""What every registered planner answers to problems that nobody should give it: a status, or one clear error."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.shapes import Shapes
from plansim.models.unicycle import Unicycle
from plansim.planning import BoxSpace, Budget, CarSpace, GridSpace, Problem, Status, TruckSpace, VehicleSpace
from plansim.scenario.registry import BUILTINS, load

WALLED = np.zeros((60, 60))
WALLED[:48, 28:32] = 1.0
MAP = OccupancyGrid(WALLED, 0.5)  # 30 x 30 m, a wall from below with a way round above
WORLD = Shapes([0, 0], [30, 30], boxes=[[[14, 0], [16, 24]]])


def grid():
    return GridSpace(MAP), np.array([5.25, 5.25]), np.array([25.25, 5.25])


def boxes():
    return BoxSpace(WORLD), np.array([5.0, 5.0]), np.array([25.0, 5.0])


def car():
    body = ((-0.5, -0.5), (1.0, -0.5), (1.0, 0.5), (-0.5, 0.5))
    return CarSpace(MAP, body), np.array([5.0, 5.0, 1.5]), np.array([25.0, 5.0, -1.5])


def truck():
    return TruckSpace(MAP), np.array([6.0, 12.0, 1.57, 1.57]), np.array([6.0, 16.0, 1.57, 1.57])


def vehicle():
    return VehicleSpace(MAP, Unicycle()), np.array([5.0, 5.0, 0.0]), np.array([25.0, 5.0, 0.0])


SPACES = {
    "hybrid-a-star": car, "truck-hybrid-a-star": truck, "kinodynamic-rrt": vehicle,
    "rrt": boxes, "rrt-connect": boxes, "rrt-star": boxes, "informed-rrt-star": boxes, "bit-star": boxes,
    "prm": boxes, "prm-star": boxes, "ompl": boxes,
}  # fmt: skip
NAMES = [name for name in BUILTINS["planner"] if name != "ompl" or importlib.util.find_spec("ompl")]


@pytest.fixture(params=NAMES)
def case(request):
    """The planner, its space, a start and a goal: a problem of which nothing is wrong."""
    return load(BUILTINS["planner"][request.param])(), *SPACES.get(request.param, grid)()


SOON = Budget(iterations=2000, seconds=20.0)


def changed(x, i, value):
    x = x.copy()
    x[i] = value
    return x


@pytest.mark.parametrize("end", ["start", "goal"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_refused(case, end, bad):
    planner, space, start, goal = case
    ends = {"start": start, "goal": goal}
    ends[end] = changed(ends[end], 1, bad)
    with pytest.raises(MalformedInput, match=end):
        planner.plan(Problem(space, **ends), SOON)


@pytest.mark.parametrize("end", ["start", "goal"])
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,)])
def test_a_state_of_another_shape_is_refused(case, end, shape):
    planner, space, start, goal = case
    ends = {"start": start, "goal": goal} | {end: np.ones(shape)}
    with pytest.raises(MalformedInput, match=end):
        planner.plan(Problem(space, **ends), SOON)


def test_words_for_numbers_are_refused(case):
    planner, space, _, goal = case
    with pytest.raises(MalformedInput, match="start"):
        planner.plan(Problem(space, "here", goal), SOON)


def test_start_and_goal_may_be_the_same(case):
    planner, space, start, _ = case
    plan = planner.plan(Problem(space, start, start), SOON)
    assert (plan.status, plan.cost) == (Status.SOLVED, 0.0)
    assert len(plan.states) >= 1


def test_ends_in_a_wall_are_statuses(case):
    planner, space, start, goal = case
    wall = changed(changed(start, 0, 15.25), 1, 5.25)
    assert planner.plan(Problem(space, wall, goal), SOON).status is Status.INVALID_START
    assert planner.plan(Problem(space, start, wall), SOON).status is Status.INVALID_GOAL


def test_ends_outside_are_an_error_or_a_status(case):
    planner, space, start, goal = case
    outside = changed(start, 0, -500.0)
    for ends, status in (((outside, goal), Status.INVALID_START), ((start, outside), Status.INVALID_GOAL)):
        try:
            assert planner.plan(Problem(space, *ends), SOON).status is status
        except MalformedInput as error:
            assert "outside" in str(error)  # noqa: PT017


def test_no_budget_is_no_search(case):
    planner, space, start, goal = case
    plan = planner.plan(Problem(space, start, goal), Budget(iterations=0))
    assert plan.status in (Status.BUDGET_SPENT, Status.NEAREST)
    assert np.isfinite(plan.states).all()


def test_no_time_is_a_status(case):
    """A search that is over before the clock is first looked at may be solved."""
    planner, space, start, goal = case
    plan = planner.plan(Problem(space, start, goal), Budget(seconds=0.0))
    assert plan.status in (Status.BUDGET_SPENT, Status.NEAREST, Status.SOLVED)
    assert np.isfinite(plan.states).all()


@pytest.mark.parametrize("budget", [{"iterations": -1}, {"seconds": -1.0}, {"seconds": float("nan")}])
def test_a_budget_below_nothing_is_refused(budget):
    with pytest.raises(MalformedInput, match=next(iter(budget))):
        Budget(**budget)


@pytest.mark.parametrize("radius", [-1.0, np.nan])
def test_a_goal_radius_below_nothing_is_refused(radius):
    with pytest.raises(MalformedInput, match="goal_radius"):
        Problem(boxes()[0], np.zeros(2), np.ones(2), goal_radius=radius)


def test_what_a_users_is_free_raises_comes_through(case):
    planner, space, start, goal = case

    def is_free(states):
        raise RuntimeError("the sensor is unplugged")

    with pytest.raises((RuntimeError, MalformedInput), match=r"unplugged|is_free"):
        planner.plan(Problem(space, start, goal, is_free), SOON)


ANSWERS = {
    "one for all": lambda x: True,
    "one too many": lambda x: np.ones(len(x) + 1, dtype=bool),
    "nothing": lambda x: None,
    "numbers": lambda x: np.ones(np.shape(x)),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_is_free_of_another_shape_is_refused(case, answer):
    planner, space, start, goal = case
    with pytest.raises(MalformedInput, match="is_free"):
        planner.plan(Problem(space, start, goal, answer), SOON)


def test_an_is_free_that_says_no_to_all_is_an_invalid_start(case):
    planner, space, start, goal = case
    try:
        plan = planner.plan(Problem(space, start, goal, lambda x: np.zeros(np.shape(x)[:-1], dtype=bool)), SOON)
    except MalformedInput as error:
        assert "is_free" in str(error)  # noqa: PT017
    else:
        assert plan.status is Status.INVALID_START


def test_a_goal_region_that_no_sample_can_hit_ends_with_the_budget():
    """A needle's eye of a goal, in the middle of a block."""
    space = BoxSpace(Shapes([0, 0], [30, 30], boxes=[[[10, 10], [20, 20]]]))
    problem = Problem(space, np.array([5.0, 5.0]), np.array([15.0, 15.0]), goal_radius=1.0)
    for name in ("rrt", "rrt-connect", "rrt-star", "informed-rrt-star", "bit-star", "prm", "prm-star"):
        plan = load(BUILTINS["planner"][name])().plan(problem, Budget(iterations=500))
        assert plan.status in (Status.BUDGET_SPENT, Status.INVALID_GOAL), name


def test_a_map_of_one_cell_has_one_path():
    space = GridSpace(OccupancyGrid([[0.0]]))
    middle = np.array([0.5, 0.5])
    for name in (name for name in NAMES if SPACES.get(name, grid) is grid):
        plan = load(BUILTINS["planner"][name])().plan(Problem(space, middle, middle))
        assert (plan.status, plan.cost) == (Status.SOLVED, 0.0), name


@pytest.mark.parametrize("bad", [-1.0, 0.0, np.nan, np.inf])
def test_terrain_that_costs_nothing_or_less_is_refused(bad):
    terrain = np.ones((60, 60))
    terrain[3, 4] = bad
    with pytest.raises(MalformedInput, match="terrain"):
        GridSpace(MAP, terrain=terrain)
