"""What is measured of a localisation: how soon it knows where it is, and knows it again after it was carried off.

The environment's info has "pose" (3,) and, where it kidnaps, "kidnapped"; the policy's trace has its "pose" (3,).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.scenario.episode_log import Log, Metric

NEAR = 0.5  # m, of the true position: a robot that is nearer knows its place
COLUMNS = ("info.pose", "trace.pose", "info.kidnapped")


class Stretch(NamedTuple):
    """Steps on end, and how far from the truth the estimate was in them."""

    errors: Array  # (T,) m

    @property
    def found(self) -> int | None:
        """The first step from which on it stays near; None where it does not."""
        far = np.flatnonzero(self.errors >= NEAR)
        first = int(far[-1]) + 1 if len(far) else 0
        return first if first < len(self.errors) else None


def stretches(log: Log) -> tuple[Stretch | None, Stretch | None]:
    """Before the robot was carried off, and after; None where there is no such time."""
    estimated, true = log.columns.get("trace.pose"), log.columns.get("info.pose")
    if not estimated or not true:
        return None, None
    off = np.array(estimated, float)[:, :2] - np.array(true, float)[: len(estimated), :2]
    errors = np.hypot(off[:, 0], off[:, 1])
    said = np.array(log.columns.get("info.kidnapped", ()), float)[: len(errors)] > 0
    moved = int(said.argmax()) if said.any() else len(errors)
    before, after = (Stretch(part) if len(part) else None for part in (errors[:moved], errors[moved:]))
    return before, after


def _localised(log: Log) -> bool | None:
    before, _ = stretches(log)
    return None if before is None else before.found is not None


def _recovered(log: Log) -> bool | None:
    _, after = stretches(log)
    return None if after is None else after.found is not None


def _steps_to_localise(log: Log) -> int | None:
    before, _ = stretches(log)
    return None if before is None else before.found


def _steps_to_recover(log: Log) -> int | None:
    _, after = stretches(log)
    return None if after is None else after.found


def _median_position_error(log: Log) -> float | None:
    parts = [part.errors for part in stretches(log) if part is not None]
    return float(np.median(np.concatenate(parts))) if parts else None


LOCALIZATION = {
    "localised": Metric("the estimate comes within half a metre of the truth and stays there, until the end or until "
                        "the robot is carried off", "rate", _localised, COLUMNS),
    "recovered": Metric("the same, after the robot was carried off", "rate", _recovered, COLUMNS),
    "steps_to_localise": Metric("steps until the estimate comes and stays within half a metre of the truth, where it "
                                "does", "steps", _steps_to_localise, COLUMNS),
    "steps_to_recover": Metric("the same, after the robot was carried off", "steps", _steps_to_recover, COLUMNS),
    "median_position_error": Metric("median distance of the estimated from the true position", "m",
                                    _median_position_error, COLUMNS),
}  # fmt: skip
