"""Laws of every environment that plansim registers."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import plansim_envs
import pytest
from gymnasium.utils.env_checker import check_env
from plansim_envs.estimation_world import Sampling
from plansim_envs.sensor_field_sensor import FieldSensor

from plansim.core.cell_makers import cluttered_cell
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.road import Road
from plansim.core.shapes import Shapes
from plansim.models.beacon import Beacon
from plansim.models.bicycle import Bicycle
from plansim.models.disturbed import Disturbed
from plansim.models.horizontal import HorizontalPosition
from plansim.models.lidar import Lidar
from plansim.models.linear_sensor import LinearSensor
from plansim.models.point import Point
from plansim.models.point_mass import PointMass
from plansim.models.position import Position
from plansim.models.radar import Radar
from plansim.models.rail_car import rail_car
from plansim.models.range_bearing import RangeBearing
from plansim.models.truck import TruckTrailer
from plansim.models.unicycle import Unicycle
from plansim.testing import _equal, check_vector_env

IDS = [
    spec.id
    for spec in gymnasium.registry.values()
    if spec.namespace == "plansim" and importlib.util.find_spec(plansim_envs.EXTRAS.get(spec.id, "plansim_envs"))
]


def small_map(seed: int = 0) -> OccupancyGrid:
    """A turned room with pillars and an unknown corner."""
    probability = np.zeros((60, 80))
    probability[[0, -1], :] = probability[:, [0, -1]] = 1.0
    for row, column in np.random.default_rng(seed).integers(5, 55, (5, 2)):
        probability[row : row + 3, column : column + 3] = 1.0
    probability[50:, 70:] = 0.5
    return OccupancyGrid(probability, 0.1, (1.0, -2.0, 0.4))


MAP = small_map()
BENDS = Road(points=((0.0, 0.0), (30.0, 0.0), (60.0, 12.0), (90.0, 10.0)), lanes=2, oncoming_lanes=1)
CUBE = Shapes([0, 0, 0], [5, 5, 5], boxes=[[[1, 1, 0], [2, 4, 4]]], balls=[[3.5, 3.5, 2, 0.8]])
TRUCK = [[[-1, -1], [4, -1], [4, 1], [-1, 1]], [[-2, -1], [5, -1], [5, 1], [-2, 1]]]
RAIL = {"position": [[1.0, 0.0]], "speed": [[0.0, 1.0]]}
SENSORS = (
    FieldSensor(reads="range-bearing", top_speed=5.0, field_of_view=1.0, turn_rate=0.2),
    FieldSensor(waypoints=((0.0, 0.0), (50.0, 0.0)), speed=30.0, max_range=400.0),
)
# short episodes, so that many end
SHORT = {
    "plansim/Aircraft-v0": [
        {"max_steps": 12},
        {
            "max_steps": 40, "straight_seconds": (1.0, 3.0), "manoeuvre_seconds": (1.0, 4.0), "acceleration_share": 0.5,
            "sensors": {"position": Position(30.0), "radar": Radar(pose=(-100.0, 0.0, 0.3))},
            "sampling": {"radar": Sampling(every=3, dropout=0.2, outliers=0.1)},
        },
    ],
    "plansim/ArmCell-v0": [{"max_steps": 8, "cell": cluttered_cell(6, seed=2)}],
    "plansim/Coverage-v0": [
        {"map": MAP, "max_steps": 12},
        {"map": MAP, "max_steps": 12, "radius": 0.4, "target": 0.05, "start": (4.0, 1.0, 0.5), "dt": 0.5},
    ],
    "plansim/Engine-v0": [{"max_steps": 12, "sampling": {"outer": Sampling(every=2, dropout=0.5)}}],
    "plansim/DetectionReplay-v0": [
        {"max_steps": 12},
        {"max_steps": 9, "dropped": 0.3, "noise_std": 0.2, "clutter": 2.0},
    ],
    "plansim/GridNavigation-v0": [
        {"map": MAP, "min_distance": 1.0, "max_steps": 12, "lidar": Lidar(beams=5)},
        {
            "map": MAP, "min_distance": 1.0, "max_steps": 9, "lidar": None, "robot": Bicycle(), "reward": "sparse",
            "obstacles": 2, "obstacle_distance": 0.5,
        },
    ],
    "plansim/GridWorld-v0": [{"map": MAP, "max_steps": 12}, {"map": MAP, "max_steps": 12, "sight": 2}],
    "plansim/LandmarkRobot-v0": [
        {"max_steps": 12},
        {
            "max_steps": 25, "max_range": 4.0, "motion": Disturbed(Unicycle(), (0.1, 0.1, 0.02), (0.2, 0.1)),
            "sensors": {"near": RangeBearing((2.0, 0.0)), "far": Beacon((6.0, 0.0))},
        },
    ],
    "plansim/Pendulum-v0": [
        {"max_steps": 12},
        {"max_steps": 25, "start": (3.0, 0.0), "sensors": {"side": HorizontalPosition()}},
    ],
    "plansim/RailCar-v0": [
        {"max_steps": 12},
        {
            "max_steps": 25, "motion": rail_car(drag=0.5), "sampling": {"speed": Sampling(every=3, dropout=0.3)},
            "sensors": {name: LinearSensor(name, row, [[0.1]]) for name, row in RAIL.items()},
        },
    ],
    "plansim/Road-v0": [
        {"max_steps": 12},
        {
            "road": BENDS, "max_steps": 25, "lane": 1, "cars": 3, "spacing": (9.0, 12.0), "oncoming": 3,
            "oncoming_spacing": (10.0, 40.0), "start_speed": 18.0,
        },
    ],
    "plansim/SensorField-v0": [
        {"max_steps": 12, "births": 0.5, "lifetime": 10.0},
        {"max_steps": 9, "traffic": "parallel", "points": 3.0, "sensors": SENSORS},
    ],
    "plansim/Workspace-v0": [
        {"max_steps": 12, "min_distance": 1.0},
        {"max_steps": 9, "world": CUBE, "robot": Point(3), "body": 0.1, "reward": "sparse"},
        {"max_steps": 9, "world": CUBE, "robot": PointMass(3), "body": 0.2, "min_distance": 0.5},
        {
            "max_steps": 9, "world": MAP, "robot": TruckTrailer(0.3, 0.6), "body": 0.1 * np.array(TRUCK),
            "min_distance": 1.0, "goal_angle": 1.0, "goal_radius": 0.5,
        },
    ],
}  # fmt: skip
CASES = [(identity, kwargs) for identity in IDS for kwargs in SHORT.get(identity, [{}])]


def test_all_that_are_listed_are_registered():
    assert set(plansim_envs.IDS) <= {spec.id for spec in gymnasium.registry.values()}


@pytest.mark.parametrize(("identity", "kwargs"), CASES)
def test_many_worlds_are_the_single_ones(identity, kwargs):
    check_vector_env(identity, num_envs=3, steps=40, **kwargs)


@pytest.mark.parametrize("identity", IDS)
def test_gymnasium_finds_nothing_to_complain_of(identity, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # actions are in the robot's own units, not in [-1, 1]
        warnings.filterwarnings("ignore", message=".*we recommend using a symmetric and normalized space.*")
        check_env(gymnasium.make(identity, disable_env_checker=True).unwrapped)
        env = gymnasium.make(identity)
        env.reset(seed=1)
        for _ in range(3):
            env.step(env.action_space.sample())
        env.close()


@pytest.mark.parametrize(("identity", "kwargs"), CASES)
def test_the_same_seed_is_the_same_episode(identity, kwargs):
    def episode():
        env = gymnasium.make(identity, **kwargs)
        env.action_space.seed(0)
        told = [env.reset(seed=5)]
        for _ in range(30):
            told.append(env.step(env.action_space.sample()))
            if told[-1][2] or told[-1][3]:
                told.append(env.reset())
        return told

    _equal(episode(), episode(), "the second run", "the first gives")


@pytest.mark.parametrize(("identity", "kwargs"), CASES)
@pytest.mark.parametrize("form", ["arrays", "json", "npz"])
def test_a_snapshot_continues_bit_for_bit(identity, kwargs, form, tmp_path: Path):
    env = gymnasium.make_vec(identity, 3, **kwargs)
    env.reset(seed=2)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(40)]
    for action in actions[:13]:
        env.step(action)
    snapshot = env.unwrapped.get_state()
    right = [env.step(action) for action in actions[13:]]
    other = gymnasium.make_vec(identity, 3, **kwargs).unwrapped
    other.set_state(_sent(snapshot, form, tmp_path))
    _equal([other.step(action) for action in actions[13:]], right, "from the snapshot", "the run gives")


def _sent(snapshot: dict, form: str, folder: Path) -> dict:
    if form == "json":
        return json.loads(json.dumps({name: array.tolist() for name, array in snapshot.items()}))
    if form == "npz":
        np.savez(folder / "state.npz", **snapshot)
        with np.load(folder / "state.npz") as file:
            return dict(file)
    return snapshot


@pytest.mark.parametrize(("identity", "kwargs"), CASES)
def test_a_single_snapshot_is_a_vector_snapshot_of_one(identity, kwargs):
    single, vector = gymnasium.make(identity, **kwargs).unwrapped, gymnasium.make_vec(identity, 1, **kwargs).unwrapped
    single.reset(seed=4)
    vector.set_state(single.get_state())
    _equal(vector.get_state(), single.get_state(), "the vector's", "the single gives")
    single.set_state(vector.get_state())
    single.step(single.action_space.sample())


@pytest.mark.parametrize(("identity", "kwargs"), CASES)
def test_a_snapshot_that_cannot_be_is_refused(identity, kwargs):
    env = gymnasium.make(identity, **kwargs).unwrapped
    with pytest.raises(gymnasium.error.ResetNeeded, match="not begun"):
        env.get_state()
    env.reset(seed=0)
    before = env.get_state()
    name = list(before)[1]
    nowhere = {"goal": before["goal"] * np.nan} if "goal" in before else {}
    for wrong, says in [
        ({**before, "stepz": np.zeros(1)}, "did you mean 'steps'"),
        ({k: v for k, v in before.items() if k != name}, f"lacks '{name}'"),
        ({**before, "steps": np.zeros(2, dtype=int)}, "has shape"),
        ({**before, "steps": np.array([0.5])}, "consists of float64"),
        ({**before, name: before[name] - 10**6} | nowhere, "snapshot"),
        ({**before, "outcome": np.array([17])}, "outcome"),
    ]:
        with pytest.raises(MalformedInput, match=says):
            env.set_state(wrong)
    _equal(env.get_state(), before, "after refusals", "it was")


@pytest.mark.parametrize("identity", IDS)
def test_the_schema_is_the_dataclass_behind_the_entry_point(identity):
    single = gymnasium.envs.registration.load_env_creator(gymnasium.spec(identity).entry_point)
    vector = gymnasium.envs.registration.load_env_creator(gymnasium.spec(identity).vector_entry_point)
    assert single.parameters is vector.parameters
    assert single.parameters().action_space is not None  # every field has a default
    assert "Action" in single.__doc__
    assert "Reward" in single.__doc__
    assert gymnasium.spec(identity).max_episode_steps is None
    with pytest.raises(MalformedInput, match="did you mean 'max_steps'"):
        gymnasium.make(identity, max_step=3)
    with pytest.raises(MalformedInput, match="has no parameter 'max_episode_steps'"):
        gymnasium.make_vec(identity, 2, max_episode_steps=3)


@pytest.mark.parametrize(("identity", "kwargs"), CASES)
def test_a_picture_needs_no_display(identity, kwargs, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    env = gymnasium.make(identity, render_mode="rgb_array", **kwargs)
    env.reset(seed=0)
    env.action_space.seed(0)  # an action that is all but nothing would not be seen
    before = env.render()
    env.step(env.action_space.sample())
    assert before.dtype == np.uint8
    assert before.shape[2] == 3
    assert not np.array_equal(before, env.render()) or identity == "plansim/GridWorld-v0"
    pictures = gymnasium.make_vec(identity, 2, render_mode="rgb_array", **kwargs)
    pictures.reset(seed=0)
    np.testing.assert_array_equal(pictures.render()[0], before)


def test_making_plansims_environments_loads_no_torch_and_no_window():
    import subprocess
    import sys

    code = (
        "import sys, gymnasium; from plansim_envs import EXTRAS, IDS;"
        "[gymnasium.make(i).reset() for i in IDS if i not in EXTRAS];"
        "print([m for m in ('torch', 'pygame', 'matplotlib', 'mujoco', 'pybullet') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
