"""Environment steps a second: one world beside Pendulum-v1, and many beside SyncVectorEnv, in the same run."""

from __future__ import annotations

import functools
import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401 - registers the environments

from benchmarks.pendulum import ARRAY, PARTS, check_equal
from benchmarks.record import record
from plansim.core.map_makers import warehouse
from plansim.models.lidar import Lidar
from plansim.testing import check_vector_env

NAVIGATION, GRID = "plansim/GridNavigation-v0", "plansim/GridWorld-v0"
REPEATS = 7


def main() -> None:
    grid = warehouse()
    check_vector_env(NAVIGATION, map=grid, lidar=Lidar(beams=36), max_steps=20, steps=60)  # equal answers first
    check_vector_env(GRID, map=grid, max_steps=20, steps=60)
    check_vector_env(ARRAY, max_steps=20, steps=60)
    check_vector_env(PARTS, max_steps=20, steps=60)
    check_equal()
    command = "python benchmarks/environments.py"
    record(
        "The views alone: Pendulum-v1 written as a World", command, pendulums(),
        "Equal work: the World of benchmarks/pendulum.py takes the steps of Pendulum-v1, and is held against it. "
        "Target N5: one world ≥ 4× Pendulum-v1, 1,024 worlds ≥ 8 M steps/s.",
    )  # fmt: skip
    record(
        "One environment through gymnasium.make", command, singles(grid),
        "Each Pendulum figure was taken right beside its row.",
    )  # fmt: skip
    record(
        "Many environments through gymnasium.make_vec", command, vectors(grid),
        "NextStep autoreset, GridNavigation in the warehouse. SyncVectorEnv runs the same single environments.",
    )  # fmt: skip


def pendulums() -> list[dict]:
    rows = []
    for name, identity in {"an array": ARRAY, "a dict": PARTS}.items():
        for worlds in (1, 1024):
            if worlds == 1:
                envs, rate = [gymnasium.make(identity), gymnasium.make("Pendulum-v1")], single_rate
            else:
                envs, rate = [gymnasium.make_vec(i, worlds) for i in (identity, "Pendulum-v1")], vector_rate
            mine, theirs = in_turn([functools.partial(rate, env) for env in envs])
            rows.append(
                {
                    "observation": name, "worlds": worlds, "steps/s": mine, "Pendulum-v1 steps/s": theirs,
                    "ratio": mine / theirs,
                }
            )  # fmt: skip
    return rows


def singles(grid) -> list[dict]:
    cases = {"GridNavigation, no lidar": (NAVIGATION, {"map": grid, "lidar": None})}
    for beams in (36, 360, 1080):
        cases[f"GridNavigation, {beams} beams"] = NAVIGATION, {"map": grid, "lidar": Lidar(beams=beams)}
    cases["GridWorld"] = GRID, {"map": grid}
    rows = []
    for name, (identity, kwargs) in cases.items():
        ours, peer = gymnasium.make(identity, **kwargs), gymnasium.make("Pendulum-v1")
        mine, theirs = in_turn([lambda e=ours: single_rate(e), lambda e=peer: single_rate(e)])
        rows.append({"environment": name, "steps/s": mine, "Pendulum-v1 steps/s": theirs, "ratio": mine / theirs})
    return rows


def vectors(grid) -> list[dict]:
    rows = []
    for beams in (0, 36, 360, 1080):
        kwargs = {"map": grid, "lidar": Lidar(beams=beams) if beams else None}
        for worlds in (1, 64, 1024):
            ours = gymnasium.make_vec(NAVIGATION, worlds, **kwargs)
            peer = gymnasium.make_vec(NAVIGATION, worlds, vectorization_mode="sync", **kwargs)
            mine, theirs = in_turn([lambda e=ours: vector_rate(e), lambda e=peer: vector_rate(e)])
            rows.append(
                {"beams": beams, "worlds": worlds, "steps/s": mine, "SyncVectorEnv": theirs, "ratio": mine / theirs}
            )
            peer.close()
    return rows


def in_turn(measures: list[Callable[[], float]]) -> list[float]:
    """The median of each, measured in turn, so that the machine's load falls on all alike."""
    for measure in measures:
        measure()
    rates = [[measure() for measure in measures] for _ in range(REPEATS)]
    return [statistics.median(column) for column in zip(*rates, strict=True)]


def single_rate(env: gymnasium.Env, seconds: float = 0.2) -> float:
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(64)]
    steps, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        steps += len(actions)
    return steps / (time.perf_counter() - began)


def vector_rate(envs: gymnasium.vector.VectorEnv, seconds: float = 0.2) -> float:
    envs.reset(seed=0)
    envs.action_space.seed(0)
    actions = [np.array(envs.action_space.sample()) for _ in range(8)]
    steps, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        envs.step(actions[steps % len(actions)])
        steps += 1
    return steps * envs.num_envs / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
