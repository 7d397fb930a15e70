"""Steps of one belief as entries for calls from Python: compiled once, for any arrays of float64."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import Kernel, jit_enabled, lean_kernel
from plansim.estimation.kalman.deviation_steps import copy_belief, steps, workspace

NOTHING = np.zeros((0, 0))
WRONG = AttributeError, TypeError, IndexError  # what an entry raises that is given anything else


@functools.cache
def predict_entry(predict: Kernel, n: int, m: int, work: tuple[int, int, int]) -> Callable[..., int]:
    """(x, P, u, table, y, M, work) -> 0 where it is well: a `Program` of a motion that checks sizes."""

    @lean_kernel
    def one(x, P, u, table, y, M, work):
        if not (x.shape[0] == n and square(P, n) and u.shape[0] == m):
            return 1
        return predict(x, P, u, table, y, M, work)

    return entry(one, (given(n + 1), MATRIX, given(m + 2), NOTHING, *outputs(n), np.zeros(work)))


@functools.cache
def correct_entry(correct: Kernel, n: int, k: int, work: tuple[int, int, int]) -> Callable[..., float]:
    """(z, x, P, table, y, M, v, S, work) -> log-likelihood, NaN where there is no answer: a `Program` of a sensor."""

    @lean_kernel
    def one(z, x, P, table, y, M, v, S, work):
        if not (x.shape[0] == n and square(P, n) and z.shape[0] == k):
            return np.nan
        copy_belief(x, P, y, M)
        return correct(z, y, M, table, v, S, work)

    return entry(one, (given(k + 1), given(n + 1), MATRIX, NOTHING, *outputs(n), *outputs(k), np.zeros(work)))


@functools.cache
def propagate_entry() -> Callable[..., int]:
    """(value, F, P, Q, turns, y, M, work) -> 0 where it is well; y, M: N(value, F P Fᵀ + Q)."""
    propagate = steps().propagate

    @lean_kernel
    def one(value, F, P, Q, turns, y, M, work):
        n = y.shape[0]
        if not (value.shape[0] == n and square(F, n) and square(P, n) and square(Q, n)):
            return 1
        for i in range(n):
            y[i] = value[i]
        return propagate(y, F, P, Q, y[:0], turns, M, work[0])

    return entry(one, (VECTOR, MATRIX, MATRIX, MATRIX, np.zeros(1, bool), *outputs(1), np.zeros(workspace(1))))


@functools.cache
def correct_linear_entry() -> Callable[..., float]:
    """(z, expected, H, R, x, P, turns, measured_turns, y, M, v, S, work) -> log-likelihood, NaN where there is no
    answer; the reading is expected + H (x - mean)."""
    correct = steps().correct_linear

    @lean_kernel
    def one(z, expected, H, R, x, P, turns, measured_turns, y, M, v, S, work):
        n, k = y.shape[0], v.shape[0]
        fits = x.shape[0] == n and square(P, n) and square(R, k) and H.shape[0] == k and H.shape[1] == n
        if not (fits and z.shape[0] == k and expected.shape[0] == k):
            return np.nan
        copy_belief(x, P, y, M)
        for i in range(k):
            v[i] = expected[i]
        return correct(z, y, M, H, R, turns, measured_turns, v, S, work)

    turns = np.zeros(1, bool)
    inputs = VECTOR, VECTOR, MATRIX, MATRIX, VECTOR, MATRIX
    return entry(one, (*inputs, turns, turns, *outputs(1), *outputs(1), np.zeros(workspace(1))))


def entry(k: Kernel, arguments: tuple) -> Callable[..., Any]:
    """Compiled for arguments of these types and what converts to them, and no others; they do not fit, so that this
    call does nothing else."""
    k(*arguments)
    if jit_enabled():
        k.compiled.disable_compile()  # type: ignore[attr-defined]
    return k.compiled


def given(*shape: int) -> Array:
    """Like any array that a user may hand over: not to be written to, and in any order."""
    array = np.zeros((*shape, 2))[..., 0]
    array.setflags(write=False)
    return array


def outputs(n: int) -> tuple[Array, Array]:
    return np.zeros(n), np.zeros((n, n))


VECTOR, MATRIX = given(3), given(3, 3)


@lean_kernel
def square(matrix, n):
    return matrix.shape[0] == n and matrix.shape[1] == n
