"""A vehicle that does not quite do as it is told: any vehicle as a motion with normal noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from plansim.core.arrays import Array, readonly, transpose
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.models import vehicle
from plansim.models.linearisation import linearised_step


@dataclass(frozen=True)
class Disturbed:
    """x' = step(x, u + v, dt) + w, v ~ N(0, control_std²), w ~ N(0, state_std² dt).

    An error of the control holds for one step and is another in the next, whatever dt is; that of the state grows with
    time. To first order Q = G diag(control_std²) Gᵀ + diag(state_std²) dt, with G = d step / du (Thrun, Burgard, Fox
    2005, Probabilistic Robotics, eq. 7.10).

    >>> from plansim.models.unicycle import Unicycle
    >>> robot = Disturbed(Unicycle(), control_std=(0.2, 0.1))
    >>> robot.noise_cov(np.zeros(3), np.array([1.0, 0.0]), dt=0.5).diagonal().round(6).tolist()
    [0.01, 0.000156, 0.0025]
    """

    motion: vehicle.Vehicle
    state_std: tuple[float, ...] = ()  # unit of each state / √s; none where empty
    control_std: tuple[float, ...] = ()  # unit of each control; none where empty

    def __post_init__(self) -> None:
        if not hasattr(self.motion, "equations"):
            raise MalformedInput(f"{type(self.motion).__name__} has no equations, so how its control errs is not known")
        for name, parts in (("state_std", self.state), ("control_std", self.control)):
            stds = tuple(getattr(self, name))
            object.__setattr__(self, name, stds)
            if stds and len(stds) != len(parts):
                raise MalformedInput(f"{name} has {len(stds)} numbers, but must have one for each of {parts.names}")
            if not all(0 <= std < np.inf for std in stds):
                raise MalformedInput(f"{name} is {stds}, but must be numbers of 0 or more")

    @property
    def state(self) -> Layout:
        return self.motion.state

    @property
    def control(self) -> Layout:
        return self.motion.control

    @property
    def integrator(self) -> vehicle.Integrator:
        return self.motion.integrator

    @property
    def equations(self) -> Callable[[Any], vehicle.Rate]:
        return self.motion.equations

    def parameters(self) -> tuple[float, ...]:
        return self.motion.parameters()

    @cached_property
    def state_variance(self) -> Array:
        """(n,), unit of each state squared per second."""
        return readonly(np.square(self.state_std or np.zeros(len(self.state))))

    @cached_property
    def control_variance(self) -> Array:
        """(m,)."""
        return readonly(np.square(self.control_std or np.zeros(len(self.control))))

    def step(self, x: Array, u: Array, dt: float) -> Array:
        return self.motion.step(x, u, dt)

    def jacobian(self, x: Array, u: Array, dt: float) -> Array:
        return self._jacobians(x, u, dt)[..., : len(self.state)]

    def noise_cov(self, x: Array, u: Array, dt: float) -> Array:
        """Q (..., n, n)."""
        held = np.diag(self.state_variance * abs(dt))
        if not self.control_std:
            return held
        G = self._jacobians(x, u, dt)[..., len(self.state) :]
        return (G * self.control_variance) @ transpose(G) + held

    def _jacobians(self, x: Array, u: Array, dt: float) -> Array:
        """F beside G."""
        linear = linearised_step(self.motion, x, u, dt)
        assert linear is not None  # a vehicle has equations
        return linear.jacobian

    def sample(self, x: Array, u: Array, dt: float, rng: np.random.Generator) -> Array:
        """States (..., n) that it may have reached: each with errors of its own."""
        x, u = np.asarray(x, dtype=float), np.asarray(u, dtype=float)
        batch = np.broadcast_shapes(x.shape[:-1], u.shape[:-1])
        v = rng.standard_normal((*batch, len(self.control))) * np.sqrt(self.control_variance)
        w = rng.standard_normal((*batch, len(self.state))) * np.sqrt(self.state_variance * abs(dt))
        return self.state.add(self.step(x, u + v, dt), w)
