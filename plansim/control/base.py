"""Whatever turns observations into actions, and all that model-predictive control knows of the world."""

from __future__ import annotations

from typing import Any, Protocol

from plansim.core.arrays import Array


class Policy(Protocol):
    """Acts on observations, one episode after another.

    A policy may also offer `metrics() -> dict[str, float]` (what it has to say of the episode so far, read at its end),
    `remark() -> str` (a sentence on an episode without success: that there is no path, say; empty where it has none),
    and `trace() -> dict[str, Array]` (its inner numbers of this step: estimates, plans, recorded with the trajectory).
    """

    def reset(self, seed: int | None = None) -> None: ...  # forget everything
    def act(self, observation: Any) -> Any: ...  # -> action


class WorldModel(Protocol):
    """An encoder, a dynamics, a price: known, learned or latent, it is the same call."""

    def encode(self, observation: Any) -> Array: ...  # -> latent (..., d)
    def step(self, latent: Array, action: Array) -> Array: ...  # -> latent
    def cost(self, latent: Array, action: Array) -> Array: ...  # -> (...)
