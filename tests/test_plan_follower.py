"""A plan that is followed ends where it says, whatever it consists of."""

from __future__ import annotations

from dataclasses import dataclass

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.shapes import Shapes
from plansim.core.trajectory import arc_length
from plansim.models.car import Car
from plansim.models.point import Point
from plansim.models.unicycle import Unicycle
from plansim.plan_follower import PlanFollower
from plansim.planning.base import Budget, Plan, Stats, Status, no_plan
from plansim.planning.grid.astar import AStar
from plansim.planning.grid.space import GridSpace
from plansim.planning.spaces.box import BoxSpace

WORLD = Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]])
SPACE = BoxSpace(WORLD)
AROUND = np.array([[1.0, 1.0], [4.0, 8.0], [6.0, 8.0], [9.0, 1.0]])  # the shortest way: it touches both corners


@dataclass
class Told:
    """Answers with a plan that it was given."""

    answer: Plan

    def plan(self, problem, budget=Budget(), rng=None):
        self.asked = problem, budget
        self.drawn = rng.random()
        return self.answer


def path(states, **parts):
    states = np.array(states, dtype=float)
    return Plan(Status.SOLVED, states, float(arc_length(states[:, :2])[-1]), **parts)


def drive(follower, **parameters):
    env = gymnasium.make("plansim/Workspace-v0", **({"world": WORLD} | parameters))
    observation, _ = env.reset(seed=0)
    follower.reset(0)
    states, over = [observation["state"]], False
    while not over:
        observation, _, terminated, truncated, info = env.step(follower.act(observation))
        over = terminated or truncated
        states.append(observation["state"])
    return np.array(states), info


def test_a_point_passes_every_corner_exactly_and_cuts_none():
    states, info = drive(PlanFollower(Told(path(AROUND)), SPACE, speed=0.9), start=(1.0, 1.0), goal=(9.0, 1.0))
    assert info["outcome"] == "arrived"
    for corner in AROUND[:-1]:
        assert np.abs(states - corner).max(-1).min() < 1e-12
    steps = np.linalg.norm(np.diff(states, axis=0), axis=-1)
    assert steps.max() <= 0.09 + 1e-12


def test_a_path_over_cells_is_left_for_the_robots_own_start_and_goal():
    cells = np.zeros((10, 10))
    cells[:8, 4:6] = 1
    grid = OccupancyGrid(cells)
    follower = PlanFollower(AStar(), GridSpace(grid), speed=1.0)
    states, info = drive(follower, world=grid, start=(0.2, 0.3), goal=(9.8, 0.3), goal_radius=1e-6)
    assert info["outcome"] == "arrived"
    np.testing.assert_allclose(states[-1], [9.8, 0.3], atol=1e-9)
    assert follower.metrics()["plan_cost"] < info["path_length"] < follower.metrics()["plan_cost"] + 3.0
    assert follower.metrics()["planned"] == 1
    assert follower.metrics()["plan_gap"] == pytest.approx(0.0, abs=1e-12)


def test_in_space_too():
    world = Shapes([0, 0, 0], [5, 5, 5], boxes=[[[2, 0, 0], [3, 4, 5]]])
    corners = [[1, 1, 1], [2, 4, 1], [3, 4, 2], [4, 1, 3]]
    given = {"world": world, "robot": Point(3), "start": corners[0], "goal": corners[-1], "goal_radius": 1e-6}
    assert drive(PlanFollower(Told(path(corners)), BoxSpace(world)), **given)[1]["outcome"] == "arrived"


def test_controls_are_played_each_for_its_time():
    car, times = Car(2.0), np.array([0.0, 0.5, 1.7, 2.0])
    controls = np.array([[1.0, 0.3], [-0.5, -0.4], [0.8, 0.0]])
    states = [np.array([2.0, 5.0, 0.5])]
    for u, seconds in zip(controls, np.diff(times), strict=True):
        for _ in range(round(seconds / 0.1)):
            states.append(car.step(states[-1], u, 0.1))
    plan = path([states[0], states[5], states[17], states[20]], controls=controls, times=times)
    follower = PlanFollower(Told(plan), SPACE, robot=car)
    given = {"robot": car, "body": 0.2, "start": states[0], "goal": (9.0, 9.0), "max_steps": 25}
    driven, info = drive(follower, **given)
    np.testing.assert_allclose(driven[:21], states, atol=1e-7)
    np.testing.assert_allclose(driven[21:], np.tile(states[-1], (5, 1)), atol=1e-7)  # then it stands still
    assert info["outcome"] == "out of time"


def test_a_control_that_does_not_fit_the_steps_is_refused():
    plan = path(AROUND[:2], controls=np.ones((1, 2)), times=np.array([0.0, 0.25]))
    with pytest.raises(MalformedInput, match=r"control 0 .* 0.25 s, which is no multiple of dt 0.1 s"):
        drive(PlanFollower(Told(plan), SPACE), start=(1.0, 1.0), goal=(9.0, 1.0))


def test_a_timed_trajectory_is_tracked_at_its_times():
    robot, x = Unicycle(), [np.array([3.0, 5.0, 3.0])]
    for k in range(60):  # turns through ±pi
        x.append(robot.step(x[-1], np.array([0.4, 0.8 * np.cos(0.1 * k)]), 0.1))
    states, times = Unicycle.state.wrap(np.array(x)), 0.1 * np.arange(61)
    follower = PlanFollower(Told(path(states, times=times)), SPACE, robot=robot)
    driven, _ = drive(follower, robot=robot, body=0.1, start=states[0], goal=(9.0, 9.0), max_steps=60)
    np.testing.assert_allclose(Unicycle.state.difference(driven, states), 0, atol=1e-6)


def test_a_trajectory_is_tracked_between_its_samples_too():
    states, times = np.array([[1.0, 1.0], [3.0, 1.0], [3.0, 4.0]]), np.array([0.0, 2.5, 6.25])
    follower = PlanFollower(Told(path(states, times=times)), SPACE)
    driven, _ = drive(follower, start=(1.0, 1.0), goal=(9.0, 9.0), max_steps=70)
    expected = np.stack([np.interp(0.1 * np.arange(71), times, column) for column in states.T], -1)
    np.testing.assert_allclose(driven, expected, atol=1e-9)


def test_a_path_alone_says_nothing_to_a_robot_with_wheels():
    follower = PlanFollower(Told(path(AROUND)), SPACE, robot=Unicycle())
    with pytest.raises(MalformedInput, match="neither controls nor times"):
        follower.act({"state": np.array([1.0, 1.0, 0.0]), "goal": np.array([9.0, 1.0, 0.0])})


@pytest.mark.parametrize("status", [Status.NO_PATH, Status.BUDGET_SPENT, Status.NEAREST])
def test_without_a_path_it_stands_still_and_says_why(status):
    plan = (
        no_plan(status, 2, Stats(samples=7)) if status is not Status.NEAREST else path(AROUND)._replace(status=status)
    )
    follower = PlanFollower(Told(plan), SPACE)
    driven, info = drive(follower, start=(1.0, 1.0), goal=(9.0, 1.0), max_steps=5)
    assert (driven == driven[0]).all()
    assert (info["outcome"], follower.remark()) == ("out of time", status.value)
    assert follower.metrics()["planned"] == 0
    assert np.isnan(follower.metrics()["plan_cost"]) == (status is not Status.NEAREST)


def test_the_planner_is_asked_once_with_the_budget_and_its_own_luck():
    told = Told(path(AROUND))
    follower = PlanFollower(told, SPACE, budget_seconds=2.0, budget_iterations=30, goal_radius=0.25)
    luck = []
    for _ in range(2):
        drive(follower, start=(1.0, 1.0), goal=(9.0, 1.0))
        luck.append(told.drawn)
    problem, budget = told.asked
    assert (problem.goal_radius, budget) == (0.25, Budget(2.0, 30))
    assert luck[0] == luck[1]
    follower.reset(1)
    follower.act({"state": AROUND[0], "goal": AROUND[-1]})
    assert told.drawn != luck[0]


def test_paths_are_processed_in_order_with_a_luck_of_their_own():
    class Add:
        def __init__(self, point):
            self.point = point

        def process(self, problem, plan, rng=None):
            self.drawn = rng.random()
            return path(np.insert(plan.states, -1, self.point, axis=0))

    told, first, second = Told(path(AROUND)), Add((7.0, 8.0)), Add((8.0, 5.0))
    follower = PlanFollower(told, SPACE, post=[first, second])
    follower.reset(0)
    follower.act({"state": AROUND[0], "goal": AROUND[-1]})
    assert follower.trace()["path"].tolist() == [*AROUND[:3].tolist(), [7.0, 8.0], [8.0, 5.0], [9.0, 1.0]]
    assert len({told.drawn, first.drawn, second.drawn}) == 3


def test_what_a_planner_keeps_is_traced_once():
    tree = np.arange(12.0).reshape(2, 2, 3)
    kept = {"tree": tree, "expanded": AROUND, "history": np.array([[10, 0.1, 30.0], [90, 0.9, 25.0]])}
    follower = PlanFollower(Told(path(AROUND, **kept)), SPACE)
    follower.reset(0)
    observation = {"state": AROUND[0], "goal": AROUND[-1]}
    follower.act(observation)
    trace = follower.trace()
    assert trace["tree"].tolist() == [[0, 1, 3, 4], [6, 7, 9, 10]]
    assert trace["history"].tolist() == [[10, 30], [90, 25]]
    follower.act(observation)
    assert all(follower.trace()[name] is array for name, array in trace.items())


def test_nothing_beyond_the_limits_of_the_environment_is_asked_for():
    box = gymnasium.spaces.Box(-0.5, 0.5, (2,), dtype=np.float64)
    follower = PlanFollower(Told(path(AROUND)), SPACE, speed=3.0, action_space=box)
    assert np.abs(follower.act({"state": AROUND[0], "goal": AROUND[-1]})).max() == 0.5


@pytest.mark.parametrize("wrong", [{"speed": 0.0}, {"dt": -1.0}, {"goal_radius": -0.1}, {"budget_iterations": -1}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(MalformedInput, match=next(iter(wrong))):
        PlanFollower(Told(path(AROUND)), SPACE, **wrong)


def test_an_observation_without_a_goal_is_refused():
    with pytest.raises(MalformedInput, match="no 'goal'"):
        PlanFollower(Told(path(AROUND)), SPACE).act({"state": AROUND[0]})
