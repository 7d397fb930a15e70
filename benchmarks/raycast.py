"""Lidar on real maps: plansim beside PyBullet's rayTestBatch, IR-SIM and the method of f1tenth, one core each.

IR-SIM runs in an interpreter of its own: `IRSIM_PYTHON=/path/to/python` (`pip install ir-sim` there).
f1tenth's simulator is not on PyPI; its method (sphere tracing on the distance field, 2,000 directions, compiled by
numba), without its noise, is written out here.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from benchmarks.record import record
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel
from plansim.core.map_files import read_ros_map
from plansim.core.pgm import read_pgm
from plansim.core.raycast import cast_rays
from tests.conftest import data_folder

BEAMS, MAX_RANGE, SCANS, REPEATS = 1080, 30.0, 100, 5
ANGLES = np.linspace(-0.75 * np.pi, 0.75 * np.pi, BEAMS)
Scan = Callable[[np.ndarray], np.ndarray]  # a pose (3,) -> ranges (B,)


def main() -> None:
    rows = []
    for name, grid in maps().items():
        rng = np.random.default_rng(0)
        poses = np.c_[grid.random_free_points(rng, SCANS, clearance=0.2), rng.uniform(-np.pi, np.pi, SCANS)]
        exact = cast_rays(grid, poses, ANGLES, MAX_RANGE)
        scans: dict[str, Scan] = {"plansim": lambda pose, grid=grid: cast_rays(grid, pose, ANGLES, MAX_RANGE)}
        scans["f1tenth's method"] = f1tenth(grid)
        with pybullet(grid) as scan:
            if scan is not None:
                scans["PyBullet rayTestBatch"] = scan
            measured = measure(scans, poses)
        measured["IR-SIM"] = irsim(grid, poses[:20])
        ours = measured["plansim"][0]
        for peer, result in measured.items():
            rows.append({"map": name, "caster": peer} | row(grid, exact, result, ours))
    record(
        f"Ray casting: scans of {BEAMS} beams, {MAX_RANGE:g} m, one scan a call",
        "python benchmarks/raycast.py",
        rows,
        "Equal: share of beams within one cell diagonal of plansim's range. f1tenth's method rounds directions to 0.18 "
        "degrees and measures to centres of cells; boxes of PyBullet are merged cells.",
    )


def maps() -> dict[str, OccupancyGrid]:
    folder = data_folder()
    if folder is None:
        raise SystemExit("the real maps are absent: set PLANSIM_DATA to their folder")
    names = ("depot", "tb3_sandbox")
    grids = {name: read_ros_map(folder / f"ros/{name}.yaml") for name in names}
    grids["willow_costmap"] = OccupancyGrid(1.0 - read_pgm(folder / "ros/willow_costmap.pgm")[::-1], 0.05)
    # peers want the origin at zero
    return {name: OccupancyGrid(grid.probability, grid.resolution) for name, grid in grids.items()}


def measure(scans: dict[str, Scan], poses: np.ndarray) -> dict[str, tuple[float, np.ndarray]]:
    """Seconds a scan (the median of repeats in turn) and the ranges."""
    ranges = {name: np.array([scan(pose) for pose in poses]) for name, scan in scans.items()}  # warm as well
    seconds: dict[str, list[float]] = {name: [] for name in scans}
    for _ in range(REPEATS):
        for name, scan in scans.items():
            began = time.perf_counter()
            for pose in poses:
                scan(pose)
            seconds[name].append((time.perf_counter() - began) / len(poses))
    return {name: (float(np.median(times)), ranges[name]) for name, times in seconds.items()}


def row(grid: OccupancyGrid, exact: np.ndarray, result: tuple[float, np.ndarray] | None, ours: float) -> dict:
    if result is None:
        return {"k rays/s": "absent"}
    seconds, ranges = result
    equal = np.abs(np.minimum(ranges, MAX_RANGE) - exact[: len(ranges)]) <= np.sqrt(2) * grid.resolution
    speed = {"k rays/s": float(f"{BEAMS / seconds / 1e3:.3g}"), "plansim is faster": f"{seconds / ours:.1f} x"}
    return speed | {"equal": f"{100 * equal.mean():.2f} %"}


# --- PyBullet ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def pybullet(grid: OccupancyGrid):
    try:
        import pybullet as bullet
    except ImportError:
        yield None
        return
    client = bullet.connect(bullet.DIRECT)
    for row, column, rows, columns in rectangles(grid.occupied):
        half = [columns * grid.resolution / 2, rows * grid.resolution / 2, 0.5]
        centre = [column * grid.resolution + half[0], row * grid.resolution + half[1], 0.0]
        box = bullet.createCollisionShape(bullet.GEOM_BOX, halfExtents=half)
        bullet.createMultiBody(0, box, basePosition=centre)

    def scan(pose: np.ndarray) -> np.ndarray:
        headings = pose[2] + ANGLES
        start = np.broadcast_to([pose[0], pose[1], 0.0], (BEAMS, 3))
        end = start + MAX_RANGE * np.stack([np.cos(headings), np.sin(headings), np.zeros(BEAMS)], axis=-1)
        hits = bullet.rayTestBatch(start, end, numThreads=1)
        return np.array([hit[2] for hit in hits]) * MAX_RANGE

    yield scan
    bullet.disconnect(client)


def rectangles(occupied: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Occupied cells as few rectangles (row, column, rows, columns): runs of a row, continued while they repeat."""
    done: list[tuple[int, int, int, int]] = []
    open_runs: dict[tuple[int, int], int] = {}
    for row in range(len(occupied) + 1):
        line = occupied[row] if row < len(occupied) else np.zeros(occupied.shape[1], bool)
        edges = np.flatnonzero(np.diff(np.r_[False, line, False].astype(int)))
        runs = set(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
        for run in open_runs.keys() - runs:
            first = open_runs.pop(run)
            done.append((first, run[0], row - first, run[1] - run[0]))
        for run in runs:
            open_runs.setdefault(run, row)
    return done


# --- the method of f1tenth -----------------------------------------------------------------------------------


@kernel
def distance_at(x, y, frame, distance):
    """The distance field at a world point: moved, turned and divided at each look, as f1tenth does; -1 outside."""
    origin_x, origin_y, c, s, resolution = frame
    rows, columns = distance.shape
    along = (x - origin_x) * c + (y - origin_y) * s
    across = (y - origin_y) * c - (x - origin_x) * s
    if along < 0 or along >= columns * resolution or across < 0 or across >= rows * resolution:
        return -1.0
    return distance[int(across / resolution), int(along / resolution)]


@kernel
def sphere_traced(pose, first, increment, sines, cosines, distance, frame, max_range, ranges):
    k = first
    for beam in range(ranges.shape[0]):
        x, y = pose[0], pose[1]
        near = distance_at(x, y, frame, distance)
        total = near
        while near > 1e-4 and total <= max_range:
            x += near * cosines[int(k)]
            y += near * sines[int(k)]
            near = distance_at(x, y, frame, distance)
            total = total + near if near >= 0.0 else max_range
        ranges[beam] = total
        k += increment
        if k >= sines.shape[0]:
            k -= sines.shape[0]


def f1tenth(grid: OccupancyGrid) -> Scan:
    directions = 2000
    theta = np.linspace(0.0, 2 * np.pi, directions)
    sines, cosines = np.sin(theta), np.cos(theta)
    increment = directions * (ANGLES[1] - ANGLES[0]) / (2 * np.pi)
    field, (x, y, heading) = grid.distance_field, grid.origin
    frame = (x, y, np.cos(heading), np.sin(heading), grid.resolution)

    def scan(pose: np.ndarray) -> np.ndarray:
        first = directions * ((pose[2] + ANGLES[0]) % (2 * np.pi)) / (2 * np.pi)
        ranges = np.empty(BEAMS)
        sphere_traced(pose, first, increment, sines, cosines, field, frame, MAX_RANGE, ranges)
        return ranges

    return scan


# --- IR-SIM --------------------------------------------------------------------------------------------------

IRSIM = """
import sys, time
import numpy as np, irsim
folder = sys.argv[1]
poses = np.load(folder + "/poses.npy")
lidar = irsim.make(folder + "/world.yaml", headless=True, log_level="ERROR").robot_list[0].lidar
states = [pose[:, None] for pose in poses]
lidar.step(states[0])
ranges, seconds = [], []
for state in states:
    began = time.perf_counter()
    lidar.step(state)
    seconds.append(time.perf_counter() - began)
    ranges.append(lidar.range_data.copy())
np.savez(folder + "/out.npz", seconds=np.median(seconds), ranges=ranges)
"""


def irsim(grid: OccupancyGrid, poses: np.ndarray) -> tuple[float, np.ndarray] | None:
    from PIL import Image

    python = os.environ.get("IRSIM_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import irsim"], capture_output=True).returncode:
        return None
    width, height = grid.size
    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(np.where(grid.occupied, 0, 255).astype(np.uint8)[::-1]).save(f"{folder}/map.png")
        np.save(f"{folder}/poses.npy", poses)
        lidar = f"{{name: lidar2d, range_max: {MAX_RANGE}, angle_range: {np.ptp(ANGLES)}, number: {BEAMS}}}"
        Path(folder, "world.yaml").write_text(
            f"world: {{width: {width}, height: {height}, obstacle_map: {folder}/map.png}}\n"
            f"robot: [{{kinematics: {{name: diff}}, shape: {{name: circle, radius: 0.1}}, "
            f"state: {poses[0].tolist()}, sensors: [{lidar}]}}]\n"
        )
        run = subprocess.run([python, "-c", IRSIM, folder], capture_output=True, text=True, cwd=folder)
        if run.returncode:
            raise RuntimeError(run.stderr)
        with np.load(f"{folder}/out.npz") as out:
            return float(out["seconds"]), out["ranges"]


if __name__ == "__main__":
    main()
