"""SensorField's statistics are those that it is set to; its rules, one by one."""

from __future__ import annotations

import itertools

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest
from plansim_envs.sensor_field_picture import places
from plansim_envs.sensor_field_sensor import FieldSensor

from plansim.core.errors import MalformedInput
from plansim.models.kinematic import ConstantVelocity

STILL = {"births": 0.0, "lifetime": 1e9, "speeds": (0.0, 0.0), "acceleration_density": 0.0}
ALL = {"detection_probability": 1.0, "clutter": 0.0}


def worlds(count, steps, **kwargs):
    """Observation and info of `count` worlds at every step: lists of dicts of arrays (B, ...)."""
    env = gymnasium.make_vec("plansim/SensorField-v0", count, **{"max_steps": 10_000, **kwargs}).unwrapped
    told = [env.reset(seed=0)]
    for _ in range(steps):
        observation, _, _, _, info = env.step(np.zeros((count, len(env.world.sensors), 2)))
        told.append((observation, info))
    return [observation for observation, _ in told], [info for _, info in told]


def near(found, expected, std):
    """Within 4.5 standard deviations: wrong once in 150,000 times."""
    assert abs(found - expected) < 4.5 * std, (found, expected, std)


def test_clutter_is_poisson_and_lies_evenly():
    seen, _ = worlds(400, 20, targets=0, births=0.0, sensors=(FieldSensor(clutter=7.0),))
    counts = np.concatenate([o["counts"][:, 0] for o in seen])
    n = len(counts)
    near(counts.mean(), 7.0, np.sqrt(7.0 / n))
    near(counts.var(), 7.0, np.sqrt((7.0 + 2 * 49.0) / n))
    points = np.concatenate([o["detections"][i, 0, :c] for o in seen for i, c in enumerate(o["counts"][:, 0])])
    for axis in range(2):
        cells = np.histogram(points[:, axis], 10, (0.0, 1000.0))[0]
        assert ((cells - len(points) / 10) ** 2).sum() / (len(points) / 10) < 33.7  # chi-square of 9, 1e-4
    # in a random order, places say nothing about which comes first
    first = np.concatenate([o["detections"][o["counts"][:, 0] > 0, 0, 0] for o in seen])
    near(first[:, 0].mean(), 500.0, 1000 / np.sqrt(12 * len(first)))


def test_clutter_of_a_narrow_view_lies_evenly_in_what_is_seen_of_the_field():
    sensor = FieldSensor(pose=(0.0, 0.0, 0.0), max_range=300.0, field_of_view=1.0, clutter=5.0)
    seen, _ = worlds(300, 3, targets=0, births=0.0, sensors=(sensor,))
    points = np.concatenate([o["detections"][i, 0, :c] for o in seen for i, c in enumerate(o["counts"][:, 0])])
    reach, angle = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
    assert reach.max() <= 300.0
    assert angle.min() >= 0.0
    assert angle.max() <= 0.5
    near((reach**2).mean(), 300.0**2 / 2, 300.0**2 / np.sqrt(12 * len(points)))
    near(angle.mean(), 0.25, 0.5 / np.sqrt(12 * len(points)))


def test_clutter_of_ranges_lies_evenly_over_ranges_and_bearings():
    sensor = FieldSensor(reads="range-bearing", max_range=300.0, field_of_view=1.0, clutter=5.0)
    seen, _ = worlds(300, 3, targets=0, births=0.0, sensors=(sensor,))
    points = np.concatenate([o["detections"][i, 0, :c] for o in seen for i, c in enumerate(o["counts"][:, 0])])
    near(points[:, 0].mean(), 150.0, 300.0 / np.sqrt(12 * len(points)))
    near(points[:, 1].mean(), 0.0, 1.0 / np.sqrt(12 * len(points)))


def test_targets_are_detected_with_their_probability():
    sensor = FieldSensor(detection_probability=0.8, clutter=0.0)
    seen, _ = worlds(200, 10, targets=10, **STILL, sensors=(sensor,))
    total = 200 * 11 * 10
    near(sum(o["counts"].sum() for o in seen), 0.8 * total, np.sqrt(total * 0.8 * 0.2))


@pytest.mark.parametrize("reads", ["position", "range-bearing"])
def test_noise_has_the_covariance_that_it_is_set_to(reads):
    sensor = FieldSensor(reads=reads, **ALL, pose=(-500.0, 100.0, 1.0), max_range=1e4, range_std=3.0, position_std=4.0)
    seen, known = worlds(300, 12, targets=4, **STILL, sensors=(sensor,))
    stds = np.array([4.0, 4.0] if reads == "position" else [3.0, 0.01])
    errors = []
    for o, info in zip(seen, known, strict=True):
        for w in range(300):
            ids = info["origins"][w, 0, :4]
            truth = info["targets"][w, ids - 1, :2]
            d = truth - sensor.pose[:2]
            polar = np.column_stack((np.hypot(*d.T), np.arctan2(d[:, 1], d[:, 0]) - 1.0))
            errors.append(o["detections"][w, 0, :4] - (truth if reads == "position" else polar))
    errors = np.concatenate(errors) / stds
    cov, n = errors.T @ errors / len(errors), len(errors)
    near(cov[0, 0], 1.0, np.sqrt(2 / n))
    near(cov[1, 1], 1.0, np.sqrt(2 / n))
    near(cov[0, 1], 0.0, np.sqrt(1 / n))


def test_extended_targets_give_poisson_many_detections_over_their_rectangle():
    rules = {**STILL, "speeds": (1e-9, 1e-9)}  # so slow that it stands, and still has a direction
    sensor = FieldSensor(**ALL, position_std=1e-6)
    seen, known = worlds(500, 5, targets=1, **rules, points=6.0, extent=(8.0, 2.0), sensors=(sensor,))
    counts = np.concatenate([o["counts"][:, 0] for o in seen])
    near(counts.mean(), 6.0, np.sqrt(6.0 / len(counts)))
    near(counts.var(), 6.0, np.sqrt((6.0 + 2 * 36.0) / len(counts)))
    along = []
    for o, info in zip(seen, known, strict=True):
        for w, c in enumerate(o["counts"][:, 0]):
            x, y, vx, vy = info["targets"][w, 0]
            d = o["detections"][w, 0, :c] - [x, y]
            along.append(d @ np.array([[vx, -vy], [vy, vx]]) / np.hypot(vx, vy))
    along = np.concatenate(along)
    assert np.abs(along).max(0) == pytest.approx([4.0, 1.0], abs=0.01)
    n = len(along)
    np.testing.assert_allclose(along.std(0), np.array([8.0, 2.0]) / np.sqrt(12), rtol=4.5 * np.sqrt(0.2 / n))


def test_births_are_poisson_and_lives_exponential():
    rules = {"speeds": (0.0, 0.0), "acceleration_density": 0.0, "dt": 0.5, "most_targets": 60}
    _, known = worlds(300, 40, targets=0, births=0.4, lifetime=25.0, **rules)
    _, forever = worlds(300, 40, targets=0, births=0.4, lifetime=1e9, **rules)
    born = forever[-1]["alive"].sum(1)
    near(born.mean(), 0.4 * 20.0, np.sqrt(8.0 / 300))
    near(born.var(), 8.0, np.sqrt((8.0 + 2 * 64.0) / 300))
    assert (forever[-1]["target_ids"].max(1) == born).all()
    # births at the end of each step, each alive after k more steps with probability exp(-k dt / lifetime)
    left = (0.4 * 0.5 * np.exp(-0.5 / 25.0 * np.arange(40))).sum()
    near(known[-1]["alive"].sum(1).mean(), left, np.sqrt(left / 300))


def test_motion_is_constant_velocity_with_white_acceleration():
    rules = {"births": 0.0, "lifetime": 1e9, "acceleration_density": 2.0, "dt": 0.7, "size": (1e6, 1e6)}
    _, known = worlds(400, 3, targets=20, **rules)
    model = ConstantVelocity(acceleration_density=2.0)
    x = [info["targets"].reshape(-1, 4) for info in known]
    errors = np.concatenate([b - model.step(a, None, 0.7) for a, b in itertools.pairwise(x)])
    Q = model.noise_cov(None, None, 0.7)
    found = errors.T @ errors / len(errors)
    stds = np.sqrt((np.outer(np.diag(Q), np.diag(Q)) + Q**2) / len(errors))
    assert (np.abs(found - Q) < 4.5 * stds).all()


def test_turning_targets_keep_their_speed():
    rules = {**STILL, "speeds": (10.0, 10.0), "turn_rate": 0.3, "size": (1e5, 1e5), "dt": 0.5}
    _, known = worlds(50, 6, targets=4, **rules)
    v = np.stack([info["targets"][:, :4, 2:] for info in known])
    np.testing.assert_allclose(np.hypot(v[..., 0], v[..., 1]), 10.0)
    turns = np.diff(np.unwrap(np.arctan2(v[..., 1], v[..., 0]), axis=0), axis=0) / 0.5
    np.testing.assert_allclose(turns, np.broadcast_to(turns[:1], turns.shape), atol=1e-9)
    assert np.abs(turns).max() <= 0.3
    chord = np.linalg.norm(np.diff(np.stack([i["targets"][:, :4, :2] for i in known]), axis=0), axis=-1)
    np.testing.assert_allclose(chord, np.abs(2 * 10 / turns * np.sin(turns * 0.25)), rtol=1e-9)


def test_crossing_targets_meet_in_the_middle_half_way():
    rules = {"traffic": "crossing", "targets": 5, "separation": 8.0, "acceleration_density": 0.0, "max_steps": 40}
    _, known = worlds(30, 20, **rules)
    distance = np.linalg.norm(known[-1]["targets"][:, :5, :2] - 500.0, axis=-1)
    assert distance.max() <= 8.0
    assert np.linalg.norm(known[0]["targets"][:, :5, :2] - 500.0, axis=-1).min() > 90.0


def test_parallel_targets_run_side_by_side_in_the_middle_and_apart_at_the_ends():
    rules = {"traffic": "parallel", "targets": 3, "separation": 8.0, "acceleration_density": 0.0, "max_steps": 40}
    _, known = worlds(10, 40, **rules)
    for step, wide in ((0, 5.0), (10, 1.0), (20, 1.0), (30, 1.0), (40, 5.0)):
        x = known[step]["targets"][:, :3, :2]
        gaps = np.linalg.norm(np.diff(x, axis=1), axis=-1)
        np.testing.assert_allclose(gaps, 8.0 * wide, rtol=1e-6)


def test_a_sensor_sees_what_is_in_range_and_view_only():
    sensor = FieldSensor(**ALL, pose=(500.0, 500.0, 2.0), max_range=300.0, field_of_view=1.2)
    seen, known = worlds(50, 1, targets=20, **STILL, sensors=(sensor, FieldSensor(**ALL)))
    for o, info in zip(seen, known, strict=True):
        d = info["targets"][..., :2] - 500.0
        bearing = np.angle(np.exp(1j * (np.arctan2(d[..., 1], d[..., 0]) - 2.0)))
        inside = (np.hypot(d[..., 0], d[..., 1]) <= 300.0) & (np.abs(bearing) <= 0.6)
        for w in range(50):
            assert sorted(info["origins"][w, 0, : o["counts"][w, 0]]) == sorted(info["target_ids"][w][inside[w]])
        assert (o["counts"][:, 1] == 20).all()


def test_sensors_go_by_actions_by_waypoints_and_turn():
    walker = FieldSensor(pose=(0.0, 0.0, 0.0), waypoints=((30.0, 0.0), (30.0, 40.0)), speed=20.0)
    pilot = FieldSensor(pose=(5.0, 6.0, 0.0), top_speed=3.0, turn_rate=0.5)
    env = gymnasium.make("plansim/SensorField-v0", sensors=(walker, pilot))
    env.reset(seed=0)
    ways = [env.step(np.array([[1.0, 1.0], [3.0, -2.0]]))[0]["sensors"] for _ in range(4)]
    np.testing.assert_allclose([w[0, :2] for w in ways], [[20, 0], [30, 10], [30, 30], [30, 30]], atol=1e-9)
    np.testing.assert_allclose(ways[-1][1], [17.0, -2.0, 2.0])


def test_ranges_and_bearings_lead_back_to_the_targets():
    sensor = FieldSensor(
        reads="range-bearing", **ALL, pose=(100.0, 900.0, 2.5), range_std=1e-9, bearing_std=1e-12, max_range=3000.0
    )
    seen, known = worlds(1, 1, targets=6, **STILL, sensors=(sensor,))
    back = places(seen[0]["detections"][0, 0, :6], np.array(sensor.pose), "range-bearing")
    order = known[0]["origins"][0, 0, :6] - 1
    np.testing.assert_allclose(back, known[0]["targets"][0, order, :2], atol=1e-6)


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(MalformedInput, match="targets is 30"):
        gymnasium.make("plansim/SensorField-v0", targets=30)
    with pytest.raises(MalformedInput, match="traffic is 'crosing'"):
        gymnasium.make("plansim/SensorField-v0", traffic="crosing")
    dizzy = FieldSensor(waypoints=((0.0, 0.0), (1e-9, 0.0)), speed=1e6)  # would be on its way for ever
    with pytest.raises(MalformedInput, match="round its waypoints"):
        gymnasium.make("plansim/SensorField-v0", sensors=(dizzy,))
    for wrong, says in (
        ({"clutter": 1e4}, "clutter is"), ({"detection_probability": 1.2}, "within 0 and 1"),
        ({"waypoints": ((1.0, 1.0), (1.0, 1.0))}, "all one place"), ({"field_of_view": 7.0}, "at most a turn"),
        ({"waypoints": ((1.0, 1.0),), "top_speed": 1.0}, "by its waypoints or by actions"),
        ({"reads": "radar"}, "reads is 'radar'"),
    ):  # fmt: skip
        with pytest.raises(MalformedInput, match=says):
            FieldSensor(**wrong)
