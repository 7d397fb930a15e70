"""What is measured of an episode, against what is known of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from plansim.scenario.metrics import METRICS, Log, columns_for, is_rate, is_wall_clock, measure, number


def circle(estimate_offset=(0.0, 0.0, 0.0), radius=2.0, steps=2000) -> Log:
    heading = np.linspace(0.0, 2 * math.pi, steps + 1)
    poses = np.stack([radius * np.cos(heading), radius * np.sin(heading), heading], -1)
    columns = {"info.pose": list(poses), "trace.pose": list(poses[:-1] + estimate_offset)}
    return Log(steps=steps, columns=columns, dt=0.1)


def test_a_circles_length_is_its_circumference():
    assert measure("path_length", circle()) == pytest.approx(4 * math.pi, rel=1e-5)
    assert measure("mean_speed", circle()) == pytest.approx(4 * math.pi / 200, rel=1e-5)


def test_the_environments_own_length_comes_first():
    log = circle()
    log.info = {"path_length": 7.0}
    assert measure("path_length", log) == 7.0


def test_a_constant_offset_is_the_error():
    assert measure("position_error", circle((0.3, 0.4, 0.0))) == pytest.approx(0.5)
    assert measure("heading_error", circle((0.0, 0.0, 0.1))) == pytest.approx(0.1)


def test_a_full_turn_is_no_heading_error():
    assert measure("heading_error", circle((0.0, 0.0, 2 * math.pi))) == pytest.approx(0.0, abs=1e-12)


def test_what_nothing_reports_has_no_value():
    names = [name for name in METRICS if name not in ("return", "steps", "seconds", "seconds_per_step")]
    assert all(measure(name, Log()) is None for name in names)
    assert measure("whatever", Log()) is None


def test_any_number_of_policy_or_environment_is_a_metric():
    log = Log(info={"collisions": np.int64(3), "word": "no"}, policy={"expanded": 120, "collisions": 1.5})
    assert [measure(name, log) for name in ("expanded", "collisions", "word")] == [120, 1.5, None]


def test_another_packages_metric_is_named_by_its_place():
    assert measure("tests.scenario.test_metrics:TWICE", Log(steps=4)) == 8


TWICE = type(METRICS["steps"])("twice the steps", "steps", lambda log: 2 * log.steps)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (True, 1),
        (np.bool_(False), 0),
        (np.float32(0.5), 0.5),
        (np.array([7]), 7),
        (None, None),
        ("x", None),
        ([1, 2], None),
    ],
)
def test_numbers_become_plain_python(value, plain):
    assert number(value) == plain
    assert type(number(value)) is type(plain)


def test_zeros_and_ones_are_a_rate_unless_the_table_knows_better():
    assert is_rate("collided", [0, 1, 1])
    assert not is_rate("collided", [0, 0.5])
    assert not is_rate("steps", [1, 1])
    assert is_rate("success", [])


def test_wall_clock_is_known_by_its_name():
    assert [is_wall_clock(name) for name in ("seconds", "plan_seconds", "seconds_per_step", "steps")] == [True] * 3 + [
        False
    ]


def test_only_the_columns_that_metrics_need_are_kept():
    assert columns_for(["success", "return"]) == set()
    assert columns_for(["position_error"]) == {"info.pose", "trace.pose"}


def test_the_action_rate_is_the_root_mean_square_change_of_the_action_over_time():
    actions = np.array([[0.0, 0.0], [0.3, 0.4], [0.3, 0.0]])
    log = Log(steps=3, dt=0.1, columns={"action": list(actions)})
    assert measure("action_rate", log) == pytest.approx(np.sqrt((5.0**2 + 4.0**2) / 2))
    assert measure("action_rate", Log(steps=1, dt=0.1, columns={"action": [actions[0]]})) is None
