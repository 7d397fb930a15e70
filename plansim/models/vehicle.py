"""Vehicles: their equations written once, for numpy, torch, compiled kernels and dual numbers.

A vehicle is a frozen dataclass with its `equations`; the functions `step` and `inverse` of this module become its
methods by assignment in the class body. `compiled_step` gives the same step to kernels.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal, Protocol

import numpy as np

from plansim.core import dual, scalar
from plansim.core.arrays import Array, namespace, stack
from plansim.core.errors import MalformedInput, near_miss
from plansim.core.kernel import Kernel, kernel
from plansim.core.layout import Layout

Integrator = Literal["rk4", "euler"]
Rate = Callable[[Any, Any, Any], tuple]  # (x, u, p) -> dx/dt, all of them tuples of components


class EquationsOfMotion(Protocol):
    """What moves by equations, under a control that is held for a step."""

    @property
    def state(self) -> Layout: ...
    @property
    def control(self) -> Layout: ...
    @property
    def integrator(self) -> Integrator: ...
    @staticmethod
    def equations(m) -> Rate: ...  # in the words of the namespace m: numpy, torch, scalar, dual
    def parameters(self) -> tuple[float, ...]: ...  # the p of the equations


class Vehicle(EquationsOfMotion, Protocol):
    """A motion model made of equations that can also be driven."""

    def step(self, x: Array, u: Array, dt: float) -> Array: ...  # (..., n), (..., m) -> (..., n); angles run on
    def guess(self, x: Array, x_next: Array, dt: float) -> Array: ...  # a closed form near the inverse
    def inverse(self, x: Array, x_next: Array, dt: float) -> Array: ...  # the control between two states, (..., m)
    def control_for(self, x: Array, speed: Array, curvature: Array, dt: float) -> Array: ...  # (..., m)


def step(self: EquationsOfMotion, x: Array, u: Array, dt: float) -> Array:
    """The state after dt seconds of the control u; a negative dt drives back in time.

    numpy or torch, (..., n) and (..., m) -> (..., n). Headings are not wrapped, so that they can be differentiated.
    """
    m = namespace(x, u)
    if m is np:
        x, u = np.asarray(x, dtype=float), np.asarray(u, dtype=float)
    move = _move(self.equations, len(self.state), self.integrator, m)
    return stack(move(_components(x), _components(u), self.parameters(), dt), like=x)


def inverse(self: Vehicle, x: Array, x_next: Array, dt: float) -> Array:
    """The control that leads from x to x_next in dt seconds, (..., m): the nearest one where none does exactly.

    Gauss-Newton on the difference of states, from the vehicle's closed form. What cannot be observed (the steering of
    a standing car) is zero.
    """
    x, x_next = np.asarray(x, dtype=float), np.asarray(x_next, dtype=float)
    u = self.guess(x, x_next, dt)
    for _ in range(20):
        reached, _, G = _linearised(self, x, u, dt)
        miss = self.state.difference(x_next, reached)
        change = (np.linalg.pinv(G, rcond=1e-9) @ miss[..., None])[..., 0]
        u = u + change
        if np.all(np.abs(change) <= 1e-14 + 1e-13 * np.abs(u)):
            break
    return u


def jacobians(vehicle: EquationsOfMotion, x: Array, u: Array, dt: float) -> tuple[Array, Array]:
    """F = d step / dx (..., n, n) and G = d step / du (..., n, m), exact to rounding."""
    _, F, G = _linearised(vehicle, x, u, dt)
    return F, G


def _linearised(vehicle: EquationsOfMotion, x: Array, u: Array, dt: float) -> tuple[Array, Array, Array]:
    n, x, u = len(vehicle.state), np.asarray(x, dtype=float), np.asarray(u, dtype=float)
    batch = np.broadcast_shapes(x.shape[:-1], u.shape[:-1])
    both = np.concatenate([np.broadcast_to(a, (*batch, a.shape[-1])) for a in (x, u)], axis=-1)
    variables = dual.variables(both)
    move = _move(vehicle.equations, n, vehicle.integrator, dual)
    value, slope = dual.linear(move(variables[:n], variables[n:], vehicle.parameters(), dt), like=both)
    return value, slope[..., :n], slope[..., n:]


def _euler(rate, advance):
    def move(x, u, p, dt):
        return advance(x, dt, rate(x, u, p))

    return move


def _rk4(rate, advance):
    """The classical method of Kutta (1901), the control held."""

    def move(x, u, p, dt):
        a = rate(x, u, p)
        b = rate(advance(x, dt / 2, a), u, p)
        c = rate(advance(x, dt / 2, b), u, p)
        d = rate(advance(x, dt, c), u, p)
        return advance(x, dt / 6, advance(advance(advance(a, 2.0, b), 2.0, c), 1.0, d))

    return move


_INTEGRATORS: dict[str, Callable] = {"rk4": _rk4, "euler": _euler}


def _integrator(name: str) -> Callable:
    if name not in _INTEGRATORS:
        raise MalformedInput(
            f"no integrator {name!r}; there are {', '.join(_INTEGRATORS)}{near_miss(name, _INTEGRATORS)}"
        )
    return _INTEGRATORS[name]


@functools.cache
def _move(equations: Callable, n: int, integrator: str, m: Any) -> Callable:
    return _integrator(integrator)(equations(m), _advance(n))


# numba needs tuples of known length, and takes their components at fixed indices only: hence these one-line texts


@functools.cache
def _advance(n: int) -> Callable:
    """(x, h, k) -> x + h k, over tuples of n components."""
    return eval(f"lambda x, h, k: ({''.join(f'x[{i}] + h * k[{i}], ' for i in range(n))})")


@functools.cache
def _unpack(n: int) -> Callable:
    return eval(f"lambda x: ({''.join(f'x[{i}], ' for i in range(n))})")


def _components(x: Array) -> tuple[Array, ...]:
    return tuple(x[..., i] for i in range(x.shape[-1]))


def compiled_step(vehicle: EquationsOfMotion | type, integrator: Integrator | None = None) -> Kernel:
    """The kernel `step(x (n,), u (m,), p (k,), dt, out (n,))`, to be called from Python or from other kernels.

    p: the vehicle's `parameters()`, as an array or a tuple. `out` may be x itself. A class whose fields all have
    defaults may stand for its vehicles: the kernel depends on the equations only.
    """
    return _kernels(vehicle, integrator)[0]


def compiled_steps(vehicle: EquationsOfMotion | type, integrator: Integrator | None = None) -> Kernel:
    """The kernel `steps(x (B, n), u (B, m), p (k,), dt, out (B, n))`: `compiled_step` for each of B vehicles."""
    return _kernels(vehicle, integrator)[1]


def _kernels(vehicle: EquationsOfMotion | type, integrator: Integrator | None) -> tuple[Kernel, Kernel]:
    v: Any = vehicle() if isinstance(vehicle, type) else vehicle
    sizes = len(v.state), len(v.control), len(v.parameters())
    return _compiled(v.equations, *sizes, integrator or v.integrator)


@functools.cache
def _compiled(equations: Callable, n: int, m: int, k: int, integrator: str) -> tuple[Kernel, Kernel]:
    states, controls, parameters = (kernel(_unpack(size)) for size in (n, m, k))
    move = kernel(_integrator(integrator)(kernel(equations(scalar)), kernel(_advance(n))))

    @kernel
    def step(x, u, p, dt, out):
        y = move(states(x), controls(u), parameters(p), dt)
        for i in range(n):
            out[i] = y[i]

    @kernel
    def steps(x, u, p, dt, out):
        for b in range(x.shape[0]):
            step(x[b], u[b], p, dt, out[b])

    return step, steps
