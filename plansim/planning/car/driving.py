"""From arcs to controls: what a vehicle is told, step by step, and the states that its own equations make of it."""

from __future__ import annotations

import functools

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import Kernel, kernel
from plansim.models.vehicle import Vehicle, compiled_step


def drive(robot: Vehicle, start: Array, arcs: Array, longest: float, dt: float) -> tuple[Array, Array]:
    """States (T + 1, n) and controls (T, 2) of a robot with speed and steering along arcs (M, 2), from a state (n,).

    arcs: curvature 1/m and length m, backwards where negative. Each is driven in equal steps of dt seconds and at most
    `longest` metres. The states are those of the robot's own step; headings are wrapped.
    """
    counts = np.maximum(np.ceil(np.abs(arcs[:, 1]) / longest - 1e-9).astype(int), 1)
    speed = np.repeat(arcs[:, 1] / counts / dt, counts)
    steering = np.repeat(np.arctan(robot.wheelbase * arcs[:, 0]), counts)  # type: ignore[attr-defined]
    controls = np.stack((speed, steering), axis=-1)
    return play(robot, start, controls, dt), controls


def play(robot: Vehicle, start: Array, controls: Array, dt: float) -> Array:
    """The states (T + 1, n) from `start` (n,) under controls (T, m), each held for dt seconds; headings are wrapped."""
    states = np.empty((len(controls) + 1, len(start)))
    states[0] = start
    _player(compiled_step(robot))(states, controls, np.array(robot.parameters()), dt)
    return robot.state.wrap(states)


@functools.cache
def _player(step: Kernel) -> Kernel:
    @kernel
    def play(states, controls, parameters, dt):
        for i in range(controls.shape[0]):
            step(states[i], controls[i], parameters, dt, states[i + 1])

    return play
