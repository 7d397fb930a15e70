"""A policy that watches: it estimates what an environment hides, and may steer by what it believes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from plansim.control.base import Policy
from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput, near_miss
from plansim.core.layout import Layout
from plansim.estimation.base import Estimator
from plansim.models.base import MeasurementModel

MOST_PARTICLES = 100  # in the trace


@dataclass
class Watcher:
    """Runs an estimator along an episode: predicts by the observation's "control", then takes each reading in turn.

    A reading is observation[name] (k,) of the sensor of that name, and counts where observation[name + "_seen"] is not
    0; where there is no such flag it always counts. Nothing is predicted before the first observation. The controller
    acts on the observation with "state", the estimate, added; without one nothing is done.

    >>> from plansim.estimation import KalmanFilter
    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> watcher = Watcher(KalmanFilter(ConstantVelocity()), {"gps": Position(0.5)}, [0, 0, 1, 0], [1, 1, 1, 1])
    >>> watcher.reset(seed=0)
    >>> action = watcher.act({"gps": np.array([0.4, 0.0])})
    >>> watcher.trace()["mean"].round(2).tolist()
    [0.32, 0.0, 1.0, 0.0]
    """

    estimator: Estimator
    sensors: dict[str, MeasurementModel]  # by the observation's names; updates follow in this order
    start_mean: Array  # (n,)
    start_std: Array  # (n,), 0 where the start is known, if the estimator can take that
    controller: Policy | None = None
    dt: float = 0.1  # s, of a step
    action_space: Any = field(default=None, repr=False)  # the environment's

    def __post_init__(self) -> None:
        n = len(self.estimator.state)
        for name in ("start_mean", "start_std"):
            given = np.array(getattr(self, name), dtype=float)
            if given.shape != (n,) or not np.isfinite(given).all():
                names = " ".join(self.estimator.state.names)
                raise MalformedInput(f"{name} is {given.tolist()}, but must be {n} finite numbers: {names}")
            setattr(self, name, given)
        if (self.start_std < 0).any():
            raise MalformedInput(f"start_std is {self.start_std.tolist()}, but must be numbers of 0 or more")
        if not 0 < self.dt < np.inf:
            raise MalformedInput(f"dt is {self.dt}, but must be a positive number of seconds")
        if not self.sensors:
            raise MalformedInput("there are no sensors: without readings nothing can be estimated")
        start = Gaussian(self.start_mean, np.diag(self.start_std**2))
        self.estimator.around(start, np.random.default_rng(0))  # which says what is wrong with the start
        self.reset()

    def reset(self, seed: int | None = None) -> None:
        self._rng = np.random.default_rng(seed)
        if self.controller is not None:
            self.controller.reset(seed)
        self._belief: Any = None
        self._prior: Any = None  # before the step's readings
        self._moments: Gaussian | None = None
        self._nis, self._measured = np.nan, 0
        self._log_likelihood, self._readings, self._unexplained = 0.0, 0, 0
        self._steps, self._seconds = 0, 0.0

    def act(self, observation: Mapping[str, Any]) -> Any:
        began = perf_counter()
        self._estimate(observation)
        self._seconds += perf_counter() - began
        self._steps += 1
        mean = self._look().mean
        if self.controller is not None:
            return self.controller.act({**observation, "state": mean.copy()})
        return _nothing(self.action_space)

    def _estimate(self, observation: Mapping[str, Any]) -> None:
        if self._belief is None:
            start = Gaussian(self.start_mean.copy(), np.diag(self.start_std**2))
            belief = self.estimator.around(start, self._rng)
        else:
            belief = self.estimator.predict(self._belief, observation.get("control"), self.dt, self._rng)
        self._prior, self._nis, self._measured = belief, 0.0, 0
        for name, sensor in self.sensors.items():
            if name not in observation:
                raise MalformedInput(f"the observation has no {name!r}{near_miss(name, observation)}")
            if np.all(observation.get(f"{name}_seen", 1)):
                belief = self._update(belief, np.asarray(observation[name], float), sensor)
        self._belief = belief

    @np.errstate(over="ignore", invalid="ignore")  # of readings that are far beyond all sense
    def _update(self, belief: Any, z: Array, sensor: MeasurementModel) -> Any:
        update = self.estimator.update(belief, z, sensor, self._rng)
        self._readings += 1
        if update.log_likelihood == -np.inf:
            self._unexplained += 1
        else:
            self._log_likelihood += float(update.log_likelihood)
        if update.innovation is None or update.innovation_cov is None:
            self._nis = np.nan
        else:
            self._nis += float(update.innovation @ np.linalg.solve(update.innovation_cov, update.innovation))
            self._measured += len(z)
        return update.belief

    def _look(self) -> Gaussian:
        moments = self._belief.gaussian(self.estimator.state)
        if not (np.isfinite(moments.mean).all() and np.isfinite(moments.cov).all()):
            kind = type(self.estimator).__name__
            raise MalformedInput(f"{kind} gave the mean {moments.mean.tolist()} at step {self._steps - 1}")
        self._moments = moments
        return moments

    def metrics(self) -> dict[str, float]:
        """The log-likelihood of the readings that the belief explained at all, how many it did not, and the time."""
        return {
            "log_likelihood": self._log_likelihood,
            "readings": self._readings,
            "unexplained": self._unexplained,
            "filter_seconds_per_step": self._seconds / max(self._steps, 1),
        }

    def trace(self) -> dict[str, Array]:
        """mean (n,), cov (n, n), and both as they were before the step's readings: prior_mean, prior_cov; nis, the
        normalised innovations squared of the step's readings, of nis_size numbers (NaN and 0 where there were none);
        mode_probabilities (M,), particles (P, n) where there are such; and the pose (3,) of what moves in the plane."""
        moments, belief = self._moments, self._belief
        if moments is None:
            return {}
        prior = self._prior.gaussian(self.estimator.state)
        trace = {"mean": np.array(moments.mean), "cov": np.array(moments.cov)}
        trace |= {"prior_mean": np.array(prior.mean), "prior_cov": np.array(prior.cov)}
        trace["nis"] = np.array(self._nis if self._measured else np.nan)
        trace["nis_size"] = np.array(self._measured)
        if hasattr(belief, "probabilities"):
            trace["mode_probabilities"] = np.array(belief.probabilities)
        if hasattr(belief, "states") and hasattr(belief, "log_weights"):
            trace["particles"] = representative(belief.states, belief.weights)
        pose = pose_of(moments.mean, self.estimator.state)
        return trace if pose is None else trace | {"pose": pose}


def representative(states: Array, weights: Array) -> Array:
    """At most `MOST_PARTICLES` of the states (N, n), each as often as its weight says."""
    count = min(len(states), MOST_PARTICLES)
    levels = (np.arange(count) + 0.5) / count
    return states[np.minimum(np.searchsorted(np.cumsum(weights), levels), len(states) - 1)]


def pose_of(mean: Array, state: Layout) -> Array | None:
    """x, y, heading of a state (n,) that begins with x and y; it heads where it goes, where it has no heading."""
    if state.names[:2] != ("x", "y"):
        return None
    if "heading" in state.names:
        return np.array([*mean[:2], mean[state.index("heading")]])
    if {"vx", "vy"} <= set(state.names):
        return np.array([*mean[:2], np.arctan2(mean[state.index("vy")], mean[state.index("vx")])])
    return None


def _nothing(space: Any) -> Any:
    """No control at all, or what of it the space allows."""
    if space is None:
        return 0
    if not hasattr(space, "low"):
        return int(getattr(space, "start", 0))
    return np.clip(np.zeros(space.shape), space.low, space.high)
