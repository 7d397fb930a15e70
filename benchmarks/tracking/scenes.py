"""Scenes for trackers: a sensor of position, targets of nearly constant velocity, and clutter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.models.kinematic import ConstantVelocity
from plansim.models.position import Position

AREA = 250_000.0  # m² a target
SPEED_STD = 10.0  # m/s, of each axis
STD = 10.0  # m, of a detection
SEEN = 0.9  # chance that a target is detected
CUTOFF = 100.0  # m, of GOSPA
MOTION, SENSOR, DT = ConstantVelocity(acceleration_density=1.0), Position(std=STD), 1.0


@dataclass(frozen=True)
class Scene:
    """truth (T, targets, 4); of each scan its detections (D, 2) and whose they are, -1 for clutter."""

    truth: np.ndarray
    detections: list[np.ndarray]
    origins: list[np.ndarray]
    side: float  # m, of the square in which clutter falls
    clutter: float  # false detections a scan, in the mean

    @property
    def targets(self) -> int:
        return self.truth.shape[1]

    @property
    def clutter_density(self) -> float:
        return self.clutter / self.side**2


def traffic(targets: int, seed: int, scans: int = 60) -> Scene:
    """Targets that begin anywhere and are there all the time, with as much clutter as targets."""
    rng, side = np.random.default_rng(seed), np.sqrt(AREA * targets)
    start = np.concatenate((rng.uniform(0, side, (targets, 2)), rng.normal(0, SPEED_STD, (targets, 2))), axis=-1)
    return seen(driven(start, scans, rng), side, float(targets), rng)


def crossing(seed: int, targets: int = 6, scans: int = 60) -> Scene:
    """Targets on a circle that all meet in its middle, half way through."""
    rng, side = np.random.default_rng(seed), np.sqrt(AREA * targets)
    angles = 2 * np.pi * (np.arange(targets) + rng.uniform(-0.3, 0.3, targets)) / targets
    away = np.stack((np.cos(angles), np.sin(angles)), axis=-1)
    speed = SPEED_STD * rng.uniform(0.9, 1.1, (targets, 1))
    start = np.concatenate((side / 2 + 0.5 * scans * speed * away, -speed * away), axis=-1)
    return seen(driven(start, scans, rng), side, float(targets), rng)


def driven(start: np.ndarray, scans: int, rng: np.random.Generator) -> np.ndarray:
    states = [start]
    for _ in range(scans - 1):
        states.append(MOTION.sample(states[-1], None, DT, rng))
    return np.array(states)


def seen(truth: np.ndarray, side: float, clutter: float, rng: np.random.Generator) -> Scene:
    detections, origins = [], []
    for states in truth:
        found = np.flatnonzero(rng.random(len(states)) < SEEN)
        points = states[found, :2] + rng.normal(0, STD, (len(found), 2))
        false = rng.uniform(0, side, (rng.poisson(clutter), 2))
        order = rng.permutation(len(found) + len(false))
        detections.append(np.concatenate((points, false))[order])
        origins.append(np.concatenate((found, np.full(len(false), -1)))[order])
    return Scene(truth, detections, origins, side, clutter)
