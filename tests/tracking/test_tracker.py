"""The tracker: the same by both its paths, its tracks' names and lives, sensors that do not see all, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tracking.scenes import AREA, traffic
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation import KalmanFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position
from plansim.tracking import (
    BestHypotheses,
    ExistenceProbability,
    GlobalNearestNeighbour,
    HitsOfScans,
    JointProbabilistic,
    JointProbabilisticStar,
    LikelihoodRatio,
    NearestNeighbour,
    OnePoint,
    Tracker,
    TwoPoint,
)
from plansim.tracking.tracks import COLUMNS

SENSOR = Position(std=10.0)
LIVES = [ExistenceProbability(), HitsOfScans(hits=4, scans=5), LikelihoodRatio()]
ASSOCIATORS = [
    *(NearestNeighbour(), GlobalNearestNeighbour(), JointProbabilistic()),
    *(BestHypotheses(20), JointProbabilisticStar(20)),
]


def tracker(**settings) -> Tracker:
    settings = {"clutter_density": 1 / AREA, "birth_density": 1e-3 / AREA} | settings
    return Tracker(KalmanFilter(ConstantVelocity(acceleration_density=1.0)), **settings)


def straight(t: float) -> list[list[float]]:
    return [[10.0 * t, 0.0], [1000.0, 500.0 - 10.0 * t]]


@pytest.mark.parametrize("life", LIVES, ids=lambda a: type(a).__name__)
@pytest.mark.parametrize("exact_limit", [1e5, 0.0])
def test_the_compiled_scan_answers_as_any_estimator_does(life, exact_limit):
    scans = traffic(12, seed=0, scans=25).detections
    associator = JointProbabilistic(exact_limit=exact_limit, tolerance=1e-13)
    fast, slow = (tracker(life=life, associator=associator, compiled=compiled) for compiled in (True, False))
    for number, z in enumerate(scans):
        dt = 0.0 if number % 7 == 3 else 1.0
        a, b = fast.step(z, SENSOR, dt), slow.step(z, SENSOR, dt)
        for name in COLUMNS:
            np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-9, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(a.belief.mean, b.belief.mean, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(a.belief.cov, b.belief.cov, rtol=1e-9, atol=1e-9)
        assert (a.next_id, a.undetected) == (b.next_id, b.undetected)
    assert a.confirmed.sum() >= 10


def test_covariances_are_symmetric_to_the_last_bit():
    for compiled in (True, False):
        t = tracker(compiled=compiled, clutter_density=1e-3)
        for z in traffic(12, seed=5, scans=15).detections:
            cov = t.step(np.concatenate([z, z + 7.0]), SENSOR, 1.0).belief.cov
            assert np.array_equal(cov, cov.swapaxes(1, 2))


def test_three_axes_and_correlated_noise_take_the_compiled_path_too():
    cov = np.array([[4.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 3.0]])
    sensor = LinearSensor("x y z", np.eye(3, 6), cov)
    rng, motion = np.random.default_rng(1), ConstantVelocity(dimension=3)
    both = [Tracker(KalmanFilter(motion), clutter_density=1e-6, compiled=c) for c in (True, False)]
    x = rng.uniform(0, 50, (5, 6))
    for _ in range(12):
        x = motion.sample(x, None, 0.5, rng)
        z = x[:, :3] + rng.multivariate_normal(np.zeros(3), cov, 5)
        a, b = (t.step(z, sensor, 0.5) for t in both)
        np.testing.assert_allclose(a.belief.cov, b.belief.cov, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(a.existence, b.existence, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("life", LIVES, ids=lambda a: type(a).__name__)
@pytest.mark.parametrize("associator", ASSOCIATORS, ids=lambda a: type(a).__name__)
def test_every_associator_with_every_life_follows_targets_through_clutter(associator, life):
    field = traffic(8, seed=2, scans=30)
    t = tracker(associator=associator, life=life)
    for z in field.detections:
        found = t.step(z, SENSOR, 1.0).reported
    distance = np.linalg.norm(found.belief.mean[:, None, :2] - field.truth[-1][None, :, :2], axis=-1)
    assert (distance.min(axis=0) < 40).sum() >= 7  # targets that have a track
    assert (distance.min(axis=1) > 100).sum() <= 2  # tracks that have no target


def test_two_targets_alone_keep_their_names():
    t = tracker()
    for k in range(12):
        tracks = t.step(straight(k), SENSOR, 1.0)
    assert tracks.reported.ids.tolist() == [0, 1]
    np.testing.assert_allclose(tracks.belief.mean, [[110, 0, 10, 0], [1000, 390, 0, -10]], atol=2.0)
    assert tracks.detection.tolist() == [0, 1]
    assert tracks.hits.tolist() == [12, 12]


def test_one_track_without_rivals_is_the_kalman_filter():
    # a gate that holds all, no clutter, always seen: one hypothesis is left
    motion = ConstantVelocity()
    t = Tracker(
        KalmanFilter(motion),
        clutter_density=1e-200,
        birth_density=1e-201,
        detection_probability=1.0,
        gate_probability=1 - 1e-12,
    )
    start = OnePoint().start(np.array([[3.0, 4.0]]), np.ones(1), SENSOR, motion.state, None, 1.0).belief
    mean, cov, F, H = start.mean[0], start.cov[0], motion.transition(1.0), np.eye(2, 4)
    t.step([[3.0, 4.0]], SENSOR, 1.0)
    for k in range(1, 8):
        z = np.array([3.0 + 8 * k, 4.0 - 5 * k])
        tracks = t.step([z], SENSOR, 1.0)
        mean, cov = F @ mean, F @ cov @ F.T + motion.noise_cov(None, None, 1.0)
        K = np.linalg.solve(H @ cov @ H.T + SENSOR.cov, H @ cov).T
        mean, cov = mean + K @ (z - H @ mean), (np.eye(4) - K @ H) @ cov
        np.testing.assert_allclose(tracks.belief.mean[0], mean, rtol=1e-9)
        np.testing.assert_allclose(tracks.belief.cov[0], cov, rtol=1e-8, atol=1e-9)


def test_existence_of_one_track_is_the_integrated_filters():
    # Musicki, Evans and Stankovic 1994: the chance of existence by Bayes' rule over "missed" and each detection
    r, P, P_D, P_G = 1.0, None, 0.9, 0.999
    t = tracker(gate_probability=P_G, survival=0.99)
    tracks = t.step([[0.0, 0.0]], SENSOR, 1.0)
    clutter = 1 / AREA
    undetected = 1e-3 / AREA / 0.01 * 0.99 + 1e-3 / AREA
    r = 0.9 * undetected / (clutter + 0.9 * undetected)
    assert tracks.existence[0] == pytest.approx(r, rel=1e-12)
    undetected = undetected * 0.1 * 0.99 + 1e-3 / AREA
    z, motion = np.array([5.0, -3.0]), ConstantVelocity(acceleration_density=1.0)
    P = motion.transition(1.0) @ np.diag([100.0] * 4) @ motion.transition(1.0).T + motion.noise_cov(None, None, 1.0)
    S = P[:2, :2] + SENSOR.cov
    density = np.exp(-0.5 * z @ np.linalg.solve(S, z)) / (2 * np.pi * np.sqrt(np.linalg.det(S)))
    ratio = 1 - P_D * P_G + P_D * density / (clutter + 0.9 * undetected)
    r = 0.99 * r
    expected = r * ratio / (1 - r + r * ratio)
    assert t.step([z], SENSOR, 1.0).existence[0] == pytest.approx(expected, rel=1e-9)
    expected *= 0.99
    after = t.step([], SENSOR, 1.0).existence[0]
    assert after == pytest.approx(expected * (1 - P_D * P_G) / (1 - expected * P_D * P_G), rel=1e-9)


@pytest.mark.parametrize("life", LIVES, ids=lambda a: type(a).__name__)
def test_a_target_that_is_gone_is_deleted_and_its_name_is_not_used_again(life):
    t = tracker(life=life)
    for k in range(10):
        t.step([[10.0 * k, 0.0]], SENSOR, 1.0)
    for _ in range(15):
        tracks = t.step(np.empty((0, 2)), SENSOR, 1.0)
    assert tracks.size == 0
    for k in range(10):
        tracks = t.step([[10.0 * k, 0.0]], SENSOR, 1.0)
    assert tracks.reported.size == 1
    assert tracks.ids.min() >= 1
    t.reset()
    assert t.tracks.size == t.tracks.next_id == 0


@pytest.mark.parametrize("life", LIVES, ids=lambda a: type(a).__name__)
def test_a_track_out_of_view_is_not_punished(life):
    def sees(x, sensor):
        return np.where(x[:, 0] < 200.0, 0.9, 0.0)

    t = tracker(life=life, detection_probability=sees, start_density=0.01 / AREA, survival=1.0)
    for k in range(21):
        t.step([[10.0 * k, 0.0]] if k < 20 else [], SENSOR, 1.0)
    for _ in range(30):
        tracks = t.step([], SENSOR, 1.0)
    assert tracks.reported.size == 1
    assert tracks.misses[0] <= 2  # those before it had left the view


def test_a_second_sensor_at_the_same_instant_is_a_scan_without_time():
    twice, once = tracker(), tracker()
    for k in range(8):
        twice.step(straight(k), SENSOR, 1.0)
        tracks = twice.step(straight(k), SENSOR, 0.0)
        once.step(straight(k), SENSOR, 1.0)
    assert tracks.reported.ids.tolist() == [0, 1]
    assert (tracks.ages == 16).all()
    assert (tracks.belief.cov[:, 0, 0] < once.tracks.belief.cov[:, 0, 0]).all()


@pytest.mark.parametrize("compiled", [True, False])
def test_no_scan_and_no_scene_have_an_answer(compiled):
    t = tracker(compiled=compiled)
    for nothing in ([], np.empty((0, 2)), np.empty((0, 0))):
        assert t.step(nothing, SENSOR, 1.0).size == 0
    assert t.tracks.gaussian(t.estimator.state).mean.shape == (0, 4)
    t.step([[0.0, 0.0]], SENSOR, 1.0)
    assert t.step([], SENSOR, 1.0).misses.tolist() == [1]


@pytest.mark.parametrize("compiled", [True, False])
def test_thousands_of_detections_in_one_gate_have_an_answer(compiled):
    t = tracker(compiled=compiled, gate_limit=20, clutter_density=1e-3)
    rng = np.random.default_rng(0)
    for k in range(4):
        t.step([[10.0 * k, 0.0]], SENSOR, 1.0)
    for _ in range(2):
        tracks = t.step(rng.normal(scale=20.0, size=(2000 if compiled else 300, 2)), SENSOR, 1.0)
    for values in (tracks.existence, tracks.belief.mean, tracks.belief.cov):
        assert np.isfinite(values).all()
    assert ((tracks.existence >= 0) & (tracks.existence <= 1)).all()


@pytest.mark.parametrize("compiled", [True, False])
def test_detections_on_one_spot_and_far_away_never_make_a_nan(compiled):
    t = tracker(compiled=compiled)
    spot = np.tile([[5.0, 5.0]], (12, 1))
    for z in (spot, spot, [[1e12, -1e12]], np.concatenate([spot, [[1e150, 0.0]]]), [], spot):
        tracks = t.step(z, SENSOR, 1.0)
        assert np.isfinite(tracks.existence).all()
        assert np.isfinite(tracks.belief.mean).all()


def test_what_cannot_be_meant_is_refused_in_words():
    t = tracker()
    with pytest.raises(MalformedInput, match=r"detection 1 is \[nan, 0.0\]"):
        t.step([[0.0, 0.0], [np.nan, 0.0]], SENSOR, 1.0)
    with pytest.raises(MalformedInput, match=r"shape \(2,\), but must have \(D, 2\): x y"):
        t.step([1.0, 2.0], SENSOR, 1.0)
    with pytest.raises(MalformedInput, match=r"\(1, 3\)"):
        t.step([[1.0, 2.0, 3.0]], SENSOR, 1.0)
    with pytest.raises(MalformedInput, match="numbers"):
        t.step([["here", "there"]], SENSOR, 1.0)
    for dt in (-1.0, np.nan, np.inf):
        with pytest.raises(MalformedInput, match="dt is"):
            t.step([], SENSOR, dt)
    wrong = {"clutter_density": 0.0, "detection_probability": 1.1, "survival": -0.1, "birth_density": np.nan}
    for name, value in {**wrong, "gate_probability": 1.0, "gate_limit": 0, "start_density": -1.0}.items():
        with pytest.raises(MalformedInput, match=name):
            tracker(**{name: value})
    with pytest.raises(MalformedInput, match=r"clutter_density is 0.0, but must be positive"):
        tracker(clutter_density=0.0)
    with pytest.raises(MalformedInput, match="acceleration_std is -1"):
        OnePoint(acceleration_std=-1.0)
    with pytest.raises(MalformedInput, match="detection_probability answers"):
        tracker(detection_probability=lambda x, s: np.full(len(x), 2.0)).step([[0.0, 0.0]], SENSOR, 1.0)
    with pytest.raises(MalformedInput, match="clutter_density answers"):
        tracker(clutter_density=lambda z, s: np.zeros(len(z))).step([[0.0, 0.0]], SENSOR, 1.0)


def test_a_refused_scan_leaves_the_tracks_as_they_were():
    t = tracker()
    before = t.step(straight(0), SENSOR, 1.0)
    with pytest.raises(MalformedInput):
        t.step([[np.inf, 0.0]], SENSOR, 1.0)
    assert t.tracks is before


def test_advance_is_a_function_of_values():
    t = tracker()
    first = t.step(straight(0), SENSOR, 1.0)
    copies = {name: getattr(first, name).copy() for name in COLUMNS}
    a, b = (t.advance(first, straight(1), SENSOR, 1.0) for _ in range(2))
    assert np.array_equal(a.belief.mean, b.belief.mean)
    assert all(np.array_equal(getattr(first, name), copy) for name, copy in copies.items())


def test_known_targets_are_tracks_from_the_start():
    t = tracker()
    t.tracks = t.known(Gaussian(np.array([[0.0, 0.0, 10.0, 0.0]]), np.eye(4)[None]))
    tracks = t.step([[10.0, 0.0]], SENSOR, 1.0)
    assert tracks.reported.ids.tolist() == [0]
    assert t.step([], SENSOR, 1.0).reported.size == 1


def test_two_points_make_a_track_where_one_does_not():
    t = tracker(life=HitsOfScans(), initiation=TwoPoint(max_speed=30.0))
    assert t.step(straight(0), SENSOR, 1.0).size == 0
    tracks = t.step(straight(1), SENSOR, 1.0)
    np.testing.assert_allclose(tracks.belief.mean, [[10, 0, 10, 0], [1000, 490, 0, -10]], atol=1e-9)
    assert tracks.hits.tolist() == [2, 2]
    assert t.step(straight(2), SENSOR, 1.0).confirmed.all()


@pytest.mark.parametrize("compiled", [True, False])
def test_where_nothing_is_born_nothing_begins(compiled):
    t = tracker(birth_density=0.0, start_density=0.0, survival=0.9, compiled=compiled)
    t.tracks = t.known(Gaussian(np.array([[0.0, 0.0, 10.0, 0.0]]), np.eye(4)[None]))
    for k in range(5):
        tracks = t.step(straight(k), SENSOR, 0.0 if k == 0 else 1.0)
    assert tracks.ids.tolist() == [0]
    dying = tracker(survival=0.0, compiled=compiled)
    for k in range(3):
        tracks = dying.step(straight(k), SENSOR, 1.0)
        assert np.isfinite(tracks.existence).all()
        assert np.isfinite(tracks.belief.mean).all()


def test_targets_are_born_where_the_view_ends_though_none_were_there_at_first():
    t = tracker(detection_probability=lambda x, s: np.full(len(x), 0.9), start_density=0.0)
    for k in range(8):
        tracks = t.step(straight(k), SENSOR, 1.0)
    assert tracks.reported.ids.tolist() == [0, 1]


@pytest.mark.parametrize("compiled", [True, False])
def test_a_blind_sensor_says_nothing_of_known_targets(compiled):
    t = tracker(detection_probability=0.0, survival=1.0, compiled=compiled)
    known = t.known(Gaussian(np.array([[0.0, 0.0, 10.0, 0.0]]), np.eye(4)[None]))
    seen, unseen = (t.advance(known, z, SENSOR, 1.0) for z in (straight(1), []))
    assert seen.ids.tolist() == [0]
    np.testing.assert_allclose(seen.belief.mean, unseen.belief.mean)
    assert seen.existence[0] == pytest.approx(known.existence[0], rel=1e-12)


def test_clutter_that_is_dense_in_one_place_starts_fewer_tracks_there():
    dense = tracker(clutter_density=lambda z, s: np.where(z[:, 0] > 500, 1e-2, 1 / AREA))
    for k in range(3):
        tracks = dense.step(straight(k), SENSOR, 1.0)
    assert tracks.existence[tracks.ids == 0] > 0.5
    assert (tracks.existence[tracks.ids != 0] < 0.5).all()
