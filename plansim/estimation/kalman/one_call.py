"""Calls of the Kalman filter's compiled arithmetic from Python: each counts its microseconds."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from plansim.core.kernel import Kernel, jit_enabled, lean_kernel
from plansim.estimation.kalman.one_filter import correct, kernels, predict, update, workspace


@lean_kernel
def predict_one(model, x, P, u, y, M, work):
    """Whether belief and control have the model's sizes and a finite mean comes of them; it is in y, its cov in M."""
    if not fits(model, x, P, u):
        return False
    predict(model, x, P, u, y, M, work)
    finite = True
    for i in range(y.shape[0]):
        finite = finite and abs(y[i]) < np.inf
    return finite


@lean_kernel
def update_one(model, x, P, z, y, M, v, S, work):
    """The log-likelihood of z, NaN where it cannot be; the posterior is in y and M, the innovation in v and S."""
    if not (fits(model, x, P, x[:0]) and z.shape[0] == int(model[5, 3, 1])):
        return np.nan
    for i in range(x.shape[0]):
        y[i] = x[i]
        for j in range(x.shape[0]):
            M[i, j] = P[i, j]
    return correct(model, z, y, M, v, S, work)


@lean_kernel
def fits(model, x, P, u):
    """Whether a belief and a control are of a model's sizes; no control at all fits, and one where none is heeded."""
    n, m = int(model[5, 3, 0]), int(model[5, 3, 2])
    return x.shape[0] == n and P.shape[0] == n and P.shape[1] == n and (u.shape[0] in (0, m) or m == 0)


@lean_kernel
def update_each(v, H, R, turns, y, M, S, log_likelihoods, work):
    """Bayes' rule for a batch (B, ...), in place, each with its own H and R, or all with the only one.

    The log-likelihood is NaN where there is no answer.
    """
    for b in range(y.shape[0]):
        h, r = min(b, H.shape[0] - 1), min(b, R.shape[0] - 1)
        log_likelihoods[b] = update(y[b], M[b], v[b], H[h], R[r], turns, S[b], work)


class Entries(NamedTuple):
    """For calls from Python: compiled for arrays of float64 in C order that may be written; others are a TypeError."""

    predict: Callable[..., bool]
    update: Callable[..., float]
    update_each: Callable[..., None]


@functools.cache
def entries() -> Entries:
    x, P, u, z, S, work = (np.zeros(shape) for shape in (1, (1, 1), 0, 1, (1, 1), workspace(1, 1)))
    model = np.zeros((6, 4, 4))
    batch, matrices = np.zeros((1, 1)), np.zeros((1, 1, 1))
    calls: tuple[tuple[Any, tuple], ...] = (
        (predict_one, (model, x, P, u, x, P, work)),
        (update_one, (model, x, P, z, x, P, z, S, work)),
        (update_each, (batch, matrices, matrices, x, batch, matrices, matrices, x, work)),
    )
    return Entries(*(entry(k, arguments) for k, arguments in calls))


@functools.cache
def step_entry(n: int, k: int) -> Callable[..., float]:
    """The log-likelihood of predict and update in one call, NaN where it cannot be; made for its sizes."""
    predict, _, correct = kernels(n, k)

    @lean_kernel
    def step(model, x, P, u, z, y, M, v, S, work):
        if not (fits(model, x, P, u) and z.shape[0] == k):
            return np.nan
        predict(model, x, P, u, y, M, work)
        return correct(model, z, y, M, v, S, work)

    model, (x, P, v, S, work) = np.zeros((6, 4, 4)), (np.zeros(s) for s in (n, (n, n), k, (k, k), workspace(n, k)))
    return entry(step, (model, x, P, x[:0], v, x, P, v, S, work))


def entry(k: Kernel, arguments: tuple) -> Callable[..., Any]:
    """Compiled for arguments of these types, and no others."""
    k(*arguments)
    if jit_enabled():
        k.compiled.disable_compile()  # type: ignore[attr-defined]
    return k.compiled
