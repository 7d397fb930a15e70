"""Drives with a lidar and wheels that localisation is measured on: simulated ones on a map, and one of a real robot."""

from __future__ import annotations

import numpy as np

from plansim.core.geometry import compose
from plansim.core.grid import OccupancyGrid
from plansim.models.lidar import Lidar


def wander(grid, start, steps, rng, lidar, odometry, step=0.1):
    """A robot that drives to where it sees far: (true pose, measured increment, ranges) of each step."""
    look, eyes, pose = np.linspace(-0.6, 0.6, 7), Lidar(beams=7, field_of_view=1.2, max_range=4.0), start
    for _ in range(steps):
        ranges = eyes.scan(grid, pose)
        open_ahead = ranges.min() > 0.5
        increment = np.array([step if open_ahead else 0.0, 0.0, 0.3 * look[np.argmax(ranges)] if open_ahead else 0.2])
        pose = compose(pose, increment)
        measured = increment + odometry.increment_std(increment) * rng.standard_normal(3)
        yield pose, measured, lidar.scan(grid, pose, rng)


def place(grid, rng, clearance=0.4):
    return np.append(grid.random_free_point(rng, clearance=clearance), rng.uniform(-np.pi, np.pi))


def intel_map(path) -> OccupancyGrid:
    """The Intel Research Lab, from log odds (in tenths) that its corrected log gave."""
    stored = np.load(path)
    probability = 1.0 / (1.0 + np.exp(-stored["logodds"] / 10.0))
    return OccupancyGrid(probability, float(stored["res"]), (float(stored["x0"]), float(stored["y0"]), 0.0))


def to_and_fro(rng, lidar, odometry, grid):
    """In the middle of a twin corridor for 130 steps, where both halves look alike, then to its right end."""
    pose = np.array([rng.uniform(-1, 1), rng.uniform(-0.3, 0.3), 0.0])
    for step in [0.1] * 25 + [-0.1] * 40 + [0.1] * 40 + [-0.1] * 25 + [0.1] * 105:
        if pose[0] > 10.8:
            return
        increment = np.array([step, 0.0, 0.0])
        pose = compose(pose, increment)
        measured = increment + odometry.increment_std(increment) * rng.standard_normal(3)
        yield pose, measured, lidar.scan(grid, pose, rng)
