"""Monte-Carlo localisation on real maps: from nowhere, tracking, kidnapped, in a symmetric corridor, and a real log.

The peer of global localisation is the same filter without a search: ten thousand particles anywhere, weighed and
resampled, with a field that is twice as blurred, on the same scans. Every drive is printed.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[threads] = "1"
ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from benchmarks.estimation.drives import intel_map, place, to_and_fro, wander  # noqa: E402
from benchmarks.record import record  # noqa: E402
from plansim.core.beliefs import Gaussian  # noqa: E402
from plansim.core.carmen import read_carmen  # noqa: E402
from plansim.core.corridor_maker import twin_corridor  # noqa: E402
from plansim.core.geometry import between  # noqa: E402
from plansim.core.map_files import read_ros_map  # noqa: E402
from plansim.core.map_makers import warehouse  # noqa: E402
from plansim.estimation.localization.clusters import clusters  # noqa: E402
from plansim.estimation.localization.monte_carlo import MonteCarloLocalization  # noqa: E402
from plansim.models.lidar import Lidar  # noqa: E402
from plansim.models.lidar_beams import BeamModel  # noqa: E402
from plansim.models.lidar_likelihood import LikelihoodField  # noqa: E402
from plansim.models.odometry import WheelOdometry  # noqa: E402

DATA = Path(os.environ.get("PLANSIM_DATA", ROOT.parent / "shared/data"))
COMMAND = "python benchmarks/estimation/localization.py"
SEEDS, SCANS, NEAR = 50, 5, 0.3  # m, of the true position: it has found itself
LIDAR, WHEELS = Lidar(beams=180, max_range=12.0, range_std=0.03), WheelOdometry()
START_COV = np.diag([0.1, 0.1, 0.05]) ** 2


def error(belief, pose) -> float:
    return float(np.hypot(*(clusters(belief)[0].mean - pose)[:2]))


def follow(estimator, sensor, belief, drive, rng):
    """Errors (T,) and seconds (T,) of a drive; a first increment is not predicted where the belief begins there."""
    errors, seconds = [], []
    for step, (pose, increment, ranges) in enumerate(drive):
        begun = time.perf_counter()
        belief = estimator.predict(belief, increment, 0.1, rng) if step else belief
        belief = estimator.update(belief, ranges, sensor, rng).belief
        seconds.append(time.perf_counter() - begun)
        errors.append(error(belief, pose))
    return np.array(errors), np.array(seconds), belief


def from_nowhere(name, grid):
    """Rows of how often each way finds itself, and in which time."""
    ways = {
        "plansim": (MonteCarloLocalization(grid, WHEELS), LikelihoodField(grid, LIDAR)),
        "plansim, beam model": (MonteCarloLocalization(grid, WHEELS), BeamModel(grid, LIDAR, independence=0.3)),
        "resampling alone": (
            MonteCarloLocalization(grid, WHEELS, 10_000, 10_000, search_above=1.0),
            LikelihoodField(grid, LIDAR, hit_std=0.2),
        ),
    }
    rows = []
    for way, (estimator, sensor) in ways.items():
        rng = np.random.default_rng(1000)  # warms up
        follow(estimator, sensor, estimator.everywhere(rng), wander(grid, place(grid, rng), 2, rng, LIDAR, WHEELS), rng)
        found, needed, spent = 0, [], []
        for seed in range(SEEDS):
            rng = np.random.default_rng(seed)
            drive = list(wander(grid, place(grid, rng), SCANS, rng, LIDAR, WHEELS))
            errors, seconds, _ = follow(estimator, sensor, estimator.everywhere(rng), drive, rng)
            far = np.flatnonzero(errors >= NEAR)
            scans = int(far[-1]) + 2 if len(far) else 1
            ok = errors[-1] < NEAR
            found += ok
            spent.append(seconds.sum())
            needed += [scans] if ok else []
            print(f"{name} {way} seed {seed}: error {errors[-1]:.3f} m, {seconds.sum():.3f} s, near from scan {scans}")
        median = float(np.median(needed)) if needed else float("nan")
        rows.append(
            {"map": name, "way": way, "found": f"{found} of {SEEDS}", "scans, median": median,
             "scans, most": max(needed, default=0), "s, median": float(np.median(spent)), "s, most": max(spent)}
        )  # fmt: skip
    return rows


def tracked_and_kidnapped(name, grid):
    """One row: the error while it is tracked, and how many scans it takes to recover from being carried off."""
    estimator, sensor = MonteCarloLocalization(grid, WHEELS), LikelihoodField(grid, LIDAR)
    errors, scans = [], []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        start = place(grid, rng)
        belief = estimator.around(Gaussian(start, START_COV), rng)
        before, _, belief = follow(estimator, sensor, belief, wander(grid, start, 60, rng, LIDAR, WHEELS), rng)
        after, _, _ = follow(estimator, sensor, belief, wander(grid, place(grid, rng), 30, rng, LIDAR, WHEELS), rng)
        far = np.flatnonzero(after >= NEAR)
        scans.append(int(far[-1]) + 2 if len(far) else 1)
        errors.append(before)
        print(f"{name} seed {seed}: median {np.median(before):.4f} m, recovered at scan {scans[-1]}")
    errors, scans = np.array(errors), np.array(scans)
    return {
        "map": name, "tracking, median m": float(np.median(errors)), "95 %": float(np.quantile(errors, 0.95)),
        "most": float(errors.max()), "recovered within 10 scans": f"{(scans <= 10).sum()} of {SEEDS}",
        "scans, median": float(np.median(scans)), "scans, most": int(scans.max()),
    }  # fmt: skip


def symmetric():
    """One row: whether both places live on while nothing tells them apart, and who is right once something does."""
    grid, lidar = twin_corridor(), Lidar(beams=180, max_range=4.0, range_std=0.03)
    estimator, sensor = MonteCarloLocalization(grid, WHEELS), LikelihoodField(grid, lidar, independence=0.3)
    both, right = 0, 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        belief, least = estimator.everywhere(rng), 1.0
        for step, (pose, increment, ranges) in enumerate(to_and_fro(rng, lidar, WHEELS, grid)):
            belief = estimator.predict(belief, increment, 0.1, rng) if step else belief
            belief = estimator.update(belief, ranges, sensor, rng).belief
            places = clusters(belief)
            shares = [sum(p.weight for p in places if np.hypot(*(p.mean - at)[:2]) < 0.5) for at in (pose, -pose)]
            least = min(least, *shares) if 5 <= step < 130 else least
        both += least > 0.0
        right += shares[0] > 0.95
        print(f"corridor seed {seed}: least share {least:.2f}, in the end {shares[0]:.2f} where it is")
    return {"both places after 130 scans": f"{both} of {SEEDS}", "the right one in the end": f"{right} of {SEEDS}"}


def real_robot():
    """One row of the Intel Research Lab's own log: scans and wheels are real, the map is of the same drive."""
    grid = intel_map(DATA / "intel_map_0.05.npz")
    fixed, raw = (read_carmen(DATA / "laser" / name) for name in ("intel-corrected.log.gz", "intel.clf.bz2"))
    wheels = raw.odometry[np.abs(raw.times - fixed.times[:, None]).argmin(1)]
    increments = np.concatenate([np.zeros((1, 3)), between(wheels[:-1], wheels[1:])])
    drive = list(zip(fixed.poses, increments, fixed.ranges, strict=True))
    lidar = Lidar(beams=180, field_of_view=np.pi, max_range=40.0)
    estimator = MonteCarloLocalization(grid, WheelOdometry(0.1, 0.05, 0.1, 0.1))
    sensor, rng = LikelihoodField(grid, lidar), np.random.default_rng(0)
    errors, seconds, _ = follow(
        estimator, sensor, estimator.around(Gaussian(fixed.poses[0], START_COV), rng), drive, rng
    )
    found = 0
    for first in np.linspace(0, len(drive) - SCANS, SEEDS).astype(int):
        rng = np.random.default_rng(first)
        ends, _, _ = follow(estimator, sensor, estimator.everywhere(rng), drive[first : first + SCANS], rng)
        found += ends[-1] < NEAR
        print(f"intel, real, from scan {first}: error {ends[-1]:.3f} m")
    return {
        "scans": len(drive), "tracking, median m": float(np.median(errors)), "95 %": float(np.quantile(errors, 0.95)),
        "most": float(errors.max()), f"from nowhere, {SCANS} scans": f"{found} of {SEEDS}",
        "ms a scan": 1e3 * float(np.median(seconds)),
    }  # fmt: skip


def update_time():
    """One row: prediction and update of ten thousand particles, 60 beams, everything resampled."""
    rng, grid, lidar = np.random.default_rng(0), warehouse(), Lidar(beams=360, max_range=40.0)
    truth = np.array([*grid.random_free_point(rng, clearance=0.5), 0.4])
    ranges, sensor, row = lidar.scan(grid, truth, rng), LikelihoodField(grid, lidar), {}
    for name, least in (("fixed count", 10_000), ("adaptive", 300)):
        estimator = MonteCarloLocalization(grid, WHEELS, 10_000, least, resample_below=1.1)
        belief = estimator.around(Gaussian(truth, np.diag([0.3, 0.3, 0.1]) ** 2), rng)
        increment, times = np.array([0.1, 0.0, 0.02]), []
        for _ in range(100):
            begun = time.perf_counter()
            moved = estimator.predict(belief, increment, 0.1, rng)
            middle = time.perf_counter()
            estimator.update(moved, ranges, sensor, rng)
            times.append((middle - begun, time.perf_counter() - middle))
        predict, update = 1e3 * np.median(times, axis=0)
        row |= {f"{name}: predict, ms": predict, f"{name}: update, ms": update}
    return row


def main() -> None:
    maps = {"depot": read_ros_map(DATA / "ros/depot.yaml"), "intel": intel_map(DATA / "intel_map_0.05.npz")}
    rows = [row for name, grid in maps.items() for row in from_nowhere(name, grid)]
    note = f"{SEEDS} seeds a map, at most {SCANS} scans, found: within {NEAR} m of the truth; 180 beams of 12 m."
    record("Global localisation on real maps", COMMAND, rows, note)
    rows = [tracked_and_kidnapped(name, grid) for name, grid in maps.items()]
    record("Tracking and recovery from kidnapping on real maps", COMMAND, rows, f"{SEEDS} seeds a map.")
    record("Two places that look alike (twin_corridor)", COMMAND, [symmetric()])
    note = "The map was made from the same drive, so its error is that of the match and not of the map."
    record("Localisation in the Intel Research Lab's log", COMMAND, [real_robot()], note)
    record("An update of 10,000 particles, 60 beams", COMMAND, [update_time()])


if __name__ == "__main__":
    main()
