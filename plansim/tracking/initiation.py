"""How a track begins: from one detection and what speeds are likely, or from the difference of two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.tracking.inversion import located
from plansim.tracking.tracks import Waiting


class Start(NamedTuple):
    """Tracks that may begin with a scan."""

    belief: Gaussian  # (B, n)
    detection: Array  # (B,) int64, ascending: the detection of the scan that each begins with
    points: int  # detections that each is made of
    waiting: Waiting | None


class Initiation(Protocol):
    def start(
        self, detections: Array, free: Array, sensor, state: Layout, waiting: Waiting | None, dt: float
    ) -> Start: ...


@dataclass(frozen=True, eq=False)
class OnePoint:
    """A track at once: N(0, std²) for what the sensor cannot see, the sensor's inverse for the rest.

    Components whose names begin with v or a have `velocity_std` and `acceleration_std`; a name in `std` has its own.
    """

    velocity_std: float = 10.0  # m/s, along each axis
    acceleration_std: float = 3.0  # m/s², along each axis
    std: Mapping[str, float] = field(default_factory=dict)  # of further components, such as turn_rate

    def __post_init__(self) -> None:
        own = {"velocity_std": self.velocity_std, "acceleration_std": self.acceleration_std}
        for name, value in {**self.std, **own}.items():
            if not 0 < value < np.inf:
                raise MalformedInput(f"{name} is {value}, but must be a positive number")

    def start(self, detections: Array, free: Array, sensor, state: Layout, waiting: Waiting | None, dt: float) -> Start:
        """All detections begin a track; whether it lives, its existence says."""
        belief = located(sensor, detections, state, self.unseen_std(state))
        return Start(belief, np.arange(len(detections)), 1, None)

    def unseen_std(self, state: Layout) -> Array:
        """(n,); inf where nothing is known."""
        kinds = {"v": self.velocity_std, "a": self.acceleration_std}
        known = [self.std.get(name, kinds.get(name[0], np.inf) if name[1:] in AXES else np.inf) for name in state.names]
        return np.array(known, float)


AXES = ("x", "y", "z")


@dataclass(frozen=True, eq=False)
class TwoPoint:
    """Position of the second, velocity by the difference of two detections (Bar-Shalom et al. 2001, section 5.5.3).

    Pairs of detections that no track claims, of scans one after the other, nearest first, each used once. For states of
    positions x y z and velocities vx vy vz, with `std` for whatever else there is.
    """

    max_speed: float = 30.0  # m/s: what is farther apart is of two targets
    std: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.max_speed < np.inf:
            raise MalformedInput(f"max_speed is {self.max_speed}, but must be a positive number of m/s")

    def start(self, detections: Array, free: Array, sensor, state: Layout, waiting: Waiting | None, dt: float) -> Start:
        axes = [a for a in AXES if a in state.names and "v" + a in state.names]
        places, speeds = [state.index(a) for a in axes], [state.index("v" + a) for a in axes]
        if not axes:
            raise MalformedInput(f"two-point initiation needs x and vx in the state, which is {' '.join(state.names)}")
        loose = np.flatnonzero(free > 0.5)
        one = OnePoint(self.max_speed / 2, std=self.std)
        now = located(sensor, detections[loose], state, one.unseen_std(state))
        p, C = now.mean[:, places], now.cov[:, places][:, :, places]
        old = _older(waiting, dt, p.shape[-1])
        old_index, new_index = _nearest_pairs(old, p, C, self.max_speed)
        order = np.argsort(new_index)
        old_index, new_index = old_index[order], new_index[order]
        mean, cov = now.mean[new_index], now.cov[new_index]
        age = old.age[old_index][:, None]
        mean[:, speeds] = (p[new_index] - old.position[old_index]) / age
        a, s = np.array(places), np.array(speeds)
        both, cross = C[new_index] + old.cov[old_index], C[new_index] / age[..., None]
        cov[:, s, :], cov[:, :, s] = 0.0, 0.0
        cov[:, s[:, None], s] = both / age[..., None] ** 2
        cov[:, a[:, None], s], cov[:, s[:, None], a] = cross, cross
        unused = np.setdiff1d(np.arange(len(loose)), new_index)
        waits = Waiting(p[unused], C[unused], np.zeros(len(unused)))
        if dt == 0:  # another sensor at the same instant: what waits goes on waiting
            rest = np.setdiff1d(np.arange(len(old.age)), old_index)
            waits = Waiting(*(np.concatenate([w, o[rest]]) for w, o in zip(waits, old, strict=True)))
        return Start(Gaussian(mean, cov), loose[new_index], 2, waits)


def _older(waiting: Waiting | None, dt: float, axes: int) -> Waiting:
    if waiting is None:
        return Waiting(np.empty((0, axes)), np.empty((0, axes, axes)), np.empty(0))
    return waiting._replace(age=waiting.age + dt)


def _nearest_pairs(old: Waiting, p: Array, C: Array, max_speed: float) -> tuple[Array, Array]:
    """Indices of old and new positions within reach of each other, the nearest pairs first, each used once."""
    from scipy.spatial import cKDTree

    ready = np.flatnonzero(old.age > 0)
    if not len(ready) or not len(p):
        return np.empty(0, int), np.empty(0, int)
    blur = 3 * np.sqrt(np.trace(old.cov[ready], axis1=1, axis2=2).max() + np.trace(C, axis1=1, axis2=2).max())
    reach = max_speed * old.age[ready]
    near = cKDTree(p).query_ball_point(old.position[ready], reach + blur)
    found = [(np.linalg.norm(p[j] - old.position[i]), i, j) for i, js in zip(ready, near, strict=True) for j in js]
    pairs: dict[int, int] = {}
    for _, i, j in sorted(found):
        if int(i) not in pairs and j not in pairs.values():
            pairs[int(i)] = j
    return np.array(list(pairs), int), np.array(list(pairs.values()), int)
