"""A car on a rail: the simplest thing that moves, and the first that one learns to filter."""

from __future__ import annotations

from plansim.core.errors import MalformedInput
from plansim.models.linear_motion import LinearSystem


def rail_car(drag: float = 0.0, acceleration_density: float = 0.1) -> LinearSystem:
    """position' = speed, speed' = acceleration - drag · speed + white noise, as an exact linear motion.

    drag: 1/s; acceleration_density: m²/s³ of the noise

    >>> rail_car().transition(0.5).tolist()
    [[1.0, 0.5], [0.0, 1.0]]
    """
    if not (drag >= 0 and acceleration_density >= 0):
        raise MalformedInput(f"drag {drag} and acceleration_density {acceleration_density} must be 0 or more")
    return LinearSystem(
        "position speed",
        [[0.0, 1.0], [0.0, -drag]],
        "acceleration",
        [[0.0], [1.0]],
        [[0.0, 0.0], [0.0, acceleration_density]],
    )
