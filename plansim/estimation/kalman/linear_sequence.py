"""A log of measurements through a Kalman filter, compiled: one log, many at once, or many that share a covariance."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.kernel import Kernel, lean_kernel
from plansim.estimation.checks import joined
from plansim.estimation.kalman import bank, one_filter
from plansim.estimation.kalman.bank import LANES, correct_lanes, predict_lanes
from plansim.estimation.kalman.linear_model import LinearModel
from plansim.estimation.kalman.linear_steps import refused
from plansim.estimation.kalman.rows import add_times, fill, shift, wrap
from plansim.estimation.kalman.sequence import Filtered

LONG = 500  # steps that are worth a kernel of their own for the sizes of state and measurement: it is twice as fast


def linear_sequence(model: LinearModel, belief: Gaussian, z: Array, controls: Array | None) -> Filtered:
    """`filter_sequence` of a Kalman filter; z: (T, k) or (B, T, k)."""
    mean, cov, n = np.asarray(belief.mean, float), np.asarray(belief.cov, float), model.n
    u = np.empty((z.shape[-2], 0)) if controls is None or not model.m else np.asarray(controls, float)
    if u.shape[-1] not in (0, model.m) or mean.ndim > 2 or cov.ndim > 3:
        raise MalformedInput(
            f"controls {u.shape} must have {model.m} components, and mean {mean.shape} must be ({n},) or (B, {n})"
        )
    fronts = (mean.shape[:-1], cov.shape[:-2], z.shape[:-2], u.shape[:-2])
    batch = functools.reduce(lambda whole, front: joined("the log", front, whole), fronts)
    if not batch:
        return _one(model, mean, cov, z, u)
    missing = np.isnan(z[..., 0])
    same = cov.ndim == 2 or bool((cov == cov[0]).all())
    if same and (missing.ndim == 1 or bool((missing == missing[0]).all())):
        return _shared(model, batch, mean, cov if cov.ndim == 2 else cov[0], z, u)
    return _many(model, batch, mean, cov, z, u)


def _one(model: LinearModel, mean: Array, cov: Array, z: Array, u: Array) -> Filtered:
    n, k, T = model.n, model.k, len(z)
    log = Filtered(*(np.empty((T, *shape)) for shape in ((n,), (n, n), (n,), (n, n), (k,), (k, k), ())))
    run = one_kernel(n, k) if T >= LONG else one_kernel()
    run(model.stack, np.array(mean), np.array(cov), np.array(z), np.array(u), *log, np.empty(model.work))
    _check(model, log, z)
    return log


def _many(model: LinearModel, batch: tuple[int, ...], mean: Array, cov: Array, z: Array, u: Array) -> Filtered:
    n, k, T, B = model.n, model.k, z.shape[-2], batch[0]
    answers = [np.empty((T, *shape, B)) for shape in ((n,), (n, n), (n,), (n, n), (k,), (k, k), ())]
    given = [_filters_last(a, (B, *a.shape[-axes:])) for a, axes in ((mean, 1), (cov, 2), (z, 2), (u, 2))]
    s = max(n, k, 3)
    sequence_of_bank(model.stack, *given, *answers, np.empty(bank.workspace(n, k)), np.empty((11, s, s)))
    log = Filtered(*(a.transpose(a.ndim - 1, *range(a.ndim - 1)) for a in answers))
    _check(model, log, z)
    return log


def _shared(model: LinearModel, batch: tuple[int, ...], mean: Array, cov: Array, z: Array, u: Array) -> Filtered:
    n, k, T, B = model.n, model.k, z.shape[-2], batch[0]
    first = _one(model, *(a if a.ndim == axes else a[0] for a, axes in ((mean, 1), (cov, 2), (z, 2), (u, 2))))
    seen = ~np.isnan(first.innovation[:, 0])
    root, half, volume = np.zeros((T, k, k)), np.zeros((T, k, n)), np.zeros(T)
    root[seen] = np.linalg.cholesky(first.innovation_cov[seen])
    half[seen] = np.linalg.solve(root[seen], model.stack[2, :k, :n] @ first.predicted_cov[seen])
    volume[seen] = -np.log(np.diagonal(root[seen], axis1=1, axis2=2)).sum(-1) - 0.5 * k * np.log(2 * np.pi)
    given = [_filters_last(a, (B, *a.shape[-axes:])) for a, axes in ((mean, 1), (z, 2), (u, 2))]
    answers = [np.empty((T, *shape, B)) for shape in ((n,), (n,), (k,), ())]
    means_of_shared(model.stack, *given, root, half, volume, *answers, np.empty((k, B)))
    x, x_before, v, log_likelihood = (a.transpose(a.ndim - 1, *range(a.ndim - 1)) for a in answers)
    P, P_before, S = (np.broadcast_to(a, (B, *a.shape)) for a in (first.cov, first.predicted_cov, first.innovation_cov))
    log = Filtered(x, P, x_before, P_before, v, S, log_likelihood)
    _check(model, log, z)
    return log


def _filters_last(a: Array, shape: tuple[int, ...]) -> Array:
    a = np.broadcast_to(a, shape)
    return np.array(a.transpose(*range(1, a.ndim), 0), order="C")


def _check(model: LinearModel, log: Filtered, z: Array) -> None:
    """Raises where a step has no answer, at the first of them."""
    wrong = np.isnan(log.log_likelihood)
    if not wrong.any():
        return
    t = int(wrong.reshape(-1, wrong.shape[-1]).any(0).argmax())
    where: Any = (int(wrong[:, t].argmax()), t) if wrong.ndim == 2 else (t,)
    belief = Gaussian(log.predicted_mean[where], log.predicted_cov[where])
    reading = np.broadcast_to(z, (*log.log_likelihood.shape, model.k))[where]
    why = refused(belief, reading, model.stack[3, : model.k, : model.k])
    raise MalformedInput(f"step {t}{f' of filter {where[0]}' if len(where) > 1 else ''}: {why}")


@functools.cache
def one_kernel(n_fixed: int = 0, k_fixed: int = 0) -> Kernel:
    predict, _, correct = one_filter.kernels(n_fixed, k_fixed)

    @lean_kernel
    def sequence(model, x, P, z, u, means, covs, means_before, covs_before, v, S, log_likelihoods, work):
        """A log (T, ...); where it is NaN in log_likelihoods there is no answer, and the rest means nothing."""
        n = n_fixed if n_fixed else x.shape[0]
        k = k_fixed if k_fixed else z.shape[1]
        for t in range(z.shape[0]):
            if t == 0:
                predict(model, x, P, u[t], means_before[t], covs_before[t], work)
            else:
                predict(model, means[t - 1], covs[t - 1], u[t], means_before[t], covs_before[t], work)
            for i in range(n):
                means[t, i] = means_before[t, i]
                for j in range(n):
                    covs[t, i, j] = covs_before[t, i, j]
            if z[t, 0] == z[t, 0]:
                log_likelihoods[t] = correct(model, z[t], means[t], covs[t], v[t], S[t], work)
                continue
            log_likelihoods[t] = 0.0
            for i in range(k):
                v[t, i] = np.nan
                for j in range(k):
                    S[t, i, j] = np.nan

    return sequence


@lean_kernel
def sequence_of_bank(model, x, P, z, u, means, covs, means_before, covs_before, v, S, log_likelihoods, work, spare):
    """Logs (T, ..., N) of N filters, each with its own covariance."""
    n = x.shape[0]
    for first in range(0, x.shape[1], LANES):
        count = min(LANES, x.shape[1] - first)
        for t in range(z.shape[0]):
            before, before_cov = means_before[t], covs_before[t]
            if t == 0:
                predict_lanes(model, x, P, u[t], before, before_cov, first, count, work)
            else:
                predict_lanes(model, means[t - 1], covs[t - 1], u[t], before, before_cov, first, count, work)
            for i in range(n):
                shift(means[t, i, first:], before[i, first:], 0.0, count)
                for j in range(n):
                    shift(covs[t, i, j, first:], before_cov[i, j, first:], 0.0, count)
            correct_lanes(model, z[t], means[t], covs[t], v[t], S[t], log_likelihoods[t], first, count, work)
            for b in range(first, first + count):
                if z[t, 0, b] != z[t, 0, b]:
                    unseen(b, means[t], covs[t], before, before_cov, v[t], S[t], log_likelihoods[t])
                elif log_likelihoods[t, b] != log_likelihoods[t, b]:
                    alone(b, model, z[t], means[t], covs[t], before, before_cov, v[t], S[t], log_likelihoods[t], spare)


@lean_kernel
def unseen(b, mean, cov, before, before_cov, v, S, log_likelihood):
    """One filter stays as it was predicted."""
    log_likelihood[b] = 0.0
    for i in range(mean.shape[0]):
        mean[i, b] = before[i, b]
        for j in range(mean.shape[0]):
            cov[i, j, b] = before_cov[i, j, b]
    for i in range(v.shape[0]):
        v[i, b] = np.nan
        for j in range(v.shape[0]):
            S[i, j, b] = np.nan


correct = one_filter.kernels().correct


@lean_kernel
def alone(b, model, z, mean, cov, before, before_cov, v, S, log_likelihood, spare):
    """One filter by itself, the bank having no answer."""
    n, k, s = mean.shape[0], z.shape[0], spare.shape[1]
    work, rest = spare[:8], spare[8:].reshape(-1)
    x, d, reading = rest[:n], rest[s : s + k], rest[2 * s : 2 * s + k]
    P, C = (
        rest[s * s : s * s + n * n].reshape((n, n)),
        rest[2 * s * s : 2 * s * s + k * k].reshape((k, k)),
    )
    for i in range(n):
        x[i] = before[i, b]
        for j in range(n):
            P[i, j] = before_cov[i, j, b]
    for i in range(k):
        reading[i] = z[i, b]
    log_likelihood[b] = correct(model, reading, x, P, d, C, work)
    for i in range(n):
        mean[i, b] = x[i]
        for j in range(n):
            cov[i, j, b] = P[i, j]
    for i in range(k):
        v[i, b] = d[i]
        for j in range(k):
            S[i, j, b] = C[i, j]


@lean_kernel
def means_of_shared(model, x, z, u, root, half, volume, means, before, v, log_likelihoods, w):
    """Logs (T, ..., N) of N filters with the same covariance: S = root rootᵀ and half = root⁻¹ H P move all means."""
    n, k, N, m = x.shape[0], z.shape[1], x.shape[1], min(u.shape[1], int(model[5, 3, 2]))
    F, H, B, turns, turns_of_measurement, offset = model[0], model[2], model[4], model[5, 0], model[5, 1], model[5, 2]
    for t in range(z.shape[0]):
        for i in range(n):
            fill(before[t, i], 0.0, N)
            for a in range(n):
                add_times(before[t, i], 0.0, F[i, a], x[a] if t == 0 else means[t - 1, a], 1, N)
            for a in range(m):
                add_times(before[t, i], 0.0, B[i, a], u[t, a], 1, N)
            if turns[i] != 0.0:
                wrap(before[t, i], N)
            shift(means[t, i], before[t, i], 0.0, N)
        fill(log_likelihoods[t], volume[t], N)
        if z[t, 0, 0] != z[t, 0, 0]:
            shift(v[t].reshape(-1), z[t].reshape(-1), 0.0, k * N)
            continue
        for i in range(k):
            shift(v[t, i], z[t, i], -offset[i], N)
            for a in range(n):
                add_times(v[t, i], 0.0, -H[i, a], before[t, a], 1, N)
            if turns_of_measurement[i] != 0.0:
                wrap(v[t, i], N)
            shift(w[i], v[t, i], 0.0, N)
            for a in range(i):
                add_times(w[i], 0.0, -root[t, i, a], w[a], 1, N)
            for lane in range(N):
                w[i, lane] /= root[t, i, i]
                log_likelihoods[t, lane] -= 0.5 * w[i, lane] * w[i, lane]
            for j in range(n):
                add_times(means[t, j], 0.0, half[t, i, j], w[i], 1, N)
        for i in range(n):
            if turns[i] != 0.0:
                wrap(means[t, i], N)
