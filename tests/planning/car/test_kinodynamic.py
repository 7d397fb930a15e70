"""Kinodynamic RRT keeps the planners' contract; what it returns is driven by the vehicle's own step, and free."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import transform
from plansim.core.grid import OccupancyGrid
from plansim.core.shapes import Shapes
from plansim.models.bicycle import Bicycle
from plansim.models.point_mass import PointMass
from plansim.models.truck import TruckTrailer
from plansim.planning.base import Budget, Problem, Status
from plansim.planning.car.kinodynamic_rrt import KinodynamicRRT
from plansim.planning.car.vehicle_space import VehicleSpace
from tests.planning.curves.test_spaces import points_of

CAR = np.array([[-0.3, -0.25], [0.6, -0.25], [0.6, 0.25], [-0.3, 0.25]])
WORLD = Shapes([0, 0], [10, 10], boxes=[[[4, 0], [5, 6]]], balls=[[7.5, 7.5, 0.6]], polygons=[[[1, 6], [2, 6], [2, 7]]])
CELLS = np.zeros((40, 40))
CELLS[:24, 16:20] = 1
GRID = OccupancyGrid(CELLS, resolution=0.25)
PLANNER = KinodynamicRRT()


def turtle(**changes):
    return VehicleSpace(**{"world": WORLD, "body": 0.3, "control_high": (2.0, 1.0), **changes})


def from_left_to_right(space, **changes):
    rest = np.zeros(space.dimension - 2)
    start, goal = (np.concatenate(([x, 1.5], rest)) for x in (1.5, 8.0))
    return Problem(**{"space": space, "start": start, "goal": goal, "goal_radius": 0.8, **changes})


SPEEDS = {"x_velocity": (-2, 2), "y_velocity": (-2, 2)}
VEHICLES = {
    "unicycle": turtle(),
    "unicycle-on-a-map": turtle(world=GRID, body=CAR),
    "bicycle": turtle(
        motion=Bicycle(0.4), control_low=(-1, -0.6), control_high=(1, 0.6), body=CAR, limits={"speed": (-1, 2)}
    ),
    "point-mass": turtle(motion=PointMass(), control_high=(1.0, 1.0), limits=SPEEDS, weights=(1, 1, 0.3, 0.3)),
    "truck": turtle(
        motion=TruckTrailer(0.5, 0.9, 0.2), control_low=(-1, -0.6), control_high=(1, 0.6), body=CAR, trailer_body=CAR
    ),
}


@pytest.fixture(scope="module", params=VEHICLES)
def driven(request):
    problem = from_left_to_right(VEHICLES[request.param])
    return problem, PLANNER.plan(problem, rng=np.random.default_rng(1))


def bodies(space, x):
    """Points of the vehicle and its trailer in states (T, n), by their own geometry."""
    heading = x[:, 2] if "heading" in space.motion.state.names else np.zeros(len(x))
    points = [transform(np.column_stack((x[:, :2], heading)), points_of(np.asarray(space.body) * 0.999))]
    if space.trailer_body is not None:
        motion, swing = space.motion, x[:, 3]
        hitch = x[:, :2] - motion.hitch_offset * np.stack((np.cos(heading), np.sin(heading)), axis=-1)
        axle = hitch - motion.trailer_length * np.stack((np.cos(swing), np.sin(swing)), axis=-1)
        points.append(transform(np.column_stack((axle, swing)), points_of(space.trailer_body * 0.999)))
    return np.concatenate(points, axis=-2)


def test_its_controls_drive_the_vehicles_own_step_through_its_states_into_the_goal(driven):
    problem, plan = driven
    assert plan.status is Status.SOLVED
    assert plan.states.shape == (len(plan.controls) + 1, problem.space.dimension)
    x = plan.states[0]
    assert np.array_equal(x, problem.start)
    for u, state, dt in zip(plan.controls, plan.states[1:], np.diff(plan.times), strict=True):
        x = problem.space.motion.step(x, u, dt)
        assert x == pytest.approx(state, abs=1e-9)
    assert problem.space.distance(x, problem.goal) <= problem.goal_radius + 1e-9


def test_controls_and_states_are_within_their_limits(driven):
    problem, plan = driven
    space = problem.space
    assert ((plan.controls >= space.control_low) & (plan.controls <= space.control_high)).all()
    angles = [name in space.motion.state.angles for name in space.motion.state.names]
    inside = (plan.states >= space.low) & (plan.states <= space.high) | angles
    assert inside.all()


def test_no_point_of_a_body_touches_anything_even_between_the_steps(driven):
    problem, plan = driven
    space = problem.space
    for share in np.linspace(0.0, 1.0, 9):
        between = space.motion.step(plan.states[:-1], plan.controls, share * PLANNER.dt)
        assert space.world.is_free(bodies(space, between)).all()


def test_the_cost_is_the_time_that_it_takes(driven):
    _, plan = driven
    assert plan.times == pytest.approx(PLANNER.dt * np.arange(len(plan.states)))
    assert plan.cost == plan.times[-1] > plan.lower_bound == 0.0


@pytest.mark.parametrize("name", VEHICLES)
def test_a_state_is_free_where_no_point_of_a_body_touches_anything(name):
    space = VEHICLES[name]
    x = space.sample(np.random.default_rng(5), 1500)
    x[:, 3:] = x[:, 2:3] + 0.5 if name == "truck" else x[:, 3:]
    free, naive = space.is_free(x), space.world.is_free(bodies(space, x)).all(-1)
    assert 0.1 < free.mean() < 0.9
    assert not (free & ~naive).any()
    assert (naive & ~free).mean() < 0.03  # the skin, and corners of the polygon around a disc on a map


def test_a_free_way_is_one_on_which_every_state_is():
    rng = np.random.default_rng(7)
    for space in (VEHICLES["truck"], VEHICLES["unicycle-on-a-map"]):
        x = space.sample(rng, 4000)
        x[:, 3:] = x[:, 2:3] + 0.3
        x = x[space.is_free(x)]
        u = rng.uniform(space.control_low, space.control_high, (len(x), 2))
        whole = space.way_free(x, u, 0.8)
        states = space.motion.step(x[:, None], u[:, None], np.linspace(0, 0.8, 60))
        all_free = np.array([space.is_free(along).all() for along in states])
        assert 100 < whole.sum() < len(whole) - 100
        assert not (whole & ~all_free).any()
        assert (~whole & all_free).sum() <= 0.01 * len(whole)  # what touches between the states that were looked at


def test_same_seed_same_plan_and_another_seed_another():
    problem = from_left_to_right(VEHICLES["unicycle"])
    for asked in (problem, replace(problem, is_free=lambda states: states[..., 1] < 9.5)):
        first, second, other = (PLANNER.plan(asked, rng=np.random.default_rng(seed)) for seed in (3, 3, 4))
        assert np.array_equal(first.states, second.states)
        assert np.array_equal(first.controls, second.controls)
        assert first.stats.samples == second.stats.samples
        assert not np.array_equal(first.states, other.states)
    assert np.array_equal(PLANNER.plan(problem).states, PLANNER.plan(problem, rng=np.random.default_rng(0)).states)


def test_a_users_is_free_is_kept_to_and_asked_for_many_states_at_once():
    asked = []

    def below(states):
        asked.append(states.shape)
        return states[..., 1] < 8.5

    problem = from_left_to_right(VEHICLES["unicycle"], is_free=below)
    plan = PLANNER.plan(problem, rng=np.random.default_rng(2))
    assert plan.solved
    assert (plan.states[:, 1] < 8.5).all()
    assert WORLD.is_free(bodies(problem.space, plan.states)).all()
    assert plan.stats.checks == sum(count for count, _ in asked[1:]) > 100 * len(asked)


def test_any_space_with_a_motion_model_will_do():
    """Plain Python, a plain `step`, no layout of angles."""
    motion = SimpleNamespace(
        step=lambda x, u, dt: np.asarray(x) + dt * np.asarray(u),
        state=SimpleNamespace(names=("x", "y"), angles=()),
    )
    low, high = np.zeros(2), np.full(2, 10.0)
    own = SimpleNamespace(
        **{"motion": motion, "low": low, "high": high, "control_low": -np.ones(2), "control_high": np.ones(2)},
        distance=lambda a, b: np.linalg.norm(np.asarray(a) - b, axis=-1),
        sample=lambda rng, count: rng.uniform(low, high, (count, 2)),
        is_free=lambda x: ((x >= low) & (x <= high)).all(-1) & ~((x[..., 0] > 4) & (x[..., 0] < 5) & (x[..., 1] < 6)),
    )
    plan = PLANNER.plan(Problem(own, np.array([1.0, 1.0]), np.array([9.0, 1.0]), goal_radius=0.5))
    assert plan.solved
    assert own.is_free(plan.states).all()
    assert plan.states[:-1] + PLANNER.dt * plan.controls == pytest.approx(plan.states[1:], abs=1e-12)


def walled_in():
    return turtle(world=Shapes([0, 0], [10, 10], boxes=[[[4, 0], [5, 10]]]))


def test_a_status_says_why_there_is_no_path():
    few = replace(PLANNER, most_samples=200)
    space = walled_in()
    cases = {
        Status.INVALID_START: from_left_to_right(space, start=np.array([4.5, 1.0, 0.0])),
        Status.INVALID_GOAL: from_left_to_right(space, goal=np.array([4.5, 1.0, 0.0]), goal_radius=0.0),
        Status.NEAREST: from_left_to_right(space),
    }
    for status, problem in cases.items():
        plan = few.plan(problem)
        assert plan.status is status
        assert np.isfinite(plan.cost) == (status is Status.NEAREST)
    nearest = few.plan(cases[Status.NEAREST])
    assert 3.0 < nearest.states[-1, 0] < 4.0
    no_radius = few.plan(from_left_to_right(turtle(), goal_radius=0.0))  # a goal that no sample can hit
    assert no_radius.status is Status.NEAREST


def test_at_the_goal_already_the_plan_is_one_state():
    problem = from_left_to_right(VEHICLES["unicycle"], goal=np.array([1.5, 1.5, 2 * np.pi]), goal_radius=1e-9)
    plan = PLANNER.plan(problem)
    assert (plan.status, plan.cost, plan.states.tolist()) == (Status.SOLVED, 0.0, [problem.start.tolist()])
    assert (plan.controls.shape, plan.times.tolist()) == ((0, 2), [0.0])


@pytest.mark.parametrize("is_free", [None, lambda states: np.ones(len(states), dtype=bool)])
def test_a_spent_budget_brings_the_nearest_so_far(is_free):
    problem = from_left_to_right(walled_in(), is_free=is_free)
    for budget in (Budget(iterations=0), Budget(iterations=40), Budget(seconds=0.0)):
        plan = PLANNER.plan(problem, budget)
        assert plan.status is Status.BUDGET_SPENT
        assert plan.stats.samples == (budget.iterations or 0)
        assert np.array_equal(plan.states[0], problem.start)
        assert plan.cost == plan.times[-1]
    assert len(PLANNER.plan(problem, Budget(iterations=40)).states) > 1
    assert PLANNER.plan(problem, Budget(seconds=0.05)).stats.seconds < 2.0


def test_a_tree_has_every_edge_that_was_grown_and_holds_the_path():
    plan = replace(PLANNER, keep_tree=True).plan(from_left_to_right(VEHICLES["unicycle"]))
    assert plan.tree.shape == (plan.stats.expanded - 1, 2, 3)
    ends = plan.tree[:, 1, :2]
    assert np.abs(ends - plan.states[-1, :2]).max(-1).min() < 1e-9
    assert PLANNER.plan(from_left_to_right(VEHICLES["unicycle"])).tree is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": np.array([np.nan, 1.0, 0.0])}, "start"),
        ({"goal": np.array([1.0, 1.0])}, "goal .* x, y, heading"),
        ({"goal": np.array([11.0, 1.0, 0.0])}, "goal has x 11, outside 0 to 10"),
        ({"start": "here"}, "start"),
        ({"goal_radius": -1.0}, "goal_radius"),
        ({"space": object()}, "VehicleSpace"),
        ({"is_free": lambda states: np.ones(7, dtype=bool)}, "is_free answered"),
    ],
)
def test_a_malformed_problem_is_an_error_that_says_where(change, message):
    with pytest.raises(MalformedInput, match=message):
        PLANNER.plan(replace(from_left_to_right(VEHICLES["unicycle"]), **change))


def test_what_is_free_raises_reaches_the_user():
    def broken(states):
        raise ZeroDivisionError("of the user's own")

    with pytest.raises(ZeroDivisionError, match="of the user's own"):
        PLANNER.plan(from_left_to_right(VEHICLES["unicycle"], is_free=broken))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"motion": Bicycle()}, "limits lacks 'speed'"),
        ({"motion": Bicycle(), "limits": {"sped": (0, 1)}}, "did you mean 'speed'"),
        ({"motion": Bicycle(), "limits": {"speed": (1, 0)}}, "limits are"),
        ({"control_low": (3.0, 0.0)}, "control_low"),
        ({"control_low": (0.0,)}, "control_low .* speed, turn_rate"),
        ({"trailer_body": CAR}, "Unicycle has no trailer"),
        ({"body": -1.0}, "body"),
        ({"motion": PointMass(3), "limits": SPEEDS, "control_low": -np.ones(3), "control_high": np.ones(3)}, "limits"),
        ({"weights": (1.0, 0.0, 1.0)}, "weights"),
    ],
)
def test_a_space_that_cannot_be_meant_is_refused(parameters, message):
    with pytest.raises(MalformedInput, match=message):
        turtle(**parameters)


@pytest.mark.parametrize("change", [{"dt": 0.0}, {"longest": 0}, {"candidates": 0}, {"goal_bias": 2.0}])
def test_a_planner_that_cannot_be_meant_is_refused(change):
    with pytest.raises(MalformedInput, match=next(iter(change))):
        KinodynamicRRT(**change)


def test_a_plan_leaves_its_problem_as_it_was():
    problem = from_left_to_right(VEHICLES["unicycle"])
    before = problem.start.copy(), problem.goal.copy()
    PLANNER.plan(problem)
    assert np.array_equal(problem.start, before[0])
    assert np.array_equal(problem.goal, before[1])
