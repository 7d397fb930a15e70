"""A whole log through an interacting multiple model in one call; compiled where every filter is a Kalman filter."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.estimation.imm_kernels import kernels, workspace
from plansim.estimation.imm_mixing import modes_of
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.sequence import step_by_step
from plansim.estimation.mode_mapping import reading
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position


class ModeSequence(NamedTuple):
    """`Filtered`, by the moments of the mixture over what the modes share, and the modes' weights."""

    mean: Array  # (..., T, n)
    cov: Array  # (..., T, n, n)
    predicted_mean: Array  # (..., T, n)
    predicted_cov: Array  # (..., T, n, n)
    innovation: Array  # (..., T, k)
    innovation_cov: Array  # (..., T, k, k)
    log_likelihood: Array  # (..., T)
    log_weights: Array  # (..., T, M), after each step's measurement


def imm_sequence(imm: Any, belief: Any, measurements: Array, sensor: Any, dt: float, controls: Array | None) -> Any:
    """`filter_sequence` of an interacting multiple model: belief is its ModeBeliefs, of one or of B."""
    if is_linear(imm, sensor):
        return compiled_sequence(imm, belief, measurements, sensor, dt, controls)
    return sequence_by_steps(imm, belief, measurements, sensor, dt, controls)


def is_linear(imm: Any, sensor: Any) -> bool:
    """All modes Kalman filters, nothing an angle, no mappings but by names."""
    linear = all(type(one) is KalmanFilter and not one.state.angles for one in imm.filters)
    matrix = isinstance(sensor, LinearSensor | Position) and not sensor.measurement.angles
    return linear and matrix and not imm.mappings


def sequence_by_steps(
    imm: Any, belief: Any, measurements: Array, sensor: Any, dt: float, controls: Array | None
) -> ModeSequence:
    """By the estimator's own predict and update: for any filters; the oracle of the compiled."""
    follower: Any = _Follower(imm)
    # a step more without a measurement, whose prediction begins from the last belief
    beyond = np.full_like(measurements[..., :1, :], np.nan)
    z = np.concatenate([measurements, beyond], -2)
    u = None if controls is None else np.concatenate([controls, controls[..., -1:, :]], -2)
    filtered = step_by_step(follower, belief, z, sensor, dt, u)
    T = measurements.shape[-2]
    axes = (-2, -3, -2, -3, -2, -3, -1)
    rows = [a.swapaxes(axis, 0)[:T].swapaxes(axis, 0) for a, axis in zip(filtered, axes, strict=True)]
    return ModeSequence(*(*rows, np.stack(follower.log_weights[1:], -2)))


@dataclass
class _Follower:
    """The estimator, and what weights its predictions begin from."""

    imm: Any
    log_weights: list[Array] = field(default_factory=list)

    @property
    def state(self) -> Any:
        return self.imm.state

    def predict(self, belief: Any, control: Array | None, dt: float, rng: Any = None) -> Any:
        self.log_weights.append(belief.log_weights)
        return self.imm.predict(belief, control, dt, rng)

    def update(self, belief: Any, measurement: Array | None, sensor: Any, rng: Any = None) -> Any:
        return self.imm.update(belief, measurement, sensor, rng)


def compiled_sequence(
    imm: Any, belief: Any, measurements: Array, sensor: Any, dt: float, controls: Array | None
) -> ModeSequence:
    motions = [one.motion for one in imm.filters]
    layouts, sizes = [one.state for one in imm.filters], [len(one.state) for one in imm.filters]
    n, M, s = max(sizes), len(sizes), len(imm.state)
    batch, (T, k) = _batch(belief, measurements), measurements.shape[-2:]
    B = math.prod(batch)
    z = np.ascontiguousarray(np.broadcast_to(measurements, (*batch, T, k))).reshape(B, T, k)
    longest = layouts[int(np.argmax(sizes))]
    H = np.ascontiguousarray(reading(sensor, n).jacobian(np.zeros(len(longest))))
    F = np.stack([_padded(motion.transition(dt), (n, n)) for motion in motions])
    Q = np.stack([_padded(motion.noise_cov(None, None, dt), (n, n)) for motion in motions])
    parts = [its.gaussian(one) for its, one in zip(belief.beliefs, layouts, strict=True)]
    x = np.stack([_padded(np.broadcast_to(g.mean, (B, g.mean.shape[-1])), (n,)) for g in parts], 1)
    P = np.stack([_padded(np.broadcast_to(g.cov, (B, *g.cov.shape[-2:])), (n, n)) for g in parts], 1)
    log_weights = np.array(np.broadcast_to(belief.log_weights, (B, M)), order="C")
    shapes = ((s,), (s, s), (s,), (s, s), (k,), (k, k), (), (M,))
    out = ModeSequence(*(np.empty((B, T, *shape)) for shape in shapes))
    same = all(one == layouts[0] for one in layouts)
    failed = kernels(n, k, M, s, same)(
        (F, Q, H, np.ascontiguousarray(sensor.cov), np.ascontiguousarray(imm.transition)),
        modes_of(tuple(layouts)).places,
        _drift(motions, controls, dt, n),
        z,
        (x, P, log_weights),
        tuple(out),
        workspace(n, k, M),
    )
    if failed >= 0:
        raise MalformedInput(f"at step {failed % T} the innovation's covariance is not positive: is the belief's?")
    return ModeSequence(*(a.reshape(*batch, *a.shape[1:]) for a in out))


def _batch(belief: Any, measurements: Array) -> tuple[int, ...]:
    """(), or (B,) of logs, of beliefs, or of both."""
    believed = belief.log_weights.shape[:-1]
    try:
        return np.broadcast_shapes(believed, measurements.shape[:-2])
    except ValueError:
        raise MalformedInput(f"a batch of {believed} beliefs for one of {measurements.shape[:-2]} logs") from None


def _padded(a: Array, shape: tuple[int, ...]) -> Array:
    """(..., *shape), zeros beyond what there is."""
    batch = a.ndim - len(shape)
    return np.pad(
        a, [*[(0, 0)] * batch, *((0, size - there) for size, there in zip(shape, a.shape[batch:], strict=True))]
    )


def _drift(motions: list[Any], controls: Array | None, dt: float, n: int) -> Array:
    """What the controls add to each mode's prediction, (1 or B, T, M, n); empty without controls."""
    if controls is None or not any(len(motion.control) for motion in motions):
        return np.zeros((0, 0, len(motions), n))
    u = controls.reshape(-1, *controls.shape[-2:])
    drift = np.zeros((*u.shape[:2], len(motions), n))
    for j, motion in enumerate(motions):
        if len(motion.control):
            drift[:, :, j, : len(motion.state)] = u @ motion.input_matrix(dt).T
    return drift
