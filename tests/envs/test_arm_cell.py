"""The arm in its cell, against PyBullet itself."""

from __future__ import annotations

import sys

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401  # registers
import pytest

from plansim.core.cell_makers import cluttered_cell
from plansim.core.errors import MalformedInput, MissingExtra
from plansim.core.solids import Solids
from plansim.models.kuka import kuka_iiwa
from plansim.planning.base import Budget, Problem
from plansim.planning.sampling.rrt_connect import RRTConnect
from plansim.planning.spaces.arm import ArmSpace
from plansim.planning.spaces.joints import JointSpace

pytest.importorskip("pybullet")

from plansim_envs.arm_bullet import pixels_of, simulator
from plansim_envs.arm_collision import PyBulletArm

ID = "plansim/ArmCell-v0"
CLUTTER = cluttered_cell(12, seed=1)
CELL = Solids(CLUTTER.boxes, CLUTTER.balls, CLUTTER.cylinders, [[0.3, 0.4, 0.8, 0.5, 0.6, 1.0, 0.05]])


def postures(count, seed=0):
    arm = kuka_iiwa()
    return np.random.default_rng(seed).uniform(arm.low, arm.high, (count, 7))


def test_every_link_is_where_pybullet_has_it():
    for q in postures(50):
        np.testing.assert_allclose(kuka_iiwa().link_poses(q)[1:, :3, 3], simulator(CELL).link_positions(q), atol=1e-6)


def test_capsules_are_never_free_where_pybullet_finds_a_contact_and_seldom_hit_where_it_finds_none():
    q = postures(600)
    by_capsules, by_meshes = ArmSpace(kuka_iiwa(), CELL).is_free(q), PyBulletArm(CELL).is_free(q)
    assert not (by_capsules & ~by_meshes).any()
    assert 0.2 < by_meshes.mean() < 0.9
    assert (by_meshes & ~by_capsules).sum() < 0.1 * by_meshes.sum()


def test_capsules_contain_the_hulls_of_the_meshes():
    import os

    import pybullet_data

    arm, rng = kuka_iiwa(), np.random.default_rng(0)
    record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("rest", "<u2")])
    for link in range(8):
        path = os.path.join(pybullet_data.getDataPath(), "kuka_iiwa", "meshes", f"link_{link}.stl")
        points = np.fromfile(path, dtype=record, offset=84)["corners"].reshape(-1, 3).astype(float)
        triples = points[rng.integers(len(points), size=(4000, 3))]
        inside = np.einsum("nk,nkc->nc", rng.dirichlet(np.full(3, 0.4), 4000), triples)
        own = arm.capsules[arm.capsules[:, 0] == link, 1:]
        assert (Solids(capsules=own).distance(np.concatenate((points, inside))) == 0).all()


def test_the_space_asks_pybullet_by_itself_as_obstacles_and_as_is_free():
    judge = PyBulletArm(CELL, check_every=0.1)
    free = [q for q in postures(30, seed=3) if judge.is_free(q)]
    start, goal = next((a, b) for a in free for b in free if not judge.edge_free(a, b))
    limits = JointSpace(judge.low, judge.high)
    for problem in (
        Problem(judge, start, goal),
        Problem(JointSpace(judge.low, judge.high, obstacles=judge), start, goal),
        Problem(limits, start, goal, is_free=judge),
    ):
        plan = RRTConnect(check_every=0.1).plan(problem, Budget(iterations=500))
        assert plan.solved
        assert judge.is_free(plan.states).all()


def test_what_came_before_does_not_change_what_pybullet_says():
    q = postures(40)
    once = PyBulletArm(CELL).is_free(q)
    np.testing.assert_array_equal(PyBulletArm(CELL).is_free(q[::-1])[::-1], once)
    assert simulator(CELL) is simulator(Solids(CELL.boxes, CELL.balls, CELL.cylinders, CELL.capsules))


def test_the_arm_stops_before_what_it_hits_and_arrives_where_it_is_sent():
    wall = Solids(boxes=[[0.0, 0.7, 0.5, 0.4, 0.02, 1.0]])
    down = (0.0, 1.4, 0.0, 0.0, 0.0, 0.0, 0.0)
    there = (1.0, 1.4, 0.0, 0.0, 0.0, 0.0, 0.0)
    env = gymnasium.make(ID, cell=wall, start=down, goal=there)
    env.reset(seed=0)
    action = np.array([1.0, 0, 0, 0, 0, 0, 0])
    ends = [env.step(action) for _ in range(10)]
    assert ends[-1][2]
    assert ends[-1][4]["outcome"] == "arrived"
    env.reset(seed=0)
    ends = []
    while not (ends and ends[-1][2]):
        ends.append(env.step(action))
    state, info = ends[-1][0]["state"], ends[-1][4]
    assert info["outcome"] == ("arrived" if len(ends) == 10 else "collision")
    env = gymnasium.make(ID, cell=wall, start=down, goal=(2.9, *down[1:]))
    env.reset(seed=0)
    while True:
        observation, reward, terminated, _, info = env.step(action)
        if terminated:
            break
    state = observation["state"]
    assert info["outcome"] == "collision"
    assert reward < -9
    judge = PyBulletArm(wall)
    assert judge.is_free(state)
    assert not judge.is_free(state + 0.03 * action)


def test_drawn_ends_are_free_roomy_and_obstructed():
    env = gymnasium.make(ID, cell=CELL, obstructed=True, clearance=0.05)
    judge, space = PyBulletArm(CELL), ArmSpace(kuka_iiwa(), CELL)
    for seed in range(3):
        observation, _ = env.reset(seed=seed)
        ends = np.stack((observation["state"], observation["goal"]))
        assert judge.is_free(ends).all()
        assert space.is_free(ends).all()
        assert not judge.edge_free(*ends)


def test_pictures_show_the_tool_where_the_camera_sees_it():
    q = np.array([0.5, 0.6, 0.0, -0.8, 0.0, 0.5, 0.0])
    arm, empty = kuka_iiwa(), Solids()
    without = simulator(empty).picture(-q)
    changed = (simulator(empty).picture(q) != without).any(-1)
    column, row = pixels_of(arm.link_poses(q)[-1, :3, 3]).round().astype(int)
    assert changed[row - 2 : row + 3, column - 2 : column + 3].any()
    assert 0.005 < changed.mean() < 0.3


def test_without_pybullet_the_answer_is_how_to_install_it(monkeypatch):
    from plansim_envs import arm_bullet

    monkeypatch.setitem(sys.modules, "pybullet", None)
    arm_bullet.pybullet.cache_clear()
    with pytest.raises(MissingExtra, match=r"pip install 'plansim\[pybullet\]'"):
        gymnasium.make(ID, cell=Solids(balls=[[1, 1, 1, 0.123]]))
    arm_bullet.pybullet.cache_clear()


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"start": (0.0,) * 6}, "7 angles"),
        ({"start": (0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0)}, "7 angles"),
        ({"cell": Solids(balls=[[0, 0, 1.0, 0.3]]), "start": (0.0,) * 7}, "touches something"),
        ({"cell": Solids(balls=[[0, 0, 0.6, 1.3]])}, "ease the cell"),
        ({"clearance": -1.0}, "clearance"),
    ],
)
def test_what_cannot_be_meant_is_refused(parameters, says):
    with pytest.raises(MalformedInput, match=says):
        gymnasium.make(ID, **parameters).reset(seed=0)
