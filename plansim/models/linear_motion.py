"""Linear motion with white noise, in continuous time, sampled exactly at any step."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array, numbers, readonly, symmetric, transpose
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout


class Sampled(NamedTuple):
    """x' = transition x + input u + w, w ~ N(0, noise_cov)."""

    transition: Array  # F (n, n)
    input: Array  # B (n, m)
    noise_cov: Array  # Q (n, n)


@dataclass(frozen=True, eq=False)
class LinearSystem:
    """dx/dt = A x + B u + w, w white with the spectral density `noise_density`.

    >>> car = LinearSystem("position speed", [[0, 1], [0, 0]], "acceleration", [[0], [1]], [[0, 0], [0, 0.1]])
    >>> car.transition(0.5).tolist()
    [[1.0, 0.5], [0.0, 1.0]]
    """

    names: str  # of the state
    dynamics: Array  # A (n, n), 1/s
    control_names: str = ""
    input: Array | None = None  # B (n, m)
    noise_density: Array | None = None  # (n, n), unit of the state squared per second; none where None
    angles: str = ""  # those of the names that are angles

    def __post_init__(self) -> None:
        n, m = len(self.state), len(self.control)
        shapes = {"dynamics": (n, n), "input": (n, m), "noise_density": (n, n)}
        for name, shape in shapes.items():
            given = getattr(self, name)
            value = numbers(name, np.zeros(shape) if given is None else given)
            if value.shape != shape:
                raise MalformedInput(
                    f"{name} has shape {value.shape}, but must have {shape}: {n} names, {m} control_names"
                )
            object.__setattr__(self, name, value)
        check_cov("noise_density", self.noise_density)

    @functools.cached_property
    def state(self) -> Layout:
        return layout(self.names, self.angles)

    @functools.cached_property
    def control(self) -> Layout:
        return layout(self.control_names)

    @functools.cached_property
    def sampled(self) -> functools._lru_cache_wrapper[Sampled]:
        """`sampled(dt)`, remembered."""
        return functools.lru_cache(maxsize=64)(functools.partial(sample, self.dynamics, self.input, self.noise_density))

    def transition(self, dt: float) -> Array:
        return self.sampled(dt).transition

    def input_matrix(self, dt: float) -> Array:
        return self.sampled(dt).input

    def noise_cov(self, x: Array | None, u: Array | None, dt: float) -> Array:
        return self.sampled(dt).noise_cov

    def jacobian(self, x: Array, u: Array | None, dt: float) -> Array:
        return self.sampled(dt).transition

    def step(self, x: Array, u: Array | None, dt: float) -> Array:
        return linear_step(self, x, u, dt)

    def sample(self, x: Array, u: Array | None, dt: float, rng: np.random.Generator) -> Array:
        return self.state.add(self.step(x, u, dt), normal_draws(self.noise_cov(x, u, dt), np.shape(x), rng))


def linear_step(motion, x: Array, u: Array | None, dt: float) -> Array:
    """F x + B u; the same to the bit for one state and for many."""
    moved = times(motion.transition(dt), x)
    return moved if u is None or not len(motion.control) else moved + times(motion.input_matrix(dt), u)


def times(matrix: Array, x: Array) -> Array:
    """matrix @ x for vectors x (..., n), (..., k), the same to the bit for one vector and for many."""
    columns = [matrix[..., i] * x[..., i, None] for i in range(matrix.shape[-1])]
    return functools.reduce(lambda a, b: a + b, columns)


def normal_draws(cov: Array, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Normal numbers of zero mean and covariance cov (n, n) or (..., n, n), which may be singular; (..., n)."""
    variances, axes = np.linalg.eigh(cov)
    root = axes * np.sqrt(np.maximum(variances, 0.0))[..., None, :]
    return (root @ rng.standard_normal(shape)[..., None])[..., 0]


def check_cov(name: str, cov: Array) -> None:
    """Refuses what is no covariance (n, n): not finite, not symmetric, or with a negative variance."""
    if not np.isfinite(cov).all():
        raise MalformedInput(f"{name} must be finite, but is {cov.tolist()}")
    size = np.abs(cov).max(initial=0.0)
    if np.abs(cov - transpose(cov)).max(initial=0.0) > 1e-9 * size:
        raise MalformedInput(f"{name} must be symmetric, but is {cov.tolist()}")
    least = np.linalg.eigvalsh(cov).min(initial=0.0)
    if least < -1e-9 * size:
        raise MalformedInput(f"{name} has the eigenvalue {least:g}, but a covariance has none below 0")


def sample(dynamics: Array, input: Array, noise_density: Array, dt: float) -> Sampled:
    """Exact for a control that is held (Van Loan 1978, "Computing integrals involving the matrix exponential")."""
    from scipy.linalg import expm

    if not 0 < dt < np.inf:
        raise MalformedInput(f"dt is {dt}, but must be a positive number of seconds")
    n, m = input.shape
    forward = expm(np.block([[dynamics, input], [np.zeros((m, n + m))]]) * dt)
    F = forward[:n, :n]
    both = expm(np.block([[-dynamics, noise_density], [np.zeros((n, n)), transpose(dynamics)]]) * dt)
    return Sampled(readonly(F), readonly(forward[:n, n:]), readonly(symmetric(F @ both[:n, n:])))
