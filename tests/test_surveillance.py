"""Surveillance: many sensors, one tracker; views that end; what a scenario measures of it."""

from __future__ import annotations

import dataclasses

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest
from plansim_envs.sensor_field_sensor import FieldSensor

from plansim.core.errors import MalformedInput
from plansim.estimation import ExtendedKalmanFilter, KalmanFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.models.position import Position
from plansim.models.radar import Radar
from plansim.scenario.episode_log import Log
from plansim.scenario.metrics import METRICS, measure
from plansim.scenario.tracking_metrics import TRACKING
from plansim.surveillance import InView, SensorView, Surveillance, moved
from plansim.tracking import Tracker

MOTION = ConstantVelocity(acceleration_density=0.1)


def tracker(**changes):
    densities = {"clutter_density": 1e-6, "birth_density": 1e-9, "start_density": 1e-5}
    return Tracker(KalmanFilter(MOTION), **{**densities, **changes})


def scan(*per_sensor, t=0.0, poses=None):
    most = max(len(z) for z in per_sensor)
    detections = np.zeros((len(per_sensor), max(most, 1), 2))
    for row, z in zip(detections, per_sensor, strict=True):
        row[: len(z)] = np.reshape(z, (-1, 2))
    poses = np.zeros((len(per_sensor), 3)) if poses is None else np.array(poses, float)
    counts = np.array([len(z) for z in per_sensor])
    return {"detections": detections, "counts": counts, "sensors": poses, "time": np.array([t])}


def test_one_sensor_is_the_tracker_alone():
    watch, alone = Surveillance(tracker(), (SensorView(Position(std=1.0)),)), tracker()
    for t in range(6):
        z = [[10.0 * t, 3.0], [200.0, 5.0 * t]]
        watch.act(scan(z, t=2.0 * t))
        tracks = alone.step(z, Position(std=1.0), dt=2.0 * min(t, 1))
    told = watch.trace()
    np.testing.assert_array_equal(told["tracks"], tracks.reported.belief.mean)
    np.testing.assert_array_equal(told["track_ids"], tracks.reported.ids)
    P = tracks.reported.belief.cov
    np.testing.assert_array_equal(told["track_covs"], np.stack((P[:, 0, 0], P[:, 0, 1], P[:, 1, 1]), axis=-1))
    assert watch.metrics() == {"tracks": 2, "tracks_confirmed": 2}
    watch.reset(seed=0)
    assert watch.metrics() == {"tracks": 0, "tracks_confirmed": 0}


def test_two_sensors_at_an_instant_are_two_scans_with_no_time_between():
    views = (SensorView(Position(std=1.0)), SensorView(Position(std=3.0)))
    watch, alone = Surveillance(tracker(), views), tracker()
    for t in range(4):
        a, b = [[10.0 * t, 0.0]], [[10.0 * t + 1.0, 0.5]]
        watch.act(scan(a, b, t=t))
        alone.step(a, Position(std=1.0), dt=min(t, 1))
        tracks = alone.step(b, Position(std=3.0), dt=0.0)
    np.testing.assert_array_equal(watch.trace()["tracks"], tracks.reported.belief.mean)


def test_a_moving_radar_is_where_the_observation_says():
    pose = np.array([3.0, -4.0, 0.5])
    assert moved(Radar(), pose).pose == (3.0, -4.0, 0.5)
    assert moved(Position(), pose) == Position()
    radar = Tracker(ExtendedKalmanFilter(MOTION), clutter_density=1e-4, birth_density=1e-7, start_density=1e-3)
    watch = Surveillance(radar, (SensorView(Radar(range_std=0.1, bearing_std=1e-3)),))
    target = np.array([50.0, 80.0])
    for t in range(6):
        place = np.array([8.0 * t, 2.0 * t, 0.3 * t])
        d = target - place[:2]
        z = [[np.hypot(*d), np.angle(np.exp(1j * (np.arctan2(d[1], d[0]) - place[2])))]]
        watch.act(scan(z, t=t, poses=[place]))
    np.testing.assert_allclose(watch.trace()["tracks"][0, :2], target, atol=0.5)


def test_to_miss_what_is_out_of_view_says_nothing():
    seeing = SensorView(Position(std=1.0), detection_probability=0.95)
    kept = {}
    for name, view in (("all", seeing), ("part", dataclasses.replace(seeing, max_range=100.0, field_of_view=2.0))):
        watch = Surveillance(tracker(survival=1.0, birth_density=0.0), (view,))
        for t in range(5):
            watch.act(scan([[50.0, 0.0]], t=t))
        for t in range(5, 17):  # it has turned away
            watch.act(scan([], t=t, poses=[[0.0, 0.0, np.pi]]))
        kept[name] = len(watch.trace()["tracks"])
    assert kept == {"all": 0, "part": 1}


def test_a_view_is_range_and_opening_about_the_heading():
    view = InView(0.9, (0, 1), 10.0, np.pi / 2, np.array([1.0, 1.0, np.pi / 2]))
    x = np.array([[1.0, 9.0], [1.0, 12.0], [9.0, 1.0], [4.0, 6.0], [1.0, -5.0]])
    assert (view(x, None) > 0.5).tolist() == [True, False, False, True, False]


def test_a_controller_moves_the_sensors_by_the_tracks():
    class Chase:
        def reset(self, seed=None):
            self.seen = 0

        def act(self, observation):
            self.seen += len(observation["track_ids"])
            return observation["tracks"][:1, 2:] if len(observation["tracks"]) else np.zeros((1, 2))

    chase = Chase()
    watch = Surveillance(tracker(), (SensorView(Position(std=1.0)),), controller=chase)
    actions = [watch.act(scan([[5.0 * t, 0.0]], t=t)) for t in range(6)]
    np.testing.assert_allclose(actions[-1], [[5.0, 0.0]], atol=0.5)
    assert chase.seen >= 3


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(MalformedInput, match="there are no sensors"):
        Surveillance(tracker(), ())
    watch = Surveillance(tracker(), (SensorView(Position()),))
    with pytest.raises(MalformedInput, match="of 2 sensors, but there are 1"):
        watch.act(scan([], []))
    with pytest.raises(MalformedInput, match="no 'detections'; did you mean 'detection'"):
        watch.act({"detection": 0})
    with pytest.raises(MalformedInput, match="must be positive"):
        SensorView(Position(), max_range=0.0)
    with pytest.raises(MalformedInput, match=r"field_of_view is 7.0, but must be positive and at most a turn"):
        SensorView(Position(), field_of_view=7.0)
    with pytest.raises(MalformedInput, match=r"detection_probability is 1.5"):
        SensorView(Position(), max_range=10.0, detection_probability=1.5)


def test_a_field_of_two_sensors_is_followed():
    sensors = (
        FieldSensor(pose=(0.0, 0.0, 0.8), reads="range-bearing", field_of_view=1.8, clutter=2.0),
        FieldSensor(pose=(900.0, 0.0, 2.2), reads="range-bearing", field_of_view=1.8, clutter=2.0, top_speed=5.0),
    )
    env = gymnasium.make("plansim/SensorField-v0", sensors=sensors, births=0.0, lifetime=1e6, targets=4, max_steps=30)
    radar = SensorView(Radar(range_std=10.0, bearing_std=0.01), 1500.0, 1.8, clutter_density=2.0 / (1500 * 1.8))
    follow = Tracker(ExtendedKalmanFilter(MOTION), birth_density=1e-8, start_density=1e-3)
    watch = Surveillance(follow, (radar, radar))
    observation, info = env.reset(seed=2)
    watch.reset(seed=2)
    for _ in range(25):
        observation, _, _, _, info = env.step(watch.act(observation))
    watch.act(observation)
    targets = info["targets"][info["alive"] > 0, :2]
    apart = np.linalg.norm(targets[:, None] - watch.trace()["tracks"][:, :2], axis=-1)
    assert (apart.min(1) < 40.0).all()


def log_of(targets, tracks, cutoff=5.0, dt=0.5):
    """A log from {id: (x, y)} a step."""
    columns: dict = {f"info.{name}": [] for name in ("targets", "alive", "target_ids", "cutoff")}
    columns |= {"trace.tracks": [], "trace.track_ids": []}
    for a, b in zip(targets, tracks, strict=True):
        rows = np.zeros((3, 4))
        rows[: len(a), :2] = np.array(list(a.values())).reshape(-1, 2)
        columns["info.targets"].append(rows)
        columns["info.alive"].append((np.arange(3) < len(a)).astype(np.int8))
        columns["info.target_ids"].append(np.array([*a, *[0] * (3 - len(a))]))
        columns["info.cutoff"].append(np.array(cutoff))
        own = np.zeros((len(b), 4))
        own[:, :2] = np.array(list(b.values())).reshape(-1, 2)
        columns["trace.tracks"].append(own)
        columns["trace.track_ids"].append(np.array(list(b), dtype=int))
    return Log(steps=len(targets), columns=columns, dt=dt)


def test_metrics_of_an_episode_by_hand():
    targets = [{1: (0, 0)}, {1: (1, 0), 2: (50, 0)}, {1: (2, 0), 2: (51, 0)}, {2: (52, 0)}]
    tracks = [{}, {7: (1, 3)}, {7: (2, 3), 8: (51, 0), 9: (80, 0)}, {7: (3, 3), 8: (52, 0)}]
    log = log_of(targets, tracks)
    half = 12.5
    gospa = [half**0.5, (9 + half) ** 0.5, (9 + half) ** 0.5, half**0.5]
    values = {
        "gospa": np.mean(gospa), "missed_targets": 0.5, "false_tracks": 0.5, "mota": 1 - (2 + 2) / 6,
        "motp": 6 / 4, "id_switches": 0, "idf1": 8 / 12, "confirmation_delay": 0.5, "deletion_delay": 0.5,
        "track_breaks": 0, "never_confirmed": 0, "gospa_localisation": (3 + 3) / 4,
    }  # fmt: skip
    for name, value in values.items():
        assert measure(name, log) == pytest.approx(value), name
    assert measure("track_spacing", log) == pytest.approx((np.hypot(49, 3) + 29 + 29) / 3 / 49)


def test_every_tracking_metric_is_in_the_table_and_keeps_its_columns():
    empty = log_of([{}, {}], [{}, {}])
    for name, metric in TRACKING.items():
        assert METRICS[name] is metric
        assert "trace.tracks" in metric.keeps
        assert measure(name, Log()) is None
        value = measure(name, empty)
        assert value is None or np.isfinite(value)
