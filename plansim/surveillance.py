"""A policy that keeps track: what all sensors of a field detect goes to one tracker."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from math import pi
from typing import Any

import numpy as np

from plansim.control.base import Policy
from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput, near_miss
from plansim.core.layout import wrap_angle
from plansim.models.base import MeasurementModel
from plansim.tracking.tracker import Tracker
from plansim.tracking.tracks import Tracks

BLIND = 1e-9  # probability of detection out of view
SHOWN = ("x", "y", "vx", "vy")


@dataclass(frozen=True)
class SensorView:
    """A sensor with what it sees, and how the tracker is to take its scans.

    Where range or field of view are limited, the tracker knows that it does not see what is out of view: to miss a
    target there says nothing about it.
    """

    model: MeasurementModel  # one that has a `pose` is moved to where the observation says that the sensor is
    max_range: float = np.inf  # m
    field_of_view: float = 2 * pi  # rad, half of it to each side of the heading
    detection_probability: float | None = None  # in view; the tracker's own where None
    clutter_density: float | None = None  # false detections by unit of the measurement's volume; likewise

    def __post_init__(self) -> None:
        if not self.max_range > 0:
            raise MalformedInput(f"max_range is {self.max_range}, but must be positive")
        if not 0 < self.field_of_view <= 2 * pi:
            raise MalformedInput(f"field_of_view is {self.field_of_view}, but must be positive and at most a turn")
        if self.detection_probability is not None and not 0 <= self.detection_probability <= 1:
            raise MalformedInput(f"detection_probability is {self.detection_probability}, but must lie within 0 and 1")

    @property
    def limited(self) -> bool:
        return self.max_range < np.inf or self.field_of_view < 2 * pi


@dataclass
class Surveillance:
    """Hands each sensor's "detections" to a tracker, moved to where the sensors are, and says which tracks it has.

    The observation has "detections" (S, D, k), of which the first "counts" (S,) of each sensor are meant, "sensors"
    (S, 3) poses, and "time" (1,). The controller moves the sensors: it acts on the observation with "tracks" (M, 4) and
    "track_ids" (M,) added; without one they stand.

    >>> from plansim.estimation import KalmanFilter
    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> watch = Surveillance(Tracker(KalmanFilter(ConstantVelocity())), (SensorView(Position(std=1.0)),))
    >>> watch.reset(seed=0)
    >>> for t in range(5):
    ...     scan = {"detections": [[[10.0 * t, 5.0]]], "counts": [1], "sensors": [[0.0, 0.0, 0.0]], "time": [t]}
    ...     action = watch.act(scan)
    >>> watch.trace()["tracks"].round(1).tolist()
    [[40.0, 5.0, 10.0, 0.0]]
    """

    tracker: Tracker
    sensors: tuple[SensorView, ...]  # in the observation's order
    controller: Policy | None = None

    def __post_init__(self) -> None:
        if not self.sensors:
            raise MalformedInput("there are no sensors: without detections nothing can be tracked")
        self._columns = [self.tracker.estimator.state.index(name) for name in SHOWN]
        self._trackers = [_tracker_for(self.tracker, view) for view in self.sensors]
        self.reset()

    def reset(self, seed: int | None = None) -> None:
        self._rng = np.random.default_rng(seed)
        if self.controller is not None:
            self.controller.reset(seed)
        self._tracks = self.tracker.nothing()
        self._time: float | None = None
        self._ever: set[int] = set()

    def act(self, observation: Mapping[str, Any]) -> Any:
        found, counts, poses = (_numbers(observation, name) for name in ("detections", "counts", "sensors"))
        now = float(np.ravel(_numbers(observation, "time"))[0])
        if not len(found) == len(counts) == len(poses) == len(self.sensors):
            raise MalformedInput(f"the observation is of {len(found)} sensors, but there are {len(self.sensors)} here")
        dt = 0.0 if self._time is None else now - self._time
        for view, tracker, z, count, pose in zip(self.sensors, self._trackers, found, counts, poses, strict=True):
            model = moved(view.model, pose)
            if isinstance(tracker.detection_probability, InView):
                tracker.detection_probability = dataclasses.replace(tracker.detection_probability, pose=pose)
            self._tracks = tracker.advance(self._tracks, z[: int(count)], model, dt, self._rng)
            dt = 0.0
        self._time = now
        self._ever.update(self._tracks.ids[self._tracks.confirmed].tolist())
        if self.controller is None:
            return np.zeros((len(self.sensors), 2))
        shown = self.trace()
        return self.controller.act({**observation, "tracks": shown["tracks"], "track_ids": shown["track_ids"]})

    @property
    def tracks(self) -> Tracks:
        """All of them, the tentative ones too."""
        return self._tracks

    def metrics(self) -> dict[str, float]:
        return {"tracks": int(self._tracks.confirmed.sum()), "tracks_confirmed": len(self._ever)}

    def trace(self) -> dict[str, Array]:
        """The confirmed tracks: x y vx vy (M, 4), xx xy yy of the position's covariance (M, 3), ids, existence."""
        own = self._tracks.reported
        moments = own.gaussian(self.tracker.estimator.state)
        (a, b), cov = self._columns[:2], moments.cov
        return {
            "tracks": moments.mean[:, self._columns],
            "track_covs": np.stack((cov[:, a, a], cov[:, a, b], cov[:, b, b]), axis=-1),
            "track_ids": own.ids,
            "track_existence": own.existence,
        }


@dataclass(frozen=True, eq=False)
class InView:
    """The probability to detect a state (M, n): one number in a sensor's view, nothing out of it."""

    probability: float
    place: tuple[int, int]  # of x and y in the state
    max_range: float  # m
    field_of_view: float  # rad
    pose: Array  # (3,) of the sensor

    def __call__(self, x: Array, sensor: Any) -> Array:
        dx, dy = x[:, self.place[0]] - self.pose[0], x[:, self.place[1]] - self.pose[1]
        seen = np.hypot(dx, dy) <= self.max_range
        if self.field_of_view < 2 * pi:
            seen &= np.abs(wrap_angle(np.arctan2(dy, dx) - self.pose[2])) <= 0.5 * self.field_of_view
        return np.where(seen, self.probability, BLIND)


def moved(model: Any, pose: Array) -> Any:
    """The sensor at a pose, where it has one."""
    return dataclasses.replace(model, pose=tuple(float(v) for v in pose)) if hasattr(model, "pose") else model


def _tracker_for(tracker: Tracker, view: SensorView) -> Tracker:
    """The tracker as it takes one sensor's scans."""
    changes: dict[str, Any] = {}
    if view.clutter_density is not None:
        changes["clutter_density"] = view.clutter_density
    probability = tracker.detection_probability if view.detection_probability is None else view.detection_probability
    if view.limited:
        if callable(probability):
            raise MalformedInput("a view with limits needs a detection_probability that is a number")
        place = tracker.estimator.state.index("x"), tracker.estimator.state.index("y")
        probability = InView(probability, place, view.max_range, view.field_of_view, np.zeros(3))
    return dataclasses.replace(tracker, detection_probability=probability, **changes)


def _numbers(observation: Mapping[str, Any], name: str) -> Array:
    if name not in observation:
        raise MalformedInput(f"the observation has no {name!r}{near_miss(name, observation)}")
    return np.asarray(observation[name], dtype=float)
