"""How particles move: by the motion's own samples, or in one compiled loop where the motion is linear."""

from __future__ import annotations

from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import kernel
from plansim.estimation.checks import finite_states
from plansim.models.base import NoisyMotion


def moved(motion: NoisyMotion, states: Array, control: Array | None, dt: float, rng: np.random.Generator) -> Array:
    """A draw from p(x' | x, u) for each of the states (..., N, n); control: (m,) or (..., m), one for each member.

    A motion with a `transition` is linear with normal noise, by the protocol LinearMotion.
    """
    if hasattr(motion, "transition"):
        return _moved_linearly(motion, states, control, dt, rng)
    return finite_states(motion.sample(states, for_each(control), dt, rng), motion)


def for_each(control: Array | None) -> Array | None:
    """A control (..., m) of members becomes (..., 1, m): the same for each of a member's particles."""
    return control if control is None or np.ndim(control) < 2 else np.asarray(control, float)[..., None, :]


def root_of(cov: Array) -> Array:
    """A square root (..., n, n) of a covariance that may be singular: cov = root @ root.T."""
    variances, axes = np.linalg.eigh(cov)
    return axes * np.sqrt(np.maximum(variances, 0.0))[..., None, :]


def _moved_linearly(motion: Any, states: Array, control: Array | None, dt: float, rng: np.random.Generator) -> Array:
    n = states.shape[-1]
    root = root_of(motion.noise_cov(None, control, dt))
    noisy = np.ascontiguousarray(root[:, np.abs(root).max(0, initial=0.0) > 0])  # directions without noise need no draw
    drift = np.zeros((*states.shape[:-2], n))
    if control is not None and len(motion.control):
        drift += np.asarray(control, float) @ motion.input_matrix(dt).T
    turns = np.zeros(n)
    turns[list(motion.state.angle_indices)] = 1.0
    flat = np.ascontiguousarray(states, dtype=float).reshape(-1, n)
    out, draws = np.empty(states.shape), len(flat) * noisy.shape[1]
    rng.standard_normal(out=out.reshape(-1)[out.size - draws :])
    _move(flat, np.array(motion.transition(dt)), drift.reshape(-1, n), noisy, turns, out.reshape(-1))
    return out


@kernel
def _move(x, F, drift, root, turns, out):
    """out = F x + drift + root draws, of x (M, n), drift (B, n) with B a part of M; angles are wrapped.

    The draws (M, r) lie at the end of `out` (M n,): memory that is touched once is half of the time. No state is
    written over a draw that is still to be read, since r is at most n.
    """
    (count, n), r = x.shape, root.shape[1]
    each, first, noise = count // len(drift), count * (n - r), np.empty(r)
    for i in range(count):
        for c in range(r):
            noise[c] = out[first + i * r + c]
        member = i // each
        for row in range(n):
            total = drift[member, row]
            for c in range(n):
                total += F[row, c] * x[i, c]
            for c in range(r):
                total += root[row, c] * noise[c]
            if turns[row] != 0.0:
                total -= 2.0 * np.pi * np.rint(total / (2.0 * np.pi))
            out[i * n + row] = total
