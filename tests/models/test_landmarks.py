"""Position and range-bearing sensors."""

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import compose
from plansim.models.position import Position
from plansim.models.range_bearing import RangeBearing

rng = np.random.default_rng(0)


def test_range_and_bearing_lead_from_the_robot_to_the_landmark():
    x, beacon = rng.uniform(-3, 3, (100, 3)), RangeBearing(landmark=(1.0, -2.0))
    z = beacon.measure(x)
    seen = np.stack([z[:, 0] * np.cos(z[:, 1]), z[:, 0] * np.sin(z[:, 1]), np.zeros(100)], -1)
    np.testing.assert_allclose(compose(x, seen)[:, :2], np.tile([1.0, -2.0], (100, 1)), atol=1e-12)


def test_bearings_are_wrapped_and_their_layout_knows_it():
    z = RangeBearing(landmark=(-1.0, 0.0)).measure(np.array([0.0, 0.0, -3.0]))
    assert abs(z[1]) <= np.pi
    assert RangeBearing.measurement.angles == ("bearing",)


def test_covariances_hold_variances():
    np.testing.assert_allclose(RangeBearing((0, 0), range_std=0.3, bearing_std=0.1).cov, np.diag([0.09, 0.01]))
    np.testing.assert_allclose(Position(std=0.5).cov, np.diag([0.25, 0.25]))


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(MalformedInput, match="std is 0"):
        Position(std=0)
    with pytest.raises(MalformedInput, match="bearing_std is -1"):
        RangeBearing((0, 0), bearing_std=-1)
    with pytest.raises(MalformedInput, match="one point"):
        RangeBearing((0, 0, 0))
