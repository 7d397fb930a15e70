"""A filter object of filterpy's gives through the adapter what it gives by itself, and its beliefs are values."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput, MissingExtra
from plansim.estimation.imm import InteractingMultipleModel
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.peers.filterpy_filter import FilterpyFilter
from plansim.models.kinematic import ConstantVelocity, CoordinatedTurn
from plansim.models.linear_motion import LinearSystem
from plansim.models.position import Position
from plansim.models.radar import Radar

peer = pytest.importorskip("filterpy.kalman")

CV, TURN = ConstantVelocity(acceleration_density=0.3), CoordinatedTurn()
RADAR, GPS = Radar(range_std=0.5, bearing_std=0.02), Position(1.0)
START = Gaussian(np.array([10.0, 5.0, 1.0, 0.0]), np.diag([2.0, 2.0, 1.0, 1.0]))
Z = np.array([10.0, 5.0]) + np.random.default_rng(0).normal(size=(8, 2)).cumsum(0)


def column_filter():
    kf = peer.KalmanFilter(dim_x=4, dim_z=2)
    kf.F, kf.Q = CV.transition(0.5), CV.noise_cov(None, None, 0.5)
    return kf


def flat_filter():
    kf = column_filter()
    kf.x = np.zeros(4)
    return kf


def square_root_filter():
    kf = peer.SquareRootKalmanFilter(dim_x=4, dim_z=2)
    kf.F, kf.Q = CV.transition(0.5), CV.noise_cov(None, None, 0.5)
    return kf


def unscented_filter():
    points = peer.MerweScaledSigmaPoints(5, alpha=0.5, beta=2.0, kappa=0.0)
    ukf = peer.UnscentedKalmanFilter(5, 2, 0.5, hx=None, fx=lambda x, dt: TURN.step(x, None, dt), points=points)
    ukf.Q = TURN.noise_cov(None, None, 0.5)
    return ukf


class TurningFilter(peer.ExtendedKalmanFilter):
    """As filterpy asks for it: a subclass that predicts."""

    def predict_x(self, u=0):
        self.F = TURN.jacobian(self.x[:, 0], None, 0.5)
        self.x = TURN.step(self.x[:, 0], None, 0.5)[:, None]


def extended_filter():
    ekf = TurningFilter(dim_x=5, dim_z=2)
    ekf.Q = TURN.noise_cov(None, None, 0.5)
    return ekf


def run(estimator, start, zs, sensor):
    belief, updates = estimator.around(start), []
    for z in zs:
        updates.append(estimator.update(estimator.predict(belief, None, 0.5), z, sensor))
        belief = updates[-1].belief
    return updates


def close(a, b, tolerance=1e-12):
    for mine, theirs in ((a.belief.mean, b.belief.mean), (a.belief.cov, b.belief.cov), *zip(a[1:], b[1:], strict=True)):
        if theirs is not None:
            np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("make", [column_filter, flat_filter, square_root_filter])
def test_a_linear_filter_is_the_kalman_filter(make):
    adapter = FilterpyFilter(make, "x y vx vy", dt=0.5)
    zs = [*Z[:3], None, *Z[3:]]
    for mine, ours in zip(run(adapter, START, zs, GPS), run(KalmanFilter(CV), START, zs, GPS), strict=True):
        close(mine, ours, 1e-10)


def test_an_extended_filter_is_ours():
    start = Gaussian(np.append(START.mean, 0.1), np.diag([2.0, 2.0, 1.0, 1.0, 0.05]))
    adapter = FilterpyFilter(extended_filter, "x y vx vy turn_rate")
    zs = RADAR.measure(Z)
    for mine, ours in zip(
        run(adapter, start, zs, RADAR), run(ExtendedKalmanFilter(TURN), start, zs, RADAR), strict=True
    ):
        close(mine, ours, 1e-10)


def test_an_unscented_filter_gives_what_it_gives_by_itself():
    start = Gaussian(np.append(START.mean, 0.1), np.diag([2.0, 2.0, 1.0, 1.0, 0.05]))
    alone = unscented_filter()
    alone.x, alone.P = start.mean.copy(), start.cov.copy()
    updates = run(FilterpyFilter(unscented_filter, "x y vx vy turn_rate"), start, RADAR.measure(Z), RADAR)
    for z, update in zip(RADAR.measure(Z), updates, strict=True):
        alone.predict(dt=0.5)
        alone.update(z, R=RADAR.cov, hx=RADAR.measure)
        np.testing.assert_allclose(update.belief.mean, alone.x, rtol=1e-10)
        np.testing.assert_allclose(update.belief.cov, alone.P, rtol=1e-9, atol=1e-12)
        assert update.log_likelihood == pytest.approx(alone.log_likelihood, rel=1e-9)


def test_bearings_are_told_apart_across_the_seam():
    """A target straight behind: filterpy by itself would see an innovation of a full turn."""
    start = Gaussian(np.array([-10.0, -0.05, 0.0, 0.0]), START.cov)
    behind = np.array([10.0, np.pi - 0.01])
    for make in (column_filter, flat_filter):
        (mine,) = run(FilterpyFilter(make, "x y vx vy"), start, [behind], RADAR)
        (ours,) = run(ExtendedKalmanFilter(CV), start, [behind], RADAR)
        close(mine, ours, 1e-9)
        assert abs(mine.innovation[1]) < 0.1


def test_the_object_is_never_shared_between_beliefs():
    kf = column_filter()
    adapter = FilterpyFilter(lambda: kf, "x y vx vy")
    first = run(adapter, START, Z, GPS)
    run(adapter, Gaussian(START.mean + 100.0, 9 * START.cov), Z[::-1], GPS)
    for a, b in zip(first, run(adapter, START, Z, GPS), strict=True):
        assert np.array_equal(a.belief.mean, b.belief.mean)
    assert not kf.x.any()
    assert np.array_equal(kf.P, np.eye(4))


def test_a_batch_is_its_members():
    adapter = FilterpyFilter(column_filter, "x y vx vy")
    start = Gaussian(START.mean + np.arange(3)[:, None], START.cov * np.arange(1, 4)[:, None, None])
    together = run(adapter, start, Z[:, None] + np.arange(3)[:, None], GPS)[-1]
    for i in range(3):
        alone = run(adapter, Gaussian(start.mean[i], start.cov[i]), Z + i, GPS)[-1]
        assert np.array_equal(together.belief.mean[i], alone.belief.mean)
        assert together.log_likelihood[i] == alone.log_likelihood


def test_prepare_sets_the_step_and_controls_reach_the_object():
    car = LinearSystem("x y vx vy", np.eye(4, k=2), "ax ay", np.eye(4, 2, k=-2), np.diag([0, 0, 0.1, 0.1]))

    def prepare(kf, dt):
        kf.F, kf.B, kf.Q = car.transition(dt), car.input_matrix(dt), car.noise_cov(None, None, dt)

    adapter, u = FilterpyFilter(column_filter, "x y vx vy", prepare=prepare), np.array([1.0, -2.0])
    for dt in (0.1, 0.7):
        mine, ours = adapter.predict(START, u, dt), KalmanFilter(car).predict(START, u, dt)
        np.testing.assert_allclose(mine.mean, ours.mean, rtol=1e-12)
        np.testing.assert_allclose(mine.cov, ours.cov, rtol=1e-12, atol=1e-12)


def test_it_may_be_a_mode_among_ours():
    theirs = InteractingMultipleModel(
        (FilterpyFilter(column_filter, "x y vx vy"), KalmanFilter(CV)), np.full((2, 2), 0.5)
    )
    ours = InteractingMultipleModel((KalmanFilter(CV), KalmanFilter(CV)), np.full((2, 2), 0.5))
    a, b = (run(one, START, Z, GPS)[-1] for one in (theirs, ours))
    np.testing.assert_allclose(a.belief.gaussian(CV.state).mean, b.belief.gaussian(CV.state).mean, rtol=1e-10)


def test_what_does_not_fit_is_refused_in_words(monkeypatch):
    with pytest.raises(MalformedInput, match=r"a step of 0.2 s, but the filter was made for 0.5 s"):
        FilterpyFilter(column_filter, "x y vx vy", dt=0.5).predict(START, None, 0.2)
    with pytest.raises(MalformedInput, match="make\\(\\) gave a filter of 4 components, but there are names for 2"):
        FilterpyFilter(column_filter, "x y").predict(START, None, 0.2)
    with pytest.raises(MalformedInput, match="make\\(\\) gave object, but must give a filter with x, P and R"):
        FilterpyFilter(object, "x y").predict(START, None, 0.2)
    with pytest.raises(MalformedInput, match="must be 2 finite numbers"):
        FilterpyFilter(column_filter, "x y vx vy").update(START, [np.nan, 0.0], GPS)
    monkeypatch.setitem(__import__("sys").modules, "filterpy", None)
    with pytest.raises(MissingExtra, match=r"pip install 'plansim\[peers\]'"):
        FilterpyFilter(column_filter, "x y vx vy").predict(START, None, 0.2)


def test_controls_that_cannot_be_meant_are_refused_and_an_empty_batch_is_a_batch():
    def pushed():
        kf = column_filter()
        kf.B = np.ones((4, 1))
        return kf

    estimator = FilterpyFilter(pushed, "x y vx vy")
    np.testing.assert_allclose(estimator.predict(START, [2.0], 0.5).mean, CV.transition(0.5) @ START.mean + 2.0)
    for control in (2.0, [1.0, 2.0], [np.nan]):
        with pytest.raises(MalformedInput, match="control"):
            estimator.predict(START, control, 0.5)
    nobody = Gaussian(np.zeros((0, 4)), np.zeros((0, 4, 4)))
    assert estimator.predict(nobody, [1.0], 0.5).cov.shape == (0, 4, 4)
    assert estimator.update(nobody, Z[0], GPS).innovation_cov.shape == (0, 2, 2)
