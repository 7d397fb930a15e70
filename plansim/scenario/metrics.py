"""What is measured of an episode: a table of names, each with its meaning, its unit and how it is read.

A scenario may also name any number that its policy reports (`policy.metrics()`) or that its environment leaves in
the last step's info. Names that end in `seconds` or `seconds_per_step` are wall clock, and kept apart from the rest.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from plansim.core.layout import wrap_angle
from plansim.scenario.episode_log import Log, Metric
from plansim.scenario.estimation_metrics import ESTIMATION, component_metric
from plansim.scenario.localization_metrics import LOCALIZATION
from plansim.scenario.tracking_metrics import TRACKING


def _success(log: Log) -> float | bool | None:
    # the environment's word counts; an episode that the scenario cut short has not succeeded
    return log.info.get("is_success", False if log.out_of_time else None)


def _poses(log: Log) -> np.ndarray | None:
    rows = log.columns.get("info.pose")
    return np.array(rows, float) if rows else None


def _path_length(log: Log) -> float | None:
    if "path_length" in log.info:
        return log.info["path_length"]
    poses = _poses(log)
    return None if poses is None else float(np.hypot(*np.diff(poses[:, :2], axis=0).T).sum())


def _mean_speed(log: Log) -> float | None:
    length = _path_length(log)
    return None if length is None or not log.dt or not log.steps else float(length) / (log.steps * log.dt)


def _pose_errors(log: Log) -> np.ndarray | None:
    estimated, true = log.columns.get("trace.pose"), _poses(log)
    if not estimated or true is None:
        return None
    return np.array(estimated, float) - true[: len(estimated)]


def _position_error(log: Log) -> float | None:
    errors = _pose_errors(log)
    return None if errors is None else math.sqrt(float((errors[:, :2] ** 2).sum(-1).mean()))


def _heading_error(log: Log) -> float | None:
    errors = _pose_errors(log)
    return None if errors is None else math.sqrt(float((wrap_angle(errors[:, 2]) ** 2).mean()))


def _replans(log: Log) -> float | None:
    return max(0, log.policy["plans"] - 1) if "plans" in log.policy else None


def _cost_ratio(log: Log) -> float | None:
    cost, shortest = log.policy.get("plan_cost"), log.info.get("shortest")
    return None if cost is None or not shortest or math.isnan(cost) or math.isnan(shortest) else cost / shortest


def _action_rate(log: Log) -> float | None:
    actions = np.array(log.columns.get("action", ()), dtype=float)
    if len(actions) < 2 or not log.dt:
        return None
    changes = np.diff(actions.reshape(len(actions), -1), axis=0) / log.dt
    return math.sqrt(float((changes**2).sum(-1).mean()))


_POSES = ("info.pose", "trace.pose")

METRICS: dict[str, Metric] = {
    "success": Metric("the environment says that the task was done", "rate", _success),
    "return": Metric("sum of the rewards", "", lambda log: log.total_reward),
    "steps": Metric("actions until the end", "steps", lambda log: log.steps),
    "final_distance": Metric("distance to the goal at the end", "m", lambda log: log.info.get("distance_to_goal")),
    "path_length": Metric("distance travelled", "m", _path_length, ("info.pose",)),
    "mean_speed": Metric("distance travelled over simulated time", "m/s", _mean_speed, ("info.pose",)),
    "position_error": Metric("root mean square distance of the estimated from the true position", "m",
                             _position_error, _POSES),
    "heading_error": Metric("root mean square difference of the estimated and the true heading", "rad",
                            _heading_error, _POSES),
    "replans": Metric("plans made after the first", "plans", _replans),
    "action_rate": Metric("root mean square change of the action over time; the jerk, where it is an acceleration",
                          "1/s", _action_rate, ("action",)),
    "cost_ratio": Metric("cost of the plan over that of the best there is, where the environment knows it", "",
                         _cost_ratio),
    "seconds": Metric("wall clock of the episode", "s", lambda log: log.seconds),
    "seconds_per_step": Metric("wall clock of the policy for one action", "s",
                               lambda log: log.act_seconds / max(log.steps, 1)),
    "plan_seconds": Metric("wall clock spent planning", "s", lambda log: log.policy.get("plan_seconds")),
    **ESTIMATION,
    **LOCALIZATION,
    **TRACKING,
}  # fmt: skip


def is_wall_clock(name: str) -> bool:
    """Such a metric differs from run to run, so it never enters `episodes.csv`."""
    return name == "seconds" or name.endswith(("_seconds", "seconds_per_step"))


def is_rate(name: str, values: Iterable[float]) -> bool:
    """Zeros and ones are a rate, unless the table says that the metric is some other quantity."""
    if name in METRICS:
        return METRICS[name].unit == "rate"
    return not is_wall_clock(name) and all(value in (0, 1) for value in values)


@functools.cache
def metric(name: str) -> Metric | None:
    """The metric of this name, a plug-in's too, or of this `module:attribute`; None for what an episode reports."""
    if name in METRICS:
        return METRICS[name]
    if (component := component_metric(name)) is not None:
        return component
    from plansim.scenario.registry import known, load

    target = name if ":" in name else known("metric").get(name)
    return None if target is None else load(target)


def columns_for(names: Iterable[str]) -> frozenset[str]:
    """The columns that an episode must keep for these metrics."""
    return frozenset(column for name in names if (found := metric(name)) for column in found.keeps)


def measure(name: str, log: Log) -> float | int | None:
    """The metric's value in this episode; None where nothing reports it."""
    found = metric(name)
    if found is not None:
        return number(found.value(log))
    return number(log.policy[name] if name in log.policy else log.info.get(name))


def number(value: Any) -> float | int | None:
    """A plain Python number, so that every way of running prints the same text; None for what is not one number."""
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        return None
    return int(array.item()) if array.dtype.kind in "biu" else float(array.item())
