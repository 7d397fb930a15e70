"""Hybrid A* with its tails: nav2's sandbox and other maps, the demo of PythonRobotics, and a truck in a yard.

PYTHONROBOTICS=<its checkout> runs that demo beside us; without it, the peer's time is the one quoted in the table.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from benchmarks.record import record
from plansim.core.grid import OccupancyGrid
from plansim.core.parking_maps import truck_yard
from plansim.core.ros_map import read_ros_map
from plansim.models.car import Car
from plansim.planning.base import Budget, Problem
from plansim.planning.car.hybrid_astar import HybridAStar
from plansim.planning.car.space import CarSpace
from plansim.planning.car.truck_hybrid_astar import TruckHybridAStar
from plansim.planning.car.truck_space import TruckSpace
from tests.conftest import data_folder

QUOTED = 1568.0  # ms, PythonRobotics' demo, Python 3.11, two shared cores
SMALL = ((-0.1, -0.15), (0.35, -0.15), (0.35, 0.15), (-0.1, 0.15)), 0.4  # outline, turning radius in metres
MIDDLE = ((-0.2, -0.2), (0.45, -0.2), (0.45, 0.2), (-0.2, 0.2)), 0.6
LARGE = ((-0.3, -0.3), (0.9, -0.3), (0.9, 0.3), (-0.3, 0.3)), 1.2
MAPS = (
    ("tb3_sandbox", SMALL, 1000),
    ("tb3_sandbox", MIDDLE, 1000),
    ("depot", LARGE, 300),
    ("smoothers_world", LARGE, 300),
)


def main() -> None:
    folder = data_folder()
    if folder is None:
        sys.exit("the maps are absent: set PLANSIM_DATA to the folder that holds ros/")
    rows = [on_map(folder / "ros" / f"{name}.yaml", *robot, count) for name, robot, count in MAPS]
    rows += [demo(), trucks(60)]
    note = (
        "Random poses, free for the whole body, 72 headings, cells of the map's size; distance fields ready, all else "
        "included. `no path`: pairs that no search could join, walls between them or wedged in. Every path is checked: "
        "the controls, played through the model's step, end in the goal within 1e-6, and all arcs are free. "
        f"The demo's peer: {'run here' if 'PYTHONROBOTICS' in os.environ else 'quoted, not run here'}."
    )
    record("Hybrid A*", "python benchmarks/planning/hybrid_astar.py", rows, note)


def on_map(path: Path, outline, radius: float, count: int) -> dict[str, object]:
    planner = HybridAStar(robot=Car(wheelbase=radius * np.tan(0.6)), speed=0.25)
    space = CarSpace(read_ros_map(path), outline, planner.turning_radius)
    rng, ends = np.random.default_rng(0), np.empty((0, 3))
    while len(ends) < 2 * count:
        some = space.sample(rng, 100_000)
        ends = np.concatenate((ends, some[space.is_free(some)]))
    pairs = ends[: 2 * count].reshape(-1, 2, 3)
    rows, columns = space.map.shape
    return row(f"{path.stem} {rows}×{columns}, radius {radius} m", planner, space, pairs, 1e-6)


def trucks(count: int) -> dict[str, object]:
    space, planner, rng = TruckSpace(truck_yard(seed=1)), TruckHybridAStar(), np.random.default_rng(0)
    some = space.sample(rng, 50_000)
    starts = some[space.is_free(some)][:count]
    dock = np.array([21.4, 33.2, -np.pi / 2, -np.pi / 2])
    return row("truck into a dock", planner, space, np.stack((starts, np.tile(dock, (count, 1))), axis=1), 1e-5)


def row(name: str, planner, space, pairs, tolerance: float) -> dict[str, object]:
    planner.plan(Problem(space, *pairs[0]))
    milliseconds, solved, ratios = [], 0, []
    for start, goal in pairs:
        began = time.perf_counter()
        plan = planner.plan(Problem(space, start, goal), Budget(seconds=20.0))
        milliseconds.append(1e3 * (time.perf_counter() - began))
        solved += plan.solved
        if plan.solved:
            ratios.append(plan.cost / max(plan.lower_bound, 1e-9))
            verify(planner, space, plan, goal, tolerance)
    p95, worst = np.percentile(milliseconds, [95, 100])
    print(name, solved, file=sys.stderr, flush=True)
    return {
        "problem": name, "pairs": len(pairs), "solved": solved, "no path": len(pairs) - solved,
        "median ms": float(np.median(milliseconds)), "p95 ms": float(p95), "worst ms": float(worst),
        "cost / bound": float(np.median(ratios)),
    }  # fmt: skip


def verify(planner, space, plan, goal, tolerance: float) -> None:
    x = plan.states[0]
    for u in plan.controls:
        x = planner.robot.step(x, u, planner.dt)
    assert np.abs(planner.robot.state.difference(x, goal)).max() <= tolerance
    assert space.edge_free(plan.states[:-1], plan.states[1:]).all()


def demo() -> dict[str, object]:
    """The demo's world: 60 x 60 m, two walls of 40 m, a car of 4.3 x 2 m."""
    cells = np.zeros((122, 122))
    cells[[0, 0, -1, -1]], cells[:, [0, -1]] = 1, 1
    cells[:81, 40], cells[41:, 80] = 1, 1
    planner = HybridAStar(robot=Car(wheelbase=3.0), cell_size=2.0, heading_bins=24)
    outline = ((-1.0, -1.0), (3.3, -1.0), (3.3, 1.0), (-1.0, 1.0))
    space = CarSpace(OccupancyGrid(cells, 0.5, (-0.25, -0.25, 0.0)), outline, planner.turning_radius)
    ends = np.array([[10.0, 10.0, np.pi / 2], [50.0, 50.0, -np.pi / 2]])
    found = row("PythonRobotics' demo", planner, space, np.tile(ends, (50, 1, 1)), 1e-6)
    theirs = peer(ends) if "PYTHONROBOTICS" in os.environ else QUOTED
    return found | {"PythonRobotics ms": theirs, "× PythonRobotics": theirs / float(found["median ms"])}  # type: ignore[arg-type]


def peer(ends) -> float:
    sys.path[:0] = [os.environ["PYTHONROBOTICS"], f"{os.environ['PYTHONROBOTICS']}/PathPlanning/HybridAStar"]
    from PathPlanning.HybridAStar.hybrid_a_star import hybrid_a_star_planning  # type: ignore[import-not-found]

    edge = [(i, 0.0) for i in range(60)] + [(60.0, i) for i in range(60)]
    edge += [(i, 60.0) for i in range(61)] + [(0.0, i) for i in range(61)]
    walls = [(20.0, i) for i in range(40)] + [(40.0, 60.0 - i) for i in range(40)]
    ox, oy = (list(axis) for axis in zip(*edge, *walls, strict=True))
    times = []
    for _ in range(3):
        began = time.perf_counter()
        hybrid_a_star_planning(ends[0].tolist(), ends[1].tolist(), ox, oy, 2.0, np.deg2rad(15.0))
        times.append(1e3 * (time.perf_counter() - began))
    return float(np.median(times))


if __name__ == "__main__":
    main()
