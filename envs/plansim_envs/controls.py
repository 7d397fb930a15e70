"""What a robot may be told to do: the usual limits of its controls, or those that are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from plansim.core.errors import MalformedInput

LIMITS = {"speed": (-0.5, 1.0), "turn_rate": (-1.5, 1.5), "acceleration": (-1.5, 1.5), "steering": (-0.6, 0.6)}


def control_space(names: Sequence[str], control_low: Any, control_high: Any) -> spaces.Box:
    """A Box over the named controls; the usual limits where low or high is None."""
    bounds = []
    for side, (name, given) in enumerate({"control_low": control_low, "control_high": control_high}.items()):
        unknown = [control for control in names if control not in LIMITS]
        if given is None and unknown:
            raise MalformedInput(f"no usual limits of {unknown[0]!r} are known: give control_low and control_high")
        bounds.append(given if given is not None else [LIMITS[control][side] for control in names])
        check_numbers(name, bounds[side], len(names))
    low, high = (np.array(bound, dtype=float) for bound in bounds)
    if not (low < high).all():
        raise MalformedInput(f"control_low is {low.tolist()}, but must lie below control_high {high.tolist()}")
    return spaces.Box(low, high, dtype=np.float64)


def check_numbers(name: str, values: Any, count: int, least: float = -np.inf) -> None:
    try:
        numbers = np.array(values, dtype=float)
    except (TypeError, ValueError):
        numbers = np.array(np.nan)
    if numbers.shape != (count,) or not (np.isfinite(numbers) & (numbers >= least)).all():
        raise MalformedInput(f"{name} is {values}, but must be {count} finite numbers" + " of 0 or more" * (least == 0))
