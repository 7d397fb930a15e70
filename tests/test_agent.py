"""The agent closes the loop: it arrives where a path exists, goes around what the map does not know, and never lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from plansim.agent import Agent
from plansim.control.grid_moves import GridMoves
from plansim.control.pure_pursuit import PurePursuit
from plansim.core.corridor_maker import twin_corridor
from plansim.core.errors import MalformedInput
from plansim.core.geometry import POSE, between
from plansim.core.grid import OccupancyGrid
from plansim.core.map_files import read_ros_map
from plansim.estimation.localization.monte_carlo import MonteCarloLocalization
from plansim.models.bicycle import Bicycle
from plansim.models.lidar import Lidar
from plansim.models.lidar_likelihood import LikelihoodField
from plansim.models.odometry import WheelOdometry
from plansim.models.unicycle import Unicycle
from plansim.planning.grid.astar import AStar

LIDAR = Lidar(beams=60)
ODOMETRY = WheelOdometry()


def hall(wall=True):
    """A hall of 10 m x 6 m; a wall with two gaps of 1.4 m in its middle."""
    cells = np.zeros((120, 200))
    cells[[0, -1], :] = cells[:, [0, -1]] = 1
    cells[100:, 20:28] = cells[:10, 150:160] = 1
    if wall:
        cells[:, 98:102] = 1
        cells[20:48, 98:102] = cells[72:100, 98:102] = 0
    return OccupancyGrid(cells, resolution=0.05)


def with_disc(grid, x, y, radius=0.35):
    rows, columns = np.indices(grid.shape)
    centres = grid.points(np.stack([rows, columns], axis=-1))
    return grid.with_cells(np.hypot(centres[..., 0] - x, centres[..., 1] - y) < radius, 1.0)


def agent_for(grid, robot=Unicycle(), **settings):
    estimator, sensor = MonteCarloLocalization(grid, ODOMETRY, particles=500), LikelihoodField(grid, LIDAR)
    return Agent(AStar(), PurePursuit(robot), grid, estimator, sensor, **settings)


def drive(agent, world, start, goal, steps=400, seed=0, change=None, lidar=LIDAR):
    """Runs the agent in a world that its map may not know; `change(step)` gives another world. True poses (T, 3)."""
    rng, robot = np.random.default_rng(seed), agent.controller.robot
    state = np.array([*start, 0.0]) if len(robot.state) == 4 else np.array(start, dtype=float)
    told, odometry = POSE.add(state[:3], np.array([0.1, 0.1, 0.05]) * rng.standard_normal(3)), np.zeros(3)
    agent.reset(seed)
    poses = [state[:3]]
    for step in range(steps):
        world = (change and change(step)) or world
        ranges = lidar.scan(world, state, rng)
        action = agent.act({"lidar": ranges, "odometry": odometry, "goal": np.asarray(goal), "start": told})
        after = robot.step(state, action, agent.dt)
        increment = between(state[:3], after[:3])
        odometry = increment + ODOMETRY.increment_std(increment) * rng.standard_normal(3)
        state = after
        poses.append(POSE.wrap(state[:3]))
        if np.hypot(*(state[:2] - goal)) < 0.25:
            break
    return np.array(poses)


def clearance(world, poses):
    return world.distance(poses).min() - 0.5 * world.resolution


@pytest.mark.parametrize("robot", [Unicycle(), Bicycle(wheelbase=0.4)], ids=["unicycle", "bicycle"])
def test_it_arrives_without_touching_a_wall(robot):
    grid = hall()
    for seed in range(3):
        agent = agent_for(grid, robot)
        poses = drive(agent, grid, [2.0, 3.0, 0.0], [8.0, 3.0], seed=seed)
        assert np.hypot(*(poses[-1, :2] - [8.0, 3.0])) < 0.3
        assert clearance(grid, poses) > agent.radius
        assert agent.metrics()["plans_failed"] == 0
        assert np.hypot(*(agent.trace()["pose"] - poses[-2])[:2]) < 0.1


def test_it_arrives_on_the_depot_map(data):
    grid = read_ros_map(data / "ros/depot.yaml")
    agent = agent_for(grid)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        start, goal = grid.random_free_points(rng, 2, clearance=0.6)
        poses = drive(agent, grid, [*start, rng.uniform(-3, 3)], goal, steps=600, seed=seed)
        assert np.hypot(*(poses[-1, :2] - goal)) < 0.3
        assert clearance(grid, poses) > agent.radius


def test_it_goes_around_an_obstacle_that_the_map_does_not_know():
    grid = hall(wall=False)
    world, agent = with_disc(grid, 5.0, 3.0), agent_for(grid)
    for seed in range(4):
        poses = drive(agent, world, [2.0, 3.0, 0.0], [8.0, 3.0], seed=seed)
        assert np.hypot(*(poses[-1, :2] - [8.0, 3.0])) < 0.3
        assert clearance(world, poses) > agent.radius - 0.02
        assert agent.metrics()["plans"] > 1
        seen = agent.trace()["obstacles"]
        assert np.hypot(*(seen - [5.0, 3.0]).T).max() < 0.6


def test_where_a_door_is_closed_it_takes_the_other_one():
    grid = hall()
    for closed, other in (((34, 1.7), 4.3), ((86, 4.3), 1.7)):
        y = closed[1]
        rows = slice(20, 48) if y < 3 else slice(72, 100)
        mask = np.zeros(grid.shape, dtype=bool)
        mask[rows, 98:102] = True
        agent, world = agent_for(grid), grid.with_cells(mask, 1.0)
        poses = drive(agent, world, [2.0, y, 0.0], [8.0, y])
        crossing = poses[np.argmin(np.abs(poses[:, 0] - 5.0)), 1]
        assert np.hypot(*(poses[-1, :2] - [8.0, y])) < 0.3
        assert abs(crossing - other) < 0.8


def test_where_the_only_way_is_blocked_it_waits_until_it_is_free_again():
    grid = hall()
    only = np.zeros(grid.shape, dtype=bool)
    only[72:100, 98:102] = True
    grid = grid.with_cells(only, 1.0)
    blocked = with_disc(grid, 5.0, 1.7, radius=0.5)
    agent = agent_for(grid)
    poses = drive(agent, blocked, [2.0, 1.7, 0.0], [8.0, 1.7], change=lambda step: grid if step == 120 else None)
    metrics = agent.metrics()
    assert metrics["blocked_steps"] > 20
    assert metrics["plans_failed"] > 1
    assert np.ptp(poses[90:120, :2], axis=0).max() < 0.02
    assert np.hypot(*(poses[-1, :2] - [8.0, 1.7])) < 0.3


def test_noise_and_small_errors_of_the_pose_make_no_ghosts():
    grid = hall()
    agent = agent_for(grid)
    drive(agent, grid, [2.0, 3.0, 0.0], [8.0, 3.0])
    assert len(agent.trace()["obstacles"]) == 0
    assert agent.metrics()["plans"] == 1


def test_an_unreachable_goal_is_a_failed_plan_and_the_robot_stands_still():
    closed = hall()
    mask = np.zeros(closed.shape, dtype=bool)
    mask[:, 98:102] = True
    grid = closed.with_cells(mask, 1.0)
    for goal in ([8.0, 3.0], [5.0, 3.0]):  # beyond the wall, in the wall
        agent = agent_for(grid)
        poses = drive(agent, grid, [2.0, 3.0, 0.0], goal, steps=30)
        metrics = agent.metrics()
        assert metrics["plans_failed"] == metrics["plans"] == 1
        assert metrics["blocked_steps"] == 30
        assert metrics["plan_cost"] == np.inf
        assert np.ptp(poses, axis=0).max() == 0.0


def test_a_start_that_is_too_near_a_wall_is_left():
    grid = hall()
    agent = agent_for(grid)
    poses = drive(agent, grid, [2.0, 0.36, 0.0], [8.0, 3.0])
    assert np.hypot(*(poses[-1, :2] - [8.0, 3.0])) < 0.3


def test_a_goal_in_a_narrow_place_is_reached():
    grid = hall()
    agent = agent_for(grid)
    poses = drive(agent, grid, [2.0, 3.0, 0.0], [9.63, 5.0])  # 0.32 m from the wall, less than radius and margin
    assert np.hypot(*(poses[-1, :2] - [9.63, 5.0])) < 0.3


def test_a_new_goal_is_a_new_plan():
    grid = hall()
    agent = agent_for(grid)
    agent.reset(0)
    observation = {"lidar": LIDAR.scan(grid, np.array([2.0, 3.0, 0.0])), "odometry": np.zeros(3)}
    observation["start"] = np.array([2.0, 3.0, 0.0])
    for goal, plans in (([8.0, 3.0], 1), ([8.0, 3.0], 1), ([3.0, 3.0], 2)):
        agent.act(observation | {"goal": np.array(goal)})
        assert agent.metrics()["plans"] == plans


def stranger(grid, lidar=LIDAR, **settings):
    """An agent that is not told where it starts."""
    estimator, sensor = MonteCarloLocalization(grid, ODOMETRY), LikelihoodField(grid, lidar, independence=0.3)
    return Agent(AStar(), PurePursuit(Unicycle()), grid, estimator, sensor, start_known=False, **settings)


def test_where_it_does_not_know_its_start_the_first_scan_may_tell():
    grid = hall()
    agent = stranger(grid)
    poses = drive(agent, grid, [2.0, 1.5, 1.0], [8.0, 3.0], steps=500, seed=1)
    assert agent.metrics()["lost_steps"] == 0
    assert np.hypot(*(poses[-1, :2] - [8.0, 3.0])) < 0.3


def test_where_two_places_look_alike_it_looks_around_then_drives_and_finds_out():
    """From the middle of a corridor that is its own image, half of the robots at first drive the wrong way."""
    grid, lidar, turned_round = twin_corridor(tell=8.0), Lidar(beams=60, max_range=4.0), []
    for seed in range(6):
        agent = stranger(grid, lidar, sure_from=0.8, look_around=2.0)
        poses = drive(agent, grid, [0.3, 0.1, 0.0], [9.0, 0.0], steps=700, seed=seed, lidar=lidar)
        lost = agent.metrics()["lost_steps"]
        assert 20 <= lost < 60
        assert np.ptp(poses[:20, :2], axis=0).max() == 0.0
        assert np.hypot(*(poses[-1, :2] - [9.0, 0.0])) < 0.3
        turned_round.append(poses[:, 0].min() < -1.0)
    assert 0 < sum(turned_round) < 6


def test_when_it_is_carried_off_it_finds_itself_and_plans_anew():
    grid = hall()
    agent = stranger(grid)
    drive(agent, grid, [2.0, 3.0, 0.0], [8.0, 3.0], steps=15)
    plans, reset = agent.metrics()["plans"], agent.reset
    agent.reset = lambda seed: None  # it goes on, elsewhere
    poses = drive(agent, grid, [8.0, 5.0, 2.0], [8.0, 2.0], steps=200)
    agent.reset = reset
    assert np.hypot(*(poses[-1, :2] - [8.0, 2.0])) < 0.3
    assert agent.metrics()["plans"] > plans


def test_the_same_seed_gives_the_same_drive_and_another_seed_another():
    grid, agent = hall(), agent_for(hall())
    first, second = (drive(agent, grid, [2.0, 3.0, 0.0], [8.0, 3.0], steps=60, seed=4) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, drive(agent, grid, [2.0, 3.0, 0.0], [8.0, 3.0], steps=60, seed=5))


@dataclass(frozen=True)
class CountingSensor:
    """A likelihood field that counts how often it is asked."""

    field: LikelihoodField
    asked: list

    def log_likelihood(self, ranges, poses):
        self.asked.append(1)
        return self.field.log_likelihood(ranges, poses)


@pytest.mark.parametrize(("increment", "updates"), [((0.0, 0.0), 1), ((0.05, 0.0), 6), ((0.0, 0.05), 6)])
def test_it_looks_again_only_after_it_has_moved(increment, updates):
    grid, asked = hall(), []
    sensor = CountingSensor(LikelihoodField(grid, LIDAR), asked)
    estimator = MonteCarloLocalization(grid, particles=100, search_above=1.0)
    agent = Agent(AStar(), PurePursuit(Unicycle()), grid, estimator, sensor)
    agent.reset(0)
    odometry, ranges = np.array([increment[0], 0.0, increment[1]]), LIDAR.scan(grid, np.array([2.0, 3.0, 0.0]))
    for _ in range(11):
        agent.act({"lidar": ranges, "odometry": odometry, "goal": np.ones(2), "start": np.array([2.0, 3.0, 0.0])})
    assert len(asked) == updates


def test_in_a_world_of_cells_it_walks_the_planners_path():
    rng = np.random.default_rng(0)
    grid = OccupancyGrid(np.pad(rng.random((30, 40)) < 0.2, 1, constant_values=True).astype(float))
    start, goal = (grid.points(cell) for cell in np.argwhere(grid.free)[[3, -3]])
    agent, place, length = Agent(AStar(), GridMoves(), grid), start, 0.0
    agent.reset(0)
    for _ in range(200):
        k = agent.act({"state": place, "goal": goal})
        step = np.array([(1, 1, 0, -1, -1, -1, 0, 1)[k], (0, 1, 1, 1, 0, -1, -1, -1)[k]])
        place, length = place + step, length + np.hypot(*step)
        assert grid.is_free(place)
        if np.array_equal(place, goal):
            break
    assert np.array_equal(place, goal)
    assert length == pytest.approx(agent.metrics()["plan_cost"])
    assert agent.metrics()["plans"] == 1


def test_in_a_world_of_cells_a_failed_plan_is_a_valid_move():
    cells = np.zeros((3, 9))
    cells[:, 4] = 1
    agent = Agent(AStar(), GridMoves(), OccupancyGrid(cells))
    for _ in range(3):
        assert agent.act({"state": np.array([1.5, 1.5]), "goal": np.array([7.5, 1.5])}) in range(8)
    assert agent.metrics()["plans_failed"] == agent.metrics()["plans"] == 1


def test_its_trace_says_what_it_believes():
    grid = hall()
    agent = agent_for(grid)
    drive(agent, grid, [2.0, 3.0, 0.0], [8.0, 3.0], steps=5)
    trace = agent.trace()
    shapes = {key: np.shape(value) for key, value in trace.items()}
    assert shapes["pose"] == (3,)
    assert shapes["cov"] == (3, 3)
    assert shapes["particles"] == (100, 3)
    assert shapes["obstacles"] == (0, 2)
    assert trace["path"][-1].tolist() == [8.0, 3.0]


def test_agents_of_one_map_share_its_inflated_copy():
    from plansim.planning.route import _space

    grid = hall()
    assert _space(grid, 0.35) is _space(grid, 0.35)


def test_an_estimator_without_its_sensor_is_refused():
    with pytest.raises(MalformedInput, match="sensor"):
        Agent(AStar(), PurePursuit(Unicycle()), hall(), MonteCarloLocalization(hall()))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"radius": -0.1}, "radius"), ({"dt": 0.2}, "that of the controller"), ({"start_std": (0.1, 0.1)}, "start_std")],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(MalformedInput, match=message):
        agent_for(hall(), **settings)


def test_on_a_turned_map_the_moves_must_be_turned_as_well():
    turned = OccupancyGrid(np.zeros((9, 9)), origin=(3.0, -2.0, 0.7))
    with pytest.raises(MalformedInput, match=r"heading 0.0, but the map 0.7 rad"):
        Agent(AStar(), GridMoves(), turned)
    agent = Agent(AStar(), GridMoves(heading=0.7), turned)
    assert agent.act({"state": turned.points([2, 2]), "goal": turned.points([5, 5])}) == 1


@pytest.mark.parametrize("heading", [0.0, 0.7])
def test_the_clearance_is_that_of_the_disc_from_the_cells(heading):
    rng = np.random.default_rng(0)
    grid = OccupancyGrid((rng.random((60, 60)) < 0.01).astype(float), resolution=0.1, origin=(3.0, -2.0, heading))
    edge = np.linspace(-0.5, 0.5, 41)
    outline = [
        np.stack([a, b], -1) for side in (-0.5, 0.5) for a, b in ((edge, 0 * edge + side), (0 * edge + side, edge))
    ]
    edges = grid.points(np.argwhere(grid.occupied)[:, None] + np.concatenate(outline)).reshape(-1, 2)
    agent = agent_for(grid, radius=0.0)
    for point in grid.random_free_points(rng, 200):
        nearest = np.hypot(*(edges - point).T).min()
        found = agent._clearance(np.array([*point, 0.3]))
        assert found == pytest.approx(nearest, abs=0.01) if nearest < 1.0 else 1.0 - 0.15 < found <= nearest


def test_where_nothing_explains_what_it_sees_it_does_not_drive():
    grid = hall()
    agent = agent_for(grid)
    agent.reset(0)
    ranges = LIDAR.scan(grid, np.array([2.0, 3.0, 0.0]))
    told = {"start": np.array([-50.0, 3.0, 0.0]), "goal": np.array([8.0, 3.0])}  # off the map
    action = agent.act({"lidar": ranges, "odometry": np.zeros(3), **told})
    assert action[0] == 0.0
    assert agent.metrics()["lost_steps"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"odometry": None}, "no 'odometry'; did you mean 'odometri'"),
        ({"odometry": np.array([np.nan, 0.0, 0.0])}, "'odometry' is"),
        ({"goal": np.array([np.inf, 0.0])}, "'goal' is"),
    ],
)
def test_an_observation_that_cannot_be_meant_is_refused(change, message):
    observation = {"lidar": np.ones(60), "odometry": np.zeros(3), "goal": np.ones(2), "start": np.ones(3)} | change
    if observation["odometry"] is None:
        observation["odometri"] = observation.pop("odometry")
    with pytest.raises(MalformedInput, match=message):
        agent_for(hall()).act(observation)


def test_off_its_path_it_plans_anew_but_not_at_every_step():
    agent, nothing = agent_for(hall(), replan_every=0.45), np.full(60, 10.0)
    told = {"lidar": nothing, "start": np.array([2.0, 2.0, 0.0]), "goal": np.array([8.0, 3.0])}
    agent.reset(0)
    plans = []
    for step in range(7):
        agent.act({"odometry": np.array([0.0, 0.6 * (step == 1), 0.0]), **told})  # slips to the left
        plans.append(agent.metrics()["plans"])
    assert plans == [1, 1, 1, 1, 1, 2, 2]


@dataclass
class Recorder:
    """A controller that keeps what it is given."""

    robot: Bicycle
    seen: dict | None = None

    def reset(self, seed=None):
        self.seen = None

    def act(self, observation):
        self.seen = observation
        return np.zeros(2)


def test_a_car_knows_its_speed_by_its_wheels():
    grid = hall()
    agent = Agent(AStar(), Recorder(Bicycle()), grid, MonteCarloLocalization(grid), LikelihoodField(grid, LIDAR))
    agent.reset(0)
    told = {"lidar": np.full(60, 10.0), "start": np.array([2.0, 2.0, 0.0]), "goal": np.array([8.0, 3.0])}
    for speed in (0.0, 0.5, -0.3):
        agent.act({"odometry": np.array([speed * agent.dt, 0.0, 0.0]), **told})
        assert agent.controller.seen["state"][3] == pytest.approx(speed)
