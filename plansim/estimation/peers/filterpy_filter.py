"""filterpy's filters behind our protocol: a filter object that somebody already has works in a scenario and a robot."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from plansim.core.arrays import Array, symmetric
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput, require
from plansim.core.layout import Layout, layout
from plansim.estimation.base import Update
from plansim.estimation.kalman.gaussian_steps import check_belief, check_dt
from plansim.estimation.kalman.jacobians import sensor_jacobian
from plansim.estimation.particle.particle_filter import normal_log_density


@dataclass(frozen=True)
class FilterpyFilter:
    """A filterpy filter that somebody already has, as an estimator.

    The belief is the object's x and P; a copy of the object is loaded with them for each call, so that beliefs stay
    values and nothing else of the object outlives a call.

    `make()` gives a filterpy KalmanFilter, ExtendedKalmanFilter or UnscentedKalmanFilter, a subclass, or another filter
    with x, P, H and R. Its motion is its own: F, Q and B as they are, or as `prepare(object, dt)` sets them before each
    prediction (x is loaded by then, for derivatives); an unscented filter calls its fx(x, dt), with `u` where there is
    a control. H (or hx) and R come from the sensor; the object's own are not used.

    Batches go member by member, and a missing measurement changes nothing.
    """

    make: Callable[[], Any]
    names: str  # of the object's state
    angles: str = ""  # those of the names that are angles
    prepare: Callable[[Any, float], None] | None = None
    dt: float | None = None  # s, the step of the object's F and Q: any other is refused; any is taken where None

    @cached_property
    def state(self) -> Layout:
        return layout(self.names, self.angles)

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Gaussian:
        return check_belief(belief, self.state)

    def predict(
        self, belief: Gaussian, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Gaussian:
        check_dt(dt)
        if self.dt is not None and abs(dt - self.dt) > 1e-9 * self.dt:
            raise MalformedInput(f"a step of {dt:g} s, but the filter was made for {self.dt:g} s: give it a prepare")
        batch = np.shape(belief.mean)[:-1]
        if control is not None:
            control = self._checked_control(control)
            batch = np.broadcast_shapes(batch, control.shape[:-1])
        if not math.prod(batch):
            return Gaussian(np.empty((*batch, len(self.state))), np.empty((*batch, *2 * (len(self.state),))))
        members = _members(batch, (belief.mean, 1), (belief.cov, 2), (control, 1))
        moved = [self._predicted(mean, cov, u, dt) for mean, cov, u in members]
        means, covs = (np.reshape(parts, (*batch, *np.shape(parts[0]))) for parts in zip(*moved, strict=True))
        return Gaussian(self.state.wrap(means), covs)

    def update(
        self, belief: Gaussian, measurement: Array | None, sensor: Any, rng: np.random.Generator | None = None
    ) -> Update:
        if measurement is None:
            return Update(belief, None, None, np.zeros(np.shape(belief.mean)[:-1])[()])
        z, k = np.asarray(measurement, float), len(sensor.measurement)
        if z.shape[-1:] != (k,) or not np.isfinite(z).all():
            raise MalformedInput(f"measurement is {z.tolist()}, but must be {k} finite numbers")
        batch = np.broadcast_shapes(np.shape(belief.mean)[:-1], z.shape[:-1])
        if not math.prod(batch):
            return Update(belief, np.empty((*batch, k)), np.empty((*batch, k, k)), np.empty(batch))
        members = _members(batch, (belief.mean, 1), (belief.cov, 2), (z, 1))
        updates = [self._updated(mean, cov, its, sensor) for mean, cov, its in members]
        parts = [np.reshape(p, (*batch, *np.shape(p[0]))) for p in zip(*updates, strict=True)]
        mean, cov, innovation, S, log_likelihood = parts
        return Update(Gaussian(self.state.wrap(mean), cov), innovation, S, log_likelihood[()])

    @cached_property
    def _pristine(self) -> Any:
        require("filterpy", "peers")
        made = self.make()
        if not all(hasattr(made, name) for name in ("x", "P", "R", "predict", "update")):
            raise MalformedInput(f"make() gave {type(made).__name__}, but must give a filter with x, P and R")
        if np.size(made.x) != len(self.state):
            raise MalformedInput(
                f"make() gave a filter of {np.size(made.x)} components, but there are names for {len(self.state)}"
            )
        return made

    def _checked_control(self, control: Array) -> Array:
        u, matrix = np.asarray(control, float), np.asarray(getattr(self._pristine, "B", None))
        size = matrix.shape[1:] if matrix.ndim == 2 else u.shape[-1:]
        if u.ndim == 0 or u.shape[-1:] != size or not np.isfinite(u).all():
            raise MalformedInput(f"control is {u.tolist()}, but must be {size[0] if size else 1} finite numbers")
        return u

    def _loaded(self, mean: Array, cov: Array) -> Any:
        filter = copy.deepcopy(self._pristine)
        filter.x, filter.P = _like(mean, filter), np.array(cov)
        return filter

    def _predicted(self, mean: Array, cov: Array, control: Array | None, dt: float) -> tuple[Array, Array]:
        filter = self._loaded(mean, cov)
        if self.prepare is not None:
            self.prepare(filter, dt)
        if hasattr(filter, "points_fn"):
            filter.predict(dt=dt, **({} if control is None else {"u": control}))
        elif control is None:
            filter.predict()
        else:
            filter.predict(_like(control, filter))
        return np.ravel(filter.x), np.array(filter.P)

    def _updated(self, mean: Array, cov: Array, z: Array, sensor: Any) -> tuple[Array, ...]:
        filter, layout = self._loaded(mean, cov), sensor.measurement
        if hasattr(filter, "points_fn"):
            filter.sigmas_f = filter.points_fn.sigma_points(filter.x, filter.P)
            filter.z_mean, filter.residual_z = lambda points, weights: layout.mean(points, weights), layout.difference
            filter.update(z, R=np.array(sensor.cov), hx=sensor.measure)
            return _answer(filter, np.ravel(filter.y), filter.S)
        H, R = np.array(sensor_jacobian(sensor, mean)), np.array(sensor.cov)
        innovation, S = layout.difference(z, sensor.measure(mean)), symmetric(H @ cov @ H.T) + R
        if "HJacobian" in inspect.signature(filter.update).parameters:
            filter.update(
                _like(z, filter), lambda x: H, lambda x: z, R=R, residual=lambda a, b: _like(innovation, filter)
            )
        else:  # it subtracts H x, and knows neither angles nor what a nonlinear sensor expects
            filter.H, filter.R, filter.dim_z = H, R, len(z)
            filter.update(_like(H @ mean + innovation, filter))
        return _answer(filter, innovation, S)


def _answer(filter: Any, innovation: Array, S: Array) -> tuple[Array, ...]:
    # filterpy's own likelihood goes on saying that of the measurement before, in places
    return np.ravel(filter.x), np.array(filter.P), innovation, S, normal_log_density(innovation, S)


def _like(vector: Array, filter: Any) -> Array:
    """As a column, where the object's state is one."""
    return np.array(vector, float).reshape(-1, 1) if np.ndim(filter.x) == 2 else np.array(vector, float)


def _members(batch: tuple[int, ...], *parts: tuple[Any, int]) -> Iterable[Any]:
    """The members of a batch one by one, from (array, number of its own axes); None stays None."""
    count = int(np.prod(batch))
    flat: list[Any] = []
    for array, axes in parts:
        if array is None:
            flat.append([None] * count)
            continue
        own = np.shape(array)[-axes:]
        flat.append(np.broadcast_to(array, (*batch, *own)).reshape(count, *own))
    return zip(*flat, strict=True)
