"""When a robot knows its place: from the step on from which the estimate stays near the truth."""

import numpy as np
import pytest

from plansim.scenario.episode_log import Log
from plansim.scenario.metrics import measure


def log(errors, kidnapped=None):
    """An episode whose estimate is off by so many metres, step by step."""
    true = np.cumsum(np.ones((len(errors) + 1, 3)), axis=0)
    off = np.array([[0.6, 0.8, 0.0]]) * np.array(errors)[:, None]
    columns = {"info.pose": list(true), "trace.pose": list(true[:-1] + off)}
    if kidnapped is not None:
        columns["info.kidnapped"] = list(np.arange(len(errors) + 1) >= kidnapped)
    return Log(columns=columns)


NAMES = ("localised", "steps_to_localise", "recovered", "steps_to_recover")


@pytest.mark.parametrize(
    ("errors", "kidnapped", "found"),
    [
        ([0.1, 0.1], None, (True, 0, None, None)),
        ([9.0, 3.0, 0.4, 0.1], None, (True, 2, None, None)),
        ([0.1, 9.0, 0.1], None, (True, 2, None, None)),
        ([0.1, 9.0], None, (False, None, None, None)),
        ([0.1, 0.1, 9.0, 9.0, 0.1], 2, (True, 0, True, 2)),
        ([9.0, 9.0, 9.0, 9.0], 3, (False, None, False, None)),
        ([0.1, 0.1], 5, (True, 0, None, None)),
    ],
)
def test_it_knows_its_place_from_the_step_on_from_which_it_stays_near(errors, kidnapped, found):
    measured = tuple(measure(name, log(errors, kidnapped)) for name in NAMES)
    assert measured == found


def test_the_median_error_is_that_of_all_steps():
    assert measure("median_position_error", log([9.0, 1.0, 3.0], 2)) == pytest.approx(3.0)


def test_where_nothing_is_estimated_nothing_is_measured():
    assert [measure(name, Log()) for name in (*NAMES, "median_position_error")] == [None] * 5
