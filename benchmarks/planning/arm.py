"""The Panda among the MotionBenchMaker problems: planned with compiled capsules, and by OMPL with the same ones.

The problems are YAML (Chamzas et al. 2022, "MotionBenchMaker"): boxes and cylinders, one start and one goal in joint
angles each. A problem whose ends our capsules, which are larger than the meshes, find in contact is left out.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import importlib.util
import sys
import tarfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import yaml

from benchmarks.record import record
from plansim.core.solids import Solids, rotation
from plansim.models.panda import panda
from plansim.planning.base import Budget, Problem
from plansim.planning.peers.ompl_peer import OMPL
from plansim.planning.sampling.bit_star import BITStar
from plansim.planning.sampling.rrt_connect import RRTConnect
from plansim.planning.spaces.arm import ArmSpace
from tests.conftest import data_folder

EACH = 10  # problems of a set, from its first on
LIMIT, TOLERANCE = 1.0, 5e-3  # s, of a plan; m, within which a way may be refused


def cell_of(scene: dict) -> Solids:
    boxes, cylinders = [], []
    for thing in scene["world"]["collision_objects"]:
        for shape, pose in zip(thing["primitives"], thing["primitive_poses"], strict=True):
            place, turn, size = np.array(pose["position"], float), pose["orientation"], shape["dimensions"]
            if shape["type"] == "box":
                turn = np.array(turn) / np.linalg.norm(turn)
                boxes.append([*place, *size, *turn])
            elif shape["type"] == "cylinder":  # height, radius
                half = rotation(turn) @ [0.0, 0.0, size[0] / 2]
                cylinders.append([*(place - half), *(place + half), size[1]])
            else:
                raise ValueError(shape["type"])
    return Solids(boxes, cylinders=cylinders)


def ends_of(request: dict) -> tuple[np.ndarray, np.ndarray]:
    names = [f"panda_joint{i}" for i in range(1, 8)]
    told = request["start_state"]["joint_state"]
    start = dict(zip(told["name"], told["position"], strict=True))
    goal = {c["joint_name"]: c["position"] for c in request["goal_constraints"][0]["joint_constraints"]}
    return tuple(np.array([angles[name] for name in names]) for angles in (start, goal))


def problems(archive: Path) -> dict[str, list[Problem]]:
    loader, sets = getattr(yaml, "CSafeLoader", yaml.SafeLoader), {}
    with tarfile.open(archive) as tar:  # in its own order: going back means unpacking from the beginning
        texts = {member.name: tar.extractfile(member).read() for member in tar if member.name.endswith(".yaml")}
    for folder in sorted({str(Path(name).parent) for name in texts}):
        for number in range(1, EACH + 1):
            names = [f"{folder}/{part}{number:04d}.yaml" for part in ("scene", "request")]
            if all(name in texts for name in names):
                scene, request = (yaml.load(texts[name], loader) for name in names)
                problem = Problem(ArmSpace(panda(), cell_of(scene), tolerance=TOLERANCE), *ends_of(request))
                sets.setdefault(Path(folder).name, []).append(problem)
    return sets


def usable(problem: Problem) -> bool:
    low, high = problem.space.low, problem.space.high
    inside = all(((end >= low) & (end <= high)).all() for end in (problem.start, problem.goal))
    return inside and bool(problem.space.is_free(np.stack((problem.start, problem.goal))).all())


def planned(planner, problem: Problem, seed: int) -> tuple[float, float]:
    began = time.perf_counter()
    plan = planner.plan(problem, Budget(seconds=LIMIT), np.random.default_rng(seed))
    spent = time.perf_counter() - began
    if plan.solved:
        # a piece of a free way, asked for by itself, may be refused within the tolerance: so a finer one judges
        judge = ArmSpace(problem.space.arm, problem.space.cell, tolerance=1e-6)
        assert judge.edge_free(plan.states[:-1], plan.states[1:]).all()
    return spent, plan.cost if plan.solved else np.nan


def row(name: str, planner: str, total: int, results: list[tuple[float, float]]) -> dict[str, object]:
    spent, costs = np.array(results).T
    costs = costs[np.isfinite(costs)]
    return {
        "set": name, "planner": planner, "usable": f"{len(results)} of {total}",
        "solved": len(costs), "median ms": float(np.median(spent)) * 1e3,
        "p95 ms": float(np.quantile(spent, 0.95)) * 1e3,
        "median length, rad": float(np.median(costs)) if len(costs) else "",
    }  # fmt: skip


def main() -> None:
    folder, rows = data_folder(), []
    if folder is None:
        sys.exit("real data is absent: set PLANSIM_DATA to its folder")
    planners = {"RRT-Connect": RRTConnect(), "BIT*, 2000 samples": BITStar(max_samples=2000)}
    peer = importlib.util.find_spec("ompl") is not None
    if peer:  # it asks the same kernel whether a motion is free
        planners["OMPL's RRT-Connect"] = OMPL("RRTConnect")
    for name, every in problems(folder / "motionbenchmaker" / "panda_problems.tar.bz2").items():
        kept = [problem for problem in every if usable(problem)]
        if not kept:
            rows.append({"set": name, "usable": f"0 of {len(every)}"})
            continue
        for label, planner in planners.items():
            planned(planner, kept[0], 0)  # compiles
            rows.append(row(name, label, len(every), [planned(planner, p, i) for i, p in enumerate(kept)]))
    note = "" if peer else "OMPL is not installed here."
    record("The Panda's MotionBenchMaker problems", "python benchmarks/planning/arm.py", rows, note)


if __name__ == "__main__":
    main()
