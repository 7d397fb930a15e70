"""Smoothing while measurements still arrive: what the state was a few steps ago, given all up to now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Estimator, Update
from plansim.estimation.smoothing.rauch_tung_striebel import RauchTungStriebel, smoothed_step


class Smoother(Protocol):
    """How a belief hangs together with the prediction that was made from it."""

    def gain(self, before: Gaussian, predicted: Gaussian, control: Array | None, dt: float) -> Array: ...


class Window(NamedTuple):
    """The belief of now, and what led to it over at most `lag` predictions, the oldest first."""

    now: Any  # the filter's own belief
    before: tuple[Gaussian, ...]  # of each prediction: what it was made from,
    predicted: tuple[Gaussian, ...]  # what it came to,
    gains: tuple[Array, ...]  # (..., n, n), and how the two hang together

    def gaussian(self, layout: Layout) -> Gaussian:
        """Of now, as the filter alone has it."""
        return self.now.gaussian(layout)


@dataclass(frozen=True)
class FixedLagSmoother:
    """p(x_t-lag | z_1:t) at every step: the Rauch–Tung–Striebel smoother over a window that moves along.

    An estimator around another one: its belief is the window, `delayed` what it is for. A step counts by predictions,
    however many measurements lie between them.

    >>> from plansim.estimation import KalmanFilter
    >>> from plansim.models.kinematic import ConstantVelocity
    >>> smoother = FixedLagSmoother(KalmanFilter(ConstantVelocity()), lag=5)
    >>> belief = smoother.around(Gaussian(np.zeros(4), np.eye(4)))
    >>> for _ in range(8):
    ...     belief = smoother.predict(belief, None, dt=0.1)
    >>> smoother.smoothed(belief).mean.shape
    (6, 4)
    """

    filter: Estimator
    lag: int = 10  # predictions
    smoother: Smoother | None = None  # Rauch–Tung–Striebel over the filter's motion where None

    def __post_init__(self) -> None:
        if self.lag < 1:
            raise MalformedInput(f"lag is {self.lag}, but must be a number of steps of at least 1")

    @property
    def state(self) -> Layout:
        return self.filter.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Window:
        return Window(self.filter.around(belief, rng), (), (), ())

    def predict(
        self, belief: Window, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Window:
        moved = self.filter.predict(belief.now, control, dt, rng)
        before, predicted = belief.now.gaussian(self.state), moved.gaussian(self.state)
        smoother: Any = self.smoother or RauchTungStriebel(self.filter.motion)  # type: ignore[attr-defined]
        link = before, predicted, smoother.gain(before, predicted, control, dt)
        return Window(moved, *((*old, new)[-self.lag :] for old, new in zip(belief[1:], link, strict=True)))

    def update(
        self, belief: Window, measurement: Array | None, sensor: Any, rng: np.random.Generator | None = None
    ) -> Update:
        update = self.filter.update(belief.now, measurement, sensor, rng)
        return update._replace(belief=belief._replace(now=update.belief))

    def smoothed(self, belief: Window) -> Gaussian:
        """Every state of the window, the oldest first, given all measurements: mean (..., L+1, n)."""
        states = [belief.gaussian(self.state)]
        for before, predicted, gain in zip(*(reversed(part) for part in belief[1:]), strict=True):
            states.append(smoothed_step(self.state, before, predicted, states[-1], gain))
        states.reverse()
        return Gaussian(np.stack([s.mean for s in states], -2), np.stack([s.cov for s in states], -3))

    def delayed(self, belief: Window) -> Gaussian:
        """The state `lag` steps ago, or the first there was, given all measurements up to now."""
        window = self.smoothed(belief)
        return Gaussian(window.mean[..., 0, :], window.cov[..., 0, :, :])
