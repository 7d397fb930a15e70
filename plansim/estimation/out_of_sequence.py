"""Measurements with time stamps: from several sensors, each at its own rate, some of them late."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput, near_miss
from plansim.estimation.base import Estimator, Update


class Event(NamedTuple):
    """Something that happened at a time, and what was believed after it."""

    time: float  # s
    belief: Any
    control: Array | None  # held from here on
    steers: bool  # whether it is the change of control that happened
    measurement: Array | None
    sensor: str


class History(NamedTuple):
    """What happened within the horizon, in the order of time; the first event is what all others follow from."""

    events: tuple[Event, ...]

    @property
    def time(self) -> float:
        """Of the newest event."""
        return self.events[-1].time


class Observed(NamedTuple):
    history: History
    update: Update | None  # what the measurement did to the belief at its own time; None where it was refused
    refused: str  # why, in words; empty where it was taken


@dataclass(frozen=True)
class OutOfSequence:
    """p(x_t | all measurements up to t, in whichever order they arrived).

    A late measurement is inserted at its time, and what came after it is filtered again, so that the belief is the one
    of measurements that arrive in order, for every estimator; what is older than the horizon is refused, and told. The
    cost is that of the events after it (Bar-Shalom 2002, "Update with out-of-sequence measurements in tracking: exact
    solution", has the same answer for linear systems without the log).

    A function of values, as estimators are: `History` in, `History` out. `TimedFilter` keeps one for a robot's loop.
    """

    estimator: Estimator
    sensors: Mapping[str, Any]  # by name
    horizon: float = 1.0  # s, behind the newest event

    def __post_init__(self) -> None:
        if not self.horizon >= 0:
            raise MalformedInput(f"horizon is {self.horizon}, but must be a number of seconds of 0 or more")

    def begin(self, belief: Gaussian, time: float, rng: np.random.Generator | None = None) -> History:
        return History((Event(_checked(time), self.estimator.around(belief, rng), None, False, None, ""),))

    def observe(
        self, history: History, time: float, measurement: Array, sensor: str, rng: np.random.Generator | None = None
    ) -> Observed:
        """With a measurement that the sensor took at that time."""
        if sensor not in self.sensors:
            known = ", ".join(self.sensors)
            raise MalformedInput(f"there is no sensor {sensor!r}{near_miss(sensor, self.sensors)} (there are: {known})")
        if measurement is None:
            raise MalformedInput(f"a missing measurement of {sensor!r} need not be observed: leave it out")
        return self._insert(
            history, Event(_checked(time), None, None, False, np.asarray(measurement, float), sensor), rng
        )

    def steer(
        self, history: History, time: float, control: Array | None, rng: np.random.Generator | None = None
    ) -> Observed:
        """With a control that is held from that time on."""
        return self._insert(history, Event(_checked(time), None, control, True, None, ""), rng)

    def at(self, history: History, time: float, rng: np.random.Generator | None = None) -> Any:
        """The belief of a time within the history, by what was measured up to it, or of one ahead of it."""
        place = bisect.bisect_right(history.events, _checked(time), key=lambda event: event.time)
        if not place:
            raise MalformedInput(f"time {time} s is before all that is remembered, from {history.events[0].time} s on")
        return self._moved(history.events[place - 1], time, rng)

    def _insert(self, history: History, event: Event, rng: np.random.Generator | None) -> Observed:
        newest, oldest = history.time, history.events[0].time
        if event.time < newest - self.horizon:
            late = newest - event.time
            return Observed(history, None, f"{late:g} s late, but the horizon is {self.horizon:g} s")
        if event.time < oldest:
            return Observed(history, None, f"of time {event.time:g} s, but the history begins at {oldest:g} s")
        place = bisect.bisect_right(history.events, event.time, key=lambda other: other.time)
        events, update = list(history.events[:place]), None
        for follower in (event, *history.events[place:]):
            happened, its = self._happen(events[-1], follower, rng)
            events.append(happened)
            update = its if follower is event else update
        return Observed(History(self._remembered(events)), update, "")

    def _happen(self, before: Event, event: Event, rng: np.random.Generator | None) -> tuple[Event, Update]:
        """The event with the belief after it."""
        control = event.control if event.steers else before.control
        belief = self._moved(before, event.time, rng)
        sensor = self.sensors.get(event.sensor)
        update = self.estimator.update(belief, event.measurement, sensor, rng)
        return event._replace(belief=update.belief, control=control), update

    def _moved(self, event: Event, time: float, rng: np.random.Generator | None) -> Any:
        dt = time - event.time
        return self.estimator.predict(event.belief, event.control, dt, rng) if dt > 0 else event.belief

    def _remembered(self, events: list[Event]) -> tuple[Event, ...]:
        """Those within the horizon, and the last one before it."""
        first = bisect.bisect_right(events, events[-1].time - self.horizon, key=lambda event: event.time)
        return tuple(events[max(first - 1, 0) :])


class TimedFilter:
    """An estimator on a robot: measurements in with their time stamps, estimates out for any time.

    >>> from plansim.estimation import KalmanFilter
    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> start = Gaussian(np.zeros(4), np.eye(4))
    >>> robot = TimedFilter(KalmanFilter(ConstantVelocity()), {"gps": Position(std=1.0)}, start, time=0.0)
    >>> robot.observe(0.3, [1.0, 0.0], "gps")
    ''
    >>> robot.observe(0.1, [0.9, 0.0], "gps")  # late, and taken
    ''
    >>> robot.estimate(0.5).mean.shape
    (4,)
    """

    def __init__(
        self,
        estimator: Estimator,
        sensors: Mapping[str, Any],
        start: Gaussian,
        *,
        time: float,  # s, of the start
        horizon: float = 1.0,  # s, how late a measurement may be
        rng: np.random.Generator | None = None,
    ):
        self.rule, self.rng = OutOfSequence(estimator, sensors, horizon), rng
        self.history = self.rule.begin(start, time, rng)

    def observe(self, time: float, measurement: Array, sensor: str) -> str:
        """Empty where the measurement was taken, else why not."""
        self.history, _, refused = self.rule.observe(self.history, time, measurement, sensor, self.rng)
        return refused

    def steer(self, time: float, control: Array | None) -> str:
        """A control that is held from that time on; empty where it was taken, else why not."""
        self.history, _, refused = self.rule.steer(self.history, time, control, self.rng)
        return refused

    def estimate(self, time: float) -> Gaussian:
        """Mean and covariance at that time, by what was measured up to it."""
        return self.rule.at(self.history, time, self.rng).gaussian(self.rule.estimator.state)


def _checked(time: float) -> float:
    try:
        seconds = float(time)
    except (TypeError, ValueError):
        seconds = np.nan
    if not np.isfinite(seconds):
        raise MalformedInput(f"time is {time!r}, but must be a number of seconds")
    return seconds
