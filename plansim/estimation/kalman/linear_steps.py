"""Linear predict and update of any belief: one or a batch, of numpy or torch, and words for what has no answer.

This is what the fast calls of `KalmanFilter` fall back upon, and what gives batches to the compiled bank.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from plansim.core.arrays import Array, namespace, symmetric, transpose
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.kalman import bank
from plansim.estimation.kalman.gaussian_steps import check_belief
from plansim.estimation.kalman.linear_model import NO_CONTROL, LinearModel, turns
from plansim.estimation.kalman.one_call import entries, step_entry
from plansim.estimation.kalman.one_filter import workspace


def predict(state: Layout, model: LinearModel, belief: Gaussian, control: Array | None) -> Gaussian:
    if namespace(*belief) is not np:
        return _plain_predict(state, model, belief, control)
    batch, x, P, u, _ = _prepared(model, belief, control, None)
    y, M = np.empty_like(x), np.empty_like(P)
    bank.predict_bank(model.stack, x, P, u, y, M, np.empty(bank.workspace(model.n, 1)))
    return Gaussian(moved_mean(_first(y, batch)), _first(M, batch))


def moved_mean(mean: Array) -> Array:
    """The predicted mean, if it is one."""
    if not np.isfinite(mean).all():
        raise MalformedInput(f"the predicted mean is {mean.tolist()}: the belief's was not finite, or too large")
    return mean


def update(state: Layout, model: LinearModel, belief: Gaussian, measurement: Array) -> Update:
    if namespace(*belief) is not np:
        return _plain_update(state, model, belief, measurement)
    batch, x, P, _, z = _prepared(model, belief, None, measurement)
    answers = _answers(x.copy(), P.copy(), z)
    bank.update_bank(model.stack, z, *answers, np.empty(bank.workspace(model.n, model.k)))
    _alone(model, model.calls.update, (x, P, z), answers)
    return _update(batch, *answers)


def step(state: Layout, model: LinearModel, belief: Gaussian, control: Array | None, measurement: Array) -> Update:
    if namespace(*belief) is not np:
        return _plain_update(state, model, _plain_predict(state, model, belief, control), measurement)
    batch, x, P, u, z = _prepared(model, belief, control, measurement)
    answers = _answers(np.empty_like(x), np.empty_like(P), z)
    bank.step_bank(model.stack, x, P, u, z, *answers, np.empty(bank.workspace(model.n, model.k)))
    _alone(model, step_entry(model.n, model.k), (x, P, u, z), answers)
    return _update(batch, *answers)


def _answers(y: Array, M: Array, z: Array) -> tuple[Array, ...]:
    """Room for mean, cov, innovation, its covariance and log-likelihood of N filters."""
    return y, M, np.empty_like(z), np.empty((len(z), *z.shape)), np.empty(z.shape[1])


def _alone(
    model: LinearModel, call: Callable[..., float], given: tuple[Array, ...], answers: tuple[Array, ...]
) -> None:
    """Those that the bank has left: of what is all but singular there is a slower way, and of the others no answer."""
    for b in np.flatnonzero(np.isnan(answers[-1])):
        own = [np.array(a[..., b], order="C") for a in given]
        found = [np.empty(a.shape[:-1]) for a in answers[:-1]]
        answers[-1][b] = call(model.stack, *own, *found, np.empty(model.work))
        if np.isnan(answers[-1][b]):
            raise refused(Gaussian(*own[:2]), own[-1], model.stack[3, : model.k, : model.k])
        for whole, part in zip(answers, found, strict=False):
            whole[..., b] = part


def _update(batch: tuple[int, ...], y: Array, M: Array, v: Array, S: Array, log_likelihoods: Array) -> Update:
    """With the batch in front again."""
    belief = Gaussian(_first(y, batch), _first(M, batch))
    return Update(belief, _first(v, batch), _first(S, batch), _first(log_likelihoods, batch)[()])


def _prepared(model: LinearModel, belief: Gaussian, control: Array | None, measurement: Array | None) -> tuple:
    """The shape of the batch, and mean (n, N), cov (n, n, N), control (m, N) and measurement (k, N)."""
    n, k, m = model.n, model.k, model.m
    given = {"mean": (belief[0], (n,)), "cov": (belief[1], (n, n))}
    if m and control is not None and control is not NO_CONTROL:
        given["control"] = (control, (m,))
    if measurement is not None:
        given["measurement"] = (measurement, (k,))
    arrays: list[Array] = []
    batch: tuple[int, ...] = ()
    for name, (value, tail) in given.items():
        array = _numbers(name, value)
        front = array.ndim - len(tail)
        if front < 0 or array.shape[front:] != tail:
            raise MalformedInput(f"{name} has shape {array.shape}, but must have {('...', *tail)}".replace("'", ""))
        if array.shape[:front] not in (batch, ()):
            try:
                batch = np.broadcast_shapes(batch, array.shape[:front])
            except ValueError:
                raise MalformedInput(f"{name} is a batch {array.shape[:front]} among batches {batch}") from None
        if name == "control" and not np.isfinite(array).all():
            raise MalformedInput(f"control is {array.tolist()}, but must be finite; None is none at all")
        arrays.append(array)
    last = {name: _last(array, batch, given[name][1]) for name, array in zip(given, arrays, strict=True)}
    nothing = np.empty((0, last["mean"].shape[1]))
    return batch, last["mean"], last["cov"], last.get("control", nothing), last.get("measurement", nothing)


def _numbers(name: str, value: Any) -> Array:
    try:
        return np.asarray(value, float)
    except (TypeError, ValueError) as error:
        raise MalformedInput(f"{name} must consist of numbers: {error}") from None


def _last(a: Array, batch: tuple[int, ...], tail: tuple[int, ...]) -> Array:
    """(*batch, *tail) as (*tail, N), to be written nowhere; free for what `_first` returned."""
    if a.shape != batch + tail:
        a = np.broadcast_to(a, batch + tail)
    axes = len(batch)
    a = a.transpose(*range(axes, a.ndim), *range(axes))
    if not (a.flags.c_contiguous and a.flags.writeable):
        a = np.array(a, order="C")
    return a.reshape(*tail, -1) if axes != 1 else a


def _first(a: Array, batch: tuple[int, ...]) -> Array:
    """(*tail, N) as (*batch, *tail), without moving a number."""
    front = a.ndim - 1
    if len(batch) != 1:
        a = a.reshape((*a.shape[:-1], *batch))
    return a.transpose(*range(front, a.ndim), *range(front))


def _plain_predict(state: Layout, model: LinearModel, belief: Gaussian, control: Array | None) -> Gaussian:
    """As the book has it, for any namespace of arrays."""
    n, m = model.n, model.m
    F, Q, B = (_like(a, belief.mean) for a in (model.stack[0, :n, :n], model.stack[1, :n, :n], model.stack[4, :n, :m]))
    mean = (F @ belief.mean[..., None])[..., 0]
    if control is not None and m:
        mean = mean + (B @ _like(control, belief.mean)[..., None])[..., 0]
    return Gaussian(state.wrap(mean), symmetric(F @ belief.cov @ transpose(F)) + Q)


def _plain_update(state: Layout, model: LinearModel, belief: Gaussian, measurement: Array) -> Update:
    n, k = model.n, model.k
    H, R, offset = (
        _like(a, belief.mean) for a in (model.stack[2, :k, :n], model.stack[3, :k, :k], model.stack[5, 2, :k])
    )
    expected = (H @ belief.mean[..., None])[..., 0] + offset
    innovation = model.sensor.measurement.difference(_like(measurement, belief.mean), expected)
    return plain_gaussian_update(state, belief, innovation, H, R)


def gaussian_update(state: Layout, belief: Gaussian, innovation: Array, H: Array, R: Array) -> Update:
    """Bayes' rule for an innovation (..., k) of a measurement H x + noise, H (..., k, n) and R (..., k, k)."""
    if namespace(belief.mean, innovation) is not np:
        return plain_gaussian_update(state, belief, innovation, H, R)
    given = [np.asarray(a, float) for a in (*belief, innovation, H, R)]
    batch = np.broadcast_shapes(*(a.shape[: a.ndim - axes] for a, axes in zip(given, (1, 2, 1, 2, 2), strict=True)))
    x, P, v = (np.array(np.broadcast_to(a, batch + a.shape[-axes:])) for a, axes in zip(given, (1, 2, 1), strict=False))
    n, k = x.shape[-1], v.shape[-1]
    H, R = (np.array(np.broadcast_to(a, batch + a.shape[-2:]) if a.ndim > 2 else a) for a in given[3:])
    y, M, S, log_likelihoods = x.copy(), P.copy(), np.empty((*batch, k, k)), np.empty(batch)
    entries().update_each(
        *(v.reshape(-1, k), H.reshape(-1, k, n), R.reshape(-1, k, k), turns(state)),
        *(y.reshape(-1, n), M.reshape(-1, n, n), S.reshape(-1, k, k), log_likelihoods.reshape(-1)),
        np.empty(workspace(n, k)),
    )
    wrong = np.isnan(log_likelihoods)
    if wrong.any():
        raise refused(Gaussian(x[wrong][0], P[wrong][0]), v[wrong][0], R[wrong][0] if R.ndim > 2 else R)
    return Update(Gaussian(y, M), v, S, log_likelihoods[()])


def plain_gaussian_update(state: Layout, belief: Gaussian, innovation: Array, H: Array, R: Array) -> Update:
    """Bayes' rule in the Joseph form, as the book has it, for any namespace of arrays."""
    m, P = namespace(belief.mean, innovation), belief.cov
    S = symmetric(H @ P @ transpose(H)) + R
    L = m.linalg.cholesky(S)
    half = m.linalg.solve(L, H @ P)  # one root gives gain, NIS and likelihood
    K = transpose(m.linalg.solve(transpose(L), half))
    whitened = m.linalg.solve(L, innovation[..., None])[..., 0]
    A = m.eye(P.shape[-1]) - K @ H
    cov = symmetric(A @ P @ transpose(A) + K @ R @ transpose(K))
    mean = state.add(belief.mean, (K @ innovation[..., None])[..., 0])
    log_root = m.log(m.linalg.diagonal(L)).sum(-1)
    log_likelihood = -0.5 * (whitened**2).sum(-1) - log_root - 0.5 * innovation.shape[-1] * np.log(2 * np.pi)
    return Update(Gaussian(mean, cov), innovation, S, log_likelihood)


def _like(a: Array, other: Array) -> Array:
    """An array in the namespace, type and place of another."""
    m = namespace(other)
    return np.asarray(a, float) if m is np else m.as_tensor(a, dtype=other.dtype, device=other.device)


def refused(belief: Gaussian, z: Array, R: Array) -> MalformedInput:
    """Why one update has no answer."""
    if not np.isfinite(z).all():
        return MalformedInput(f"measurement is {z.tolist()}, but must be finite; pass None where it is missing")
    try:
        check_belief(belief, Layout(tuple(f"x{i}" for i in range(belief.mean.shape[-1]))))
    except MalformedInput as error:
        return MalformedInput(f"the belief that was to be updated is none: {error}")
    least = np.linalg.eigvalsh(R).min()
    if not least > 0:
        return MalformedInput(f"the sensor's cov must be positive definite, but has the eigenvalue {least:g}")
    return MalformedInput(
        f"measurement {z.tolist()} is so far from the mean {belief.mean.tolist()} that the posterior is no number"
    )
