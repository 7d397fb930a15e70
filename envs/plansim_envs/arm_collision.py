"""The KUKA's joint space as a planner meets it through PyBullet: whether a state is free is for PyBullet to say."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np

from plansim.core.arrays import Array
from plansim.core.cell_makers import cluttered_cell
from plansim.core.errors import MalformedInput
from plansim.core.solids import Solids
from plansim.models.kuka import kuka_iiwa
from plansim_envs.arm_bullet import Simulator, simulator


@dataclass(frozen=True, eq=False)
class PyBulletArm:
    """A space of joint angles (7,) for planners, and the `obstacles` of a `JointSpace`; itself an `is_free(states)`.

    Ways are tested at states whose joints are no more than `check_every` apart: some 0.1 ms each, and nothing is known
    of what lies between. `plansim.planning.spaces.arm.ArmSpace` answers a hundred times as fast, and without gaps.

    >>> PyBulletArm()(np.zeros((1, 7))).tolist()  # upright
    [True]
    """

    cell: Solids = field(default_factory=cluttered_cell)
    check_every: float = 0.02  # rad

    def __post_init__(self) -> None:
        if not 0.0 < self.check_every < np.inf:
            raise MalformedInput(f"check_every is {self.check_every}, but must be above 0")

    @property
    def dimension(self) -> int:
        return 7

    @property
    def low(self) -> Array:
        return kuka_limits()[0]

    @property
    def high(self) -> Array:
        return kuka_limits()[1]

    @functools.cached_property
    def _simulator(self) -> Simulator:
        return simulator(self.cell)

    def __call__(self, states: Array) -> Array:
        return self.is_free(states)

    def is_free(self, states: Array) -> Array:
        """Which of the states (..., 7) keep the limits and touch nothing, (...) bool."""
        states = np.asarray(states, dtype=float)
        free = ((states >= self.low) & (states <= self.high)).all(-1)
        rows, flat = states.reshape(-1, 7), np.array(free).reshape(-1)
        for i in np.flatnonzero(flat):
            flat[i] = self._simulator.is_free(rows[i])
        return flat.reshape(free.shape)

    def edge_free(self, a: Array, b: Array) -> Array:
        """Whether the states along the ways between states (..., 7) are free, (...) bool."""
        a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
        answers = [self._way_free(p, q) for p, q in zip(a.reshape(-1, 7), b.reshape(-1, 7), strict=True)]
        return np.array(answers, dtype=bool).reshape(a.shape[:-1])

    def _way_free(self, a: Array, b: Array) -> bool:
        count = max(int(np.ceil(np.abs(b - a).max() / self.check_every)), 1)
        # every eighth state first: most ways that are blocked show it there
        order = np.argsort(np.arange(count + 1) % 8 != 0, kind="stable")
        return all(self.is_free(a + (i / count) * (b - a)) for i in order)

    def distance(self, a: Array, b: Array) -> Array:
        return np.linalg.norm(np.subtract(b, a, dtype=float), axis=-1)

    def interpolate(self, a: Array, b: Array, t: Array) -> Array:
        return a + np.asarray(t, dtype=float)[..., None] * (np.asarray(b, dtype=float) - a)

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        return rng.uniform(self.low, self.high, size=(count, 7))


@functools.cache
def kuka_limits() -> tuple[Array, Array, Array]:
    """Lowest and highest angles, and fastest turns, (7,) each."""
    arm = kuka_iiwa()
    return arm.low, arm.high, arm.max_speed
