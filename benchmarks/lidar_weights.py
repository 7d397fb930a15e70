"""Weights of particles by a lidar scan: plansim's likelihood field, the method of nav2's AMCL in C++, and numpy.

The C++ here follows the method of nav2_amcl's likelihood field (a cosine, a sine and an exponential for every beam,
a map of structures with the distance in them), compiled with -O3; it is not nav2's own code, which needs ROS.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[threads] = "1"
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np  # noqa: E402

from benchmarks.record import record  # noqa: E402
from plansim.core.grid import OccupancyGrid  # noqa: E402
from plansim.core.map_makers import warehouse  # noqa: E402
from plansim.models.lidar import Lidar  # noqa: E402
from plansim.models.lidar_likelihood import LikelihoodField  # noqa: E402
from plansim.models.odometry import WheelOdometry  # noqa: E402

PARTICLES, BEAMS = 10_000, 60

CPP = r"""
#include <cmath>
struct Cell { int state; double distance; };
extern "C" void weigh(const Cell* cells, int columns, int rows, double origin_x, double origin_y, double resolution,
                      const double* ranges, const double* angles, int beams, double max_range,
                      double hit, double std, double random, double far, const double* poses, int n, double* out) {
    for (int i = 0; i < n; ++i) {
        const double *pose = poses + 3 * i;
        double total = 1.0;
        for (int b = 0; b < beams; ++b) {
            if (ranges[b] >= max_range || ranges[b] != ranges[b]) continue;
            double x = pose[0] + ranges[b] * std::cos(pose[2] + angles[b]);
            double y = pose[1] + ranges[b] * std::sin(pose[2] + angles[b]);
            int column = int(std::floor((x - origin_x) / resolution));
            int row = int(std::floor((y - origin_y) / resolution));
            bool inside = column >= 0 && row >= 0 && column < columns && row < rows;
            double z = inside ? cells[row * columns + column].distance : far;
            double p = hit * std::exp(-(z * z) / (2 * std * std)) + random / max_range;
            total += p * p * p;
        }
        out[i] = total;
    }
}
"""


def cpp_weights(grid: OccupancyGrid, lidar: Lidar, field: LikelihoodField, scan, poses):
    """A function that weighs the particles by nav2's method, p = 1 + sum of cubes; None without a compiler."""
    folder = Path(tempfile.mkdtemp())
    (folder / "weigh.cpp").write_text(CPP)
    command = ["g++", "-O3", "-march=native", "-shared", "-fPIC", "-o", folder / "weigh.so", folder / "weigh.cpp"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    weigh = ctypes.CDLL(str(folder / "weigh.so")).weigh
    cells = np.zeros(grid.shape, dtype=[("state", np.int32), ("pad", np.int32), ("distance", np.float64)])
    cells["distance"] = np.minimum(grid.distance_field, 2.0)
    used = lidar.subset(BEAMS)
    ranges, angles, out = scan[used].copy(), lidar.angles[used].copy(), np.empty(len(poses))
    real, pointer = ctypes.c_double, lambda a: a.ctypes.data_as(ctypes.c_void_p)

    def run():
        weigh(
            *(pointer(cells), grid.shape[1], grid.shape[0], real(grid.origin[0]), real(grid.origin[1])),
            *(real(grid.resolution), pointer(ranges), pointer(angles), len(used), real(lidar.max_range)),
            *(real(field.hit_weight), real(field.hit_std), real(field.random_weight), real(2.0)),
            *(pointer(poses), len(poses), pointer(out)),
        )
        return out

    return run


def numpy_distances(table, grid: OccupancyGrid, lidar: Lidar, scan, poses):
    """What a table (H, W) has where each beam ends, (N, K); inf outside the map."""
    points = lidar.hits(scan, lidar.subset(BEAMS))
    c, s = np.cos(poses[:, 2:]), np.sin(poses[:, 2:])
    ends = np.stack(
        [poses[:, :1] + c * points[:, 0] - s * points[:, 1], poses[:, 1:2] + s * points[:, 0] + c * points[:, 1]], -1
    )
    inside = grid.contains(ends)
    rows, columns = np.moveaxis(np.where(inside[..., None], grid.cells(ends), 0), -1, 0)
    return np.where(inside, table[rows, columns], np.inf)


def numpy_log_weights(field: LikelihoodField, scan, poses):
    distance = numpy_distances(field.to_surface, field.map, field.lidar, scan, poses)
    peak = field.hit_weight / (field.hit_std * np.sqrt(2 * np.pi))
    p = peak * np.exp(-0.5 * (distance / field.hit_std) ** 2) + field.random_weight / field.lidar.max_range
    return np.log(p).sum(-1)


def median_seconds(f, repeats: int) -> float:
    f()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def main() -> None:
    rng = np.random.default_rng(0)
    grid = warehouse()
    lidar = Lidar(beams=360, max_range=40.0)
    field = LikelihoodField(grid, lidar, beams=BEAMS)
    truth = np.array([*grid.random_free_point(rng, clearance=0.5), 0.4])
    scan = lidar.scan(grid, truth, rng)
    poses = truth + rng.normal(size=(PARTICLES, 3)) * [0.3, 0.3, 0.1]
    odometry, increment = WheelOdometry(), np.array([0.2, 0.0, 0.05])

    def ours():
        return field.log_likelihood(scan, poses)

    distance = numpy_distances(grid.distance_field, grid, lidar, scan, poses)
    assert np.allclose(ours(), numpy_log_weights(field, scan, poses), rtol=1e-4, atol=1e-3)
    rows = []
    seconds = {"plansim LikelihoodField": median_seconds(ours, 100)}
    cpp = cpp_weights(grid, lidar, field, scan, poses)
    if cpp is not None:
        p = field.hit_weight * np.exp(-0.5 * (np.minimum(distance, 2.0) / field.hit_std) ** 2)
        assert np.allclose(cpp(), 1 + ((p + field.random_weight / lidar.max_range) ** 3).sum(-1), rtol=1e-9)
        seconds["nav2's method, C++ -O3"] = median_seconds(cpp, 30)
    seconds["numpy, vectorised"] = median_seconds(lambda: numpy_log_weights(field, scan, poses), 5)
    best = seconds["plansim LikelihoodField"]
    for name, t in seconds.items():
        rows.append(
            {
                "weights": name,
                "ms": 1e3 * t,
                "M particles/s": PARTICLES / t / 1e6,
                "plansim is faster": f"{t / best:.1f} x",
            }
        )
    sampling = median_seconds(lambda: odometry.sample(poses, increment, 0.1, rng), 50)
    rows.append({"weights": "motion of the same particles (WheelOdometry.sample)", "ms": 1e3 * sampling})
    used = len(lidar.hits(scan, lidar.subset(BEAMS)))
    note = (
        f"{used} of {BEAMS} beams return. Equal: our log weights are numpy's to 1e-3, the C++ sums are numpy's to 1e-9."
    )
    record(f"Lidar weights of {PARTICLES:,} particles, {BEAMS} beams", "python benchmarks/lidar_weights.py", rows, note)


if __name__ == "__main__":
    main()
