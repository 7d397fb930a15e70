"""Scans of targets that are known, for tests of trackers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.models.kinematic import ConstantVelocity

POSITION_STD, P_D, AREA = 10.0, 0.9, 250_000.0  # m, m² a target


class Scene(NamedTuple):
    truth: Array  # (T, targets, 4)
    scans: list[Array]  # T times (D, 2)
    owners: list[Array]  # T times (D,), whose a detection is; -1 clutter


def scene(rng, start, clutter: float, scans: int = 60, density: float = 1.0) -> Scene:
    """Targets (N, 4) at constant velocity, seen by P_D, among Poisson clutter over AREA a target."""
    motion, side, x = ConstantVelocity(acceleration_density=density), np.sqrt(AREA * len(start)), start
    truth, detections, owners = [], [], []
    for scan in range(scans):
        x = motion.sample(x, None, 1.0, rng) if scan else x
        seen = np.flatnonzero(rng.random(len(x)) < P_D)
        false = rng.uniform(0, side, (rng.poisson(clutter), 2))
        z = np.concatenate([x[seen, :2] + rng.normal(scale=POSITION_STD, size=(len(seen), 2)), false])
        order = rng.permutation(len(z))
        truth.append(x)
        detections.append(z[order])
        owners.append(np.concatenate([seen, np.full(len(false), -1)])[order])
    return Scene(np.array(truth), detections, owners)


def spread(rng, targets: int, speed_std: float = 10.0) -> Array:
    """Starts anywhere in the area."""
    side = np.sqrt(AREA * targets)
    return np.column_stack([rng.uniform(0, side, (targets, 2)), rng.normal(scale=speed_std, size=(targets, 2))])


def crossing(rng, targets: int = 6, speed: float = 10.0, meet: float = 30.0) -> Array:
    """Starts of targets that all come through the middle of the area at the same time."""
    angle = 2 * np.pi * np.arange(targets) / targets
    velocity = speed * np.column_stack([np.cos(angle), np.sin(angle)])
    middle = np.sqrt(AREA * targets) / 2
    return np.column_stack([middle - meet * velocity + rng.normal(scale=15.0, size=(targets, 2)), velocity])
