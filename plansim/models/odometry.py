"""Wheel odometry: how a robot's pose moves with what its wheels report, and how far the report may be off."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import cos, sin, sqrt
from typing import ClassVar

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.geometry import POSE, between, compose
from plansim.core.kernel import kernel
from plansim.core.layout import Layout, layout
from plansim.core.scalar import wrap_angle


@dataclass(frozen=True)
class WheelOdometry:
    """A motion model whose control is the measured increment: the new pose in the frame of the previous one.

    The error of an increment (forward, left, turn) is normal and independent of the others; its variance grows in
    proportion to distance and turn, so that many short increments err as one long one does:

        translation variance = translation_per_metre^2 * distance + translation_per_radian^2 * |turn|
        rotation variance    = rotation_per_metre^2 * distance + rotation_per_radian^2 * |turn|

    Forward and left err alike. After Thrun, Burgard, Fox 2005, Probabilistic Robotics, section 5.4, which has the
    error in three turns and drives instead, and a spread that depends on the length of the increments.

    >>> odometry = WheelOdometry(translation_per_metre=0.02, rotation_per_metre=0.01)
    >>> odometry.increment_std(np.array([4.0, 0.0, 0.0])).tolist()
    [0.04, 0.04, 0.02]
    """

    translation_per_metre: float = 0.03  # m, std of each axis after one metre
    translation_per_radian: float = 0.01  # m, std of each axis after one radian
    rotation_per_metre: float = 0.03  # rad, std after one metre
    rotation_per_radian: float = 0.05  # rad, std after one radian

    state: ClassVar[Layout] = POSE
    control: ClassVar[Layout] = layout("forward left turn", angles="turn")

    def __post_init__(self) -> None:
        for field in fields(self):
            if not 0 <= getattr(self, field.name) < np.inf:
                raise MalformedInput(f"{field.name} is {getattr(self, field.name)}, but must be a std of 0 or more")

    def parameters(self) -> tuple[float, float, float, float]:
        """What the kernel `increment_spread` needs to know."""
        a, b = float(self.translation_per_metre), float(self.translation_per_radian)
        return a, b, float(self.rotation_per_metre), float(self.rotation_per_radian)

    def increment(self, before: Array, after: Array) -> Array:
        """What perfect wheels report between two states that begin with a pose, (..., 3)."""
        return between(before[..., :3], after[..., :3])

    def increment_std(self, increment: Array) -> Array:
        """Standard deviations of the error in forward, left and turn, (..., 3)."""
        increment = np.asarray(increment, dtype=float)
        out = np.empty((increment.size // 3, 3))
        _fill_std(increment.reshape(-1, 3), self.parameters(), out)
        return out.reshape(increment.shape)

    def step(self, x: Array, u: Array, dt: float) -> Array:
        """The pose after the increment u; time has no part in it."""
        return compose(x, u)

    def jacobian(self, x: Array, u: Array, dt: float) -> Array:
        """d step / dx, (..., 3, 3)."""
        x, u = np.asarray(x, dtype=float), np.asarray(u, dtype=float)
        c, s = np.cos(x[..., 2]), np.sin(x[..., 2])
        F = np.zeros((*np.broadcast_shapes(x.shape[:-1], u.shape[:-1]), 3, 3)) + np.eye(3)
        F[..., 0, 2] = -s * u[..., 0] - c * u[..., 1]
        F[..., 1, 2] = c * u[..., 0] - s * u[..., 1]
        return F

    def noise_cov(self, x: Array | None, u: Array, dt: float) -> Array:
        """Q (..., 3, 3), the same in every direction of the robot: forward and left err alike."""
        return self.increment_std(u)[..., None] ** 2 * np.eye(3)

    def sample(self, x: Array, u: Array, dt: float, rng: np.random.Generator) -> Array:
        """Poses (..., 3) that the robot may have reached: the increment u (3,) or (..., 3), each with its own error."""
        x, u = np.asarray(x, dtype=float), np.asarray(u, dtype=float)
        shape = np.broadcast_shapes(x.shape, u.shape)
        out = rng.standard_normal((int(np.prod(shape[:-1])), 3))
        poses, increments = (np.array(np.broadcast_to(a, shape)).reshape(-1, 3) for a in (x, u))
        _move_noisily(poses, increments, self.parameters(), out)
        return out.reshape(shape)


@kernel
def increment_spread(forward, left, turn, parameters):
    """Standard deviations of an increment's translation (each axis) and rotation."""
    translation_per_metre, translation_per_radian, rotation_per_metre, rotation_per_radian = parameters
    distance, turned = sqrt(forward * forward + left * left), abs(turn)
    translation = sqrt(translation_per_metre**2 * distance + translation_per_radian**2 * turned)
    return translation, sqrt(rotation_per_metre**2 * distance + rotation_per_radian**2 * turned)


@kernel
def _fill_std(increments, parameters, out):
    for i in range(increments.shape[0]):
        u = increments[i]
        translation, rotation = increment_spread(u[0], u[1], u[2], parameters)
        out[i, 0] = out[i, 1] = translation
        out[i, 2] = rotation


@kernel
def _move_noisily(poses, increments, parameters, out):
    """Turns the standard normal numbers in `out` into the poses after noisy increments."""
    for i in range(poses.shape[0]):
        u = increments[i]
        translation, rotation = increment_spread(u[0], u[1], u[2], parameters)
        forward, left = u[0] + translation * out[i, 0], u[1] + translation * out[i, 1]
        c, s = cos(poses[i, 2]), sin(poses[i, 2])
        out[i, 0] = poses[i, 0] + c * forward - s * left
        out[i, 1] = poses[i, 1] + s * forward + c * left
        out[i, 2] = wrap_angle(poses[i, 2] + (u[2] + rotation * out[i, 2]))
