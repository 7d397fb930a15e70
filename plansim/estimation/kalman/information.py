"""The Kalman filter on information: it may begin with nothing known at all, and measurements simply add up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from plansim.core.arrays import Array, symmetric, transpose
from plansim.core.beliefs import Gaussian, Information
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.checks import checked_control
from plansim.estimation.kalman.gaussian_steps import check_belief, measured, missing
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.models.base import LinearMotion
from plansim.models.linear_motion import times

UNKNOWN = 1e-13  # share of its neighbours' information below which a direction counts as not known at all


@dataclass(frozen=True)
class InformationFilter:
    """N(x; Y⁻¹ y, Y⁻¹) by the vector y and the matrix Y (Grewal and Andrews 2015, Kalman Filtering, section 7.3).

    A measurement of what the belief knows nothing of has no innovation (None, or NaN in a batch where others have one),
    and its log-likelihood counts as 0.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> estimator, belief = InformationFilter(ConstantVelocity()), Information(np.zeros(4), np.zeros((4, 4)))
    >>> for z in ([1.0, 0.0], [3.0, 0.0]):
    ...     belief = estimator.predict(belief, None, dt=1.0)
    ...     belief = estimator.update(belief, np.array(z), Position(std=0.1)).belief
    >>> belief.gaussian(estimator.state).mean.round(3).tolist()
    [3.0, 0.0, 2.0, 0.0]
    """

    motion: LinearMotion

    def __post_init__(self) -> None:
        KalmanFilter(self.motion)  # which refuses motion that is not linear

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Information:
        mean, cov = check_belief(belief, self.state)
        try:
            root = np.linalg.cholesky(cov)
        except np.linalg.LinAlgError:
            raise MalformedInput(
                f"cov is singular: something would be known exactly, which information cannot say; {cov.tolist()}"
            ) from None
        half = np.linalg.solve(root, np.eye(cov.shape[-1]))
        matrix = transpose(half) @ half
        return Information((matrix @ mean[..., None])[..., 0], matrix)

    def predict(
        self, belief: Information, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Information:
        model = self._linear.model(None, dt)
        n = model.n
        F, Q, (y, Y) = model.stack[0, :n, :n], model.stack[1, :n, :n], _checked(belief, n)
        moved = _moved(F, Q, y, Y) if np.linalg.cond(F) < 1e12 else _moved_by_singular(F, Q, y, Y)
        if control is not None and model.m:
            u = checked_control(control, self.motion, y.shape[:-1], wider=True)
            shift = times(model.stack[4, :n, : model.m], u)[..., None]
            vector = moved.vector + (moved.matrix @ shift)[..., 0]
            moved = Information(vector, np.broadcast_to(moved.matrix, (*vector.shape, n)))
        return self._wrapped(moved)

    def update(
        self, belief: Information, measurement: Array | None, sensor: Any, rng: np.random.Generator | None = None
    ) -> Update:
        y, Y = _checked(belief, len(self.state))
        if measurement is None:
            return missing(belief, y.shape[:-1])
        z, model = measured(measurement, sensor, y.shape[:-1]), self._linear.model(sensor, None)
        if not np.isfinite(z).all():
            raise MalformedInput(f"measurement is {z.tolist()}, but must be finite; pass None where it is missing")
        n, k = model.n, model.k
        H, R, offset = model.stack[2, :k, :n], model.stack[3, :k, :k], model.stack[5, 2, :k]
        mean, cov, known = _moments(y, Y, H)
        expected = (H @ mean[..., None])[..., 0]
        v = sensor.measurement.difference(z, expected + offset)  # angles are measured the short way round
        gain = transpose(np.linalg.solve(R, H))
        vector = y + (gain @ (v + expected)[..., None])[..., 0]
        after = self._wrapped(Information(vector, np.broadcast_to(symmetric(Y + gain @ H), (*vector.shape, n))))
        return Update(after, *_comparison(v, symmetric(H @ cov @ transpose(H)) + R, known))

    def _wrapped(self, belief: Information) -> Information:
        """With the angles of its mean within [-pi, pi], where it has a mean."""
        if not self.state.angles:
            return belief
        mean, _, known = _moments(*belief, np.eye(len(self.state)))
        turned = self.state.wrap(mean) - mean
        change = (belief.matrix @ turned[..., None])[..., 0]
        return belief._replace(vector=belief.vector + np.where(known[..., None], change, 0.0))

    @cached_property
    def _linear(self) -> KalmanFilter:
        return KalmanFilter(self.motion)


def _moved(F: Array, Q: Array, y: Array, Y: Array) -> Information:
    """(F Y⁻¹ Fᵀ + Q)⁻¹ without Y⁻¹ or Q⁻¹: Q = G Gᵀ takes information from M = F⁻ᵀ Y F⁻¹ as R would variance from P."""
    variances, axes = np.linalg.eigh(Q)
    G = axes * np.sqrt(np.maximum(variances, 0.0))
    back = np.linalg.solve(F, np.eye(len(F)))
    M, m = symmetric(transpose(back) @ Y @ back), (transpose(back) @ y[..., None])[..., 0]
    C = transpose(np.linalg.solve(np.eye(len(F)) + symmetric(transpose(G) @ M @ G), transpose(G) @ M))
    A = np.eye(len(F)) - C @ transpose(G)
    # Joseph form: stays positive when Q is large
    return Information((A @ m[..., None])[..., 0], symmetric(A @ M @ transpose(A) + C @ transpose(C)))


def _moved_by_singular(F: Array, Q: Array, y: Array, Y: Array) -> Information:
    """The same where F forgets a direction, and noise makes up for what would else be known exactly."""
    if np.linalg.eigvalsh(Q).min() <= 1e-12 * np.abs(Q).max():
        raise MalformedInput(
            f"transition {F.tolist()} is singular and its noise {Q.tolist()} too: something would be known exactly, "
            "which information cannot say; KalmanFilter and SquareRootKalmanFilter can"
        )
    W = np.linalg.solve(Q, F)
    inverse = np.linalg.pinv(symmetric(Y + transpose(F) @ W), hermitian=True)
    most = np.linalg.inv(Q)
    matrix = symmetric(most - W @ inverse @ transpose(W))
    # what is left of a difference of equals is nothing
    known = np.diagonal(matrix, axis1=-2, axis2=-1) > UNKNOWN * np.diagonal(most)
    vector = np.where(known, (W @ inverse @ y[..., None])[..., 0], 0.0)
    return Information(vector, np.where(known[..., :, None] & known[..., None, :], matrix, 0.0))


def _moments(y: Array, Y: Array, H: Array) -> tuple[Array, Array, Array]:
    """Mean and covariance in the directions that are known, 0 in the others; whether H x is wholly known, (...)."""
    size = np.sqrt(np.diagonal(Y, axis1=-2, axis2=-1))
    scale = np.where(size > 0, 1 / np.where(size > 0, size, 1.0), 1.0)  # what the units are must not matter
    amounts, axes = np.linalg.eigh(symmetric(scale[..., :, None] * Y * scale[..., None, :]))
    seen = amounts > UNKNOWN
    axes = scale[..., :, None] * axes
    cov = axes * np.where(seen, 1 / np.where(seen, amounts, 1.0), 0.0)[..., None, :] @ transpose(axes)
    blind = np.abs(H @ axes) * ~seen[..., None, :]
    reach = np.abs(H @ axes).max((-2, -1))
    return (cov @ y[..., None])[..., 0], cov, blind.max((-2, -1)) <= 1e-6 * reach


@np.errstate(over="ignore")  # of a reading so far off that its log-likelihood is -inf
def _comparison(v: Array, S: Array, known: Array) -> tuple[Array | None, Array | None, Array]:
    """Innovation, its covariance and the log-likelihood, of those that knew what to expect."""
    if not known.any():
        return None, None, np.zeros(v.shape[:-1])[()]
    root = np.linalg.cholesky(S)
    whitened = np.linalg.solve(root, v[..., None])[..., 0]
    log_root = np.log(np.diagonal(root, axis1=-2, axis2=-1)).sum(-1)
    log_likelihood = -0.5 * (whitened**2).sum(-1) - log_root - 0.5 * v.shape[-1] * np.log(2 * np.pi)
    v, S = np.where(known[..., None], v, np.nan), np.where(known[..., None, None], S, np.nan)
    return v, S, np.where(known, log_likelihood, 0.0)[()]


def _checked(belief: Information, n: int) -> Information:
    y, Y = np.asarray(belief.vector, float), np.asarray(belief.matrix, float)
    if y.shape[-1:] != (n,) or Y.shape[-2:] != (n, n) or not (np.isfinite(y).all() and np.isfinite(Y).all()):
        raise MalformedInput(
            f"vector {y.tolist()} and matrix {Y.tolist()} must be finite, (..., {n}) and (..., {n}, {n})"
        )
    return Information(y, Y)
