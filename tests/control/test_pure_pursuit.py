"""Pure pursuit in closed loop: on the path, within the limits, and at rest at its end."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.control.pure_pursuit import PurePursuit
from plansim.core.errors import MalformedInput
from plansim.core.trajectory import closest_on_path
from plansim.models.bicycle import Bicycle
from plansim.models.unicycle import Unicycle

ROBOTS = {"unicycle": Unicycle(), "bicycle": Bicycle(wheelbase=0.5)}
CORNERED = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0], [8.0, 3.0]])


@pytest.fixture(params=ROBOTS)
def robot(request):
    return ROBOTS[request.param]


def drive(policy, path, state, steps):
    """States (steps + 1, n) and controls (steps, m) of the closed loop."""
    policy.reset(0)
    state = np.array([*state, 0.0] if len(policy.robot.state) == 4 else state, dtype=float)
    states, controls = [state], []
    for _ in range(steps):
        controls.append(policy.act({"state": states[-1], "path": path}))
        states.append(policy.robot.step(states[-1], controls[-1], policy.dt))
    return np.array(states), np.array(controls)


def speeds(states, dt):
    return np.hypot(*np.diff(states[:, :2], axis=0).T) / dt


def circle(radius, turns=1.0):
    angle = np.linspace(0.0, 2 * np.pi * turns, int(400 * turns))
    return np.stack([radius * np.sin(angle), radius * (1 - np.cos(angle))], axis=-1)


@pytest.mark.parametrize("radius", [1.5, 4.0])
def test_on_a_circle_it_settles_at_the_circles_curvature(robot, radius):
    policy = PurePursuit(robot, max_speed=0.6)
    states, _ = drive(policy, circle(radius), [0.0, 0.0, 0.0], steps=90)
    turned = np.diff(np.unwrap(states[50:, 2]))
    length = np.hypot(*np.diff(states[50:, :2], axis=0).T)
    assert turned.sum() / length.sum() == pytest.approx(1 / radius, rel=0.01)
    assert np.hypot(states[50:, 0], states[50:, 1] - radius) == pytest.approx(radius, rel=0.02)


def test_beside_a_straight_line_the_distance_to_it_decays(robot):
    policy = PurePursuit(robot)
    states, _ = drive(policy, np.array([[0.0, 0.0], [20.0, 0.0]]), [0.0, 0.4, 0.0], steps=120)
    aside = np.abs(states[:, 1])
    assert aside[60] < 0.05
    assert aside[-1] < 1e-3
    assert aside.max() < 0.41


def test_it_stops_at_the_end_and_stays(robot):
    policy = PurePursuit(robot)
    states, controls = drive(policy, CORNERED, [0.0, 0.0, 0.0], steps=250)
    assert np.hypot(*(states[-1, :2] - CORNERED[-1])) < 2 * policy.goal_tolerance
    assert np.abs(speeds(states, policy.dt)[-30:]).max() < 1e-9
    assert np.abs(controls[-1][0]) < 1e-9


def test_it_never_exceeds_its_limits(robot):
    policy = PurePursuit(robot, max_speed=1.3, max_acceleration=0.8, max_deceleration=0.9)
    rng = np.random.default_rng(0)
    for _ in range(5):
        path = np.cumsum(rng.uniform(-2.0, 2.0, size=(6, 2)), axis=0)
        states, controls = drive(policy, path, [*path[0], rng.uniform(-3, 3)], steps=200)
        for name, column in zip(robot.control.names, controls.T, strict=True):
            low, high = policy._limits[name]
            assert low - 1e-12 <= column.min()
            assert column.max() <= high + 1e-12
        speed = states[:, 3] if len(robot.state) == 4 else np.append(0.0, controls[:, 0])
        assert speed.min() > -1e-9
        assert speed.max() <= 1.3 + 1e-9
        assert np.diff(speed).max() <= 0.8 * policy.dt + 1e-9
        assert np.diff(speed).min() >= -0.9 * policy.dt - 1e-9


def test_in_a_corner_it_is_slow_and_near_the_path(robot):
    policy = PurePursuit(robot)
    states, _ = drive(policy, CORNERED, [0.0, 0.0, 0.0], steps=250)
    aside = [closest_on_path(CORNERED, p)[1] for p in states[:, :2]]
    assert max(aside) < (0.15 if "turn_rate" in robot.control.names else 0.35)  # a car cannot turn that sharply
    v = speeds(states, policy.dt)
    at_corner = np.argmin(np.hypot(*(states[:, :2] - CORNERED[1]).T))
    assert v[at_corner] < 0.65
    assert v.max() > 0.95


def test_lateral_acceleration_stays_near_its_limit(robot):
    policy = PurePursuit(robot, max_speed=2.0, max_lateral_acceleration=0.5)
    states, _ = drive(policy, circle(2.0), [0.0, 0.0, 0.0], steps=100)
    turn_rate = np.diff(np.unwrap(states[:, 2])) / policy.dt
    assert (speeds(states, policy.dt) * np.abs(turn_rate)).max() < 0.5 * 1.1


def test_it_stops_on_the_mark_for_any_step_and_speed(robot):
    for dt in (0.02, 0.1, 0.25):
        for max_speed in (0.3, 2.0):
            policy = PurePursuit(robot, dt=dt, max_speed=max_speed)
            states, _ = drive(policy, np.array([[0.0, 0.0], [4.0, 0.0]]), [0.0, 0.0, 0.0], steps=int(25 / dt))
            assert states[-1, 0] == pytest.approx(4.0, abs=0.06)
            assert states[:, 0].max() < 4.06


def test_a_robot_that_faces_away_turns_on_the_spot_first():
    policy = PurePursuit(Unicycle())
    states, controls = drive(policy, np.array([[0.0, 0.0], [5.0, 0.0]]), [0.0, 0.0, 3.0], steps=100)
    turning = np.abs(states[:-1, 2]) > policy.turn_in_place_above
    assert turning.sum() > 5
    assert np.all(controls[turning, 0] == 0)
    assert states[-1, 0] == pytest.approx(5.0, abs=0.06)


def test_a_car_that_faces_away_turns_around_by_driving():
    policy = PurePursuit(Bicycle(wheelbase=0.5), lookahead=0.8)
    path = np.array([[0.0, 0.0], [-12.0, 0.0]])
    states, controls = drive(policy, path, [0.0, 0.0, 0.0], steps=250)
    assert np.abs(controls[:, 1]).max() == pytest.approx(policy.max_steering)
    assert states[-1, :2] == pytest.approx(path[-1], abs=0.1)
    assert states[:, 0].max() < 3.0


def test_where_a_path_crosses_itself_it_keeps_its_place(robot):
    angle = np.linspace(0.0, 2 * np.pi, 400)
    eight = np.stack([4 * np.sin(angle), 2 * np.sin(2 * angle)], axis=-1)
    policy = PurePursuit(robot, max_speed=0.8)
    states, _ = drive(policy, eight, [0.0, 0.0, np.pi / 4], steps=600)
    reached = [np.hypot(*(states[:, :2] - p).T).argmin() for p in eight[[60, 140, 260, 340]]]
    assert reached == sorted(reached)
    assert states[-1, :2] == pytest.approx(eight[-1], abs=0.1)


def test_a_closed_path_is_driven_around(robot):
    states, _ = drive(PurePursuit(robot), circle(2.0), [0.02, -0.01, 0.0], steps=300)
    assert np.hypot(*np.diff(states[:, :2], axis=0).T).sum() == pytest.approx(4 * np.pi, rel=0.05)


def test_a_new_path_is_followed_from_where_the_robot_is(robot):
    policy = PurePursuit(robot)
    drive(policy, np.array([[0.0, 0.0], [6.0, 0.0]]), [0.0, 0.0, 0.0], steps=60)
    state = np.zeros(len(robot.state))
    ahead = policy.act({"state": state, "path": np.array([[0.0, 0.0], [0.0, 6.0]])})
    assert policy._progress == 0.0
    assert np.isfinite(ahead).all()


def test_a_path_of_one_point_or_of_no_length_means_stand_still(robot):
    policy = PurePursuit(robot)
    state = np.zeros(len(robot.state))
    assert policy.act({"state": state, "path": np.zeros((1, 2))}) == pytest.approx(np.zeros(2))
    assert policy.act({"state": state, "path": np.zeros((3, 2))}) == pytest.approx(np.zeros(2))


def test_a_moving_robot_that_is_told_to_stand_still_brakes():
    policy = PurePursuit(Unicycle(), max_deceleration=1.0)
    line = np.array([[0.0, 0.0], [9.0, 0.0]])
    states, controls = drive(policy, line, [0.0, 0.0, 0.0], steps=30)
    stop = [policy.act({"state": states[-1], "path": states[-1:, :2]})[0] for _ in range(12)]
    assert stop[0] == pytest.approx(controls[-1, 0] - 0.1)
    assert np.all(np.diff([*stop]) >= -0.1 - 1e-12)
    assert stop[-1] == 0.0


def test_near_obstacles_it_drives_as_fast_as_it_could_still_stop():
    policy, line = PurePursuit(Unicycle(), max_deceleration=1.0), np.array([[0.0, 0.0], [20.0, 0.0]])
    for clearance, fastest in ((10.0, 1.0), (0.18, 0.6), (0.08, 0.4), (-1.0, np.sqrt(0.1))):
        policy.reset()
        for i in range(20):
            u = policy.act({"state": np.array([0.1 * i, 0.0, 0.0]), "path": line, "clearance": clearance})
        assert u[0] == pytest.approx(fastest)


@pytest.mark.parametrize("bearing", [0.4, 0.7, 0.99])
@pytest.mark.parametrize("free", [0.06, 0.1, 0.15])
def test_beside_a_wall_it_never_swings_out_as_far_as_the_wall(free, bearing):
    policy, line = PurePursuit(Unicycle()), np.array([[0.0, 0.0], [20.0, 0.0]])
    state = np.array([0.0, 0.0, -bearing])
    for _ in range(60):
        u = policy.act({"state": state, "path": line, "clearance": free + state[1]})
        state = policy.robot.step(state, u, policy.dt)
        assert state[1] > -0.8 * free
    assert state[0] > 2.0


@pytest.mark.parametrize("free", [0.06, 0.1, 0.15])
def test_in_a_narrow_way_it_cuts_no_corner(free):
    policy = PurePursuit(Unicycle())
    path = np.array([[0.0, 0.0], [1.5, 0.0], [1.5, 1.5], [2.0, 2.0], [0.5, 2.0]])
    state, aside = np.zeros(3), 0.0
    for _ in range(250):
        u = policy.act({"state": state, "path": path, "clearance": free - aside})
        state = policy.robot.step(state, u, policy.dt)
        aside = closest_on_path(path, state[:2])[1]
        assert aside < 0.8 * free
    assert np.hypot(*(state[:2] - path[-1])) < 2 * policy.goal_tolerance


def test_a_reset_forgets(robot):
    policy = PurePursuit(robot)
    first = drive(policy, CORNERED, [0.0, 0.0, 0.5], steps=40)[1]
    assert np.array_equal(first, drive(policy, CORNERED, [0.0, 0.0, 0.5], steps=40)[1])


@pytest.mark.parametrize(
    ("observation", "message"),
    [
        ({"state": np.zeros(7), "path": CORNERED}, "state has shape"),
        ({"state": np.zeros(3), "path": np.zeros((0, 2))}, "path has shape"),
        ({"state": np.zeros(3), "path": np.array([[0.0, np.nan]])}, "finite"),
    ],
)
def test_what_it_cannot_follow_is_refused(observation, message):
    with pytest.raises(MalformedInput, match=message):
        PurePursuit(Unicycle()).act(observation)


def test_limits_that_make_no_sense_are_refused():
    for settings in ({"max_speed": -1.0}, {"lookahead": 0}, {"dt": float("nan")}):
        with pytest.raises(MalformedInput, match=next(iter(settings))):
            PurePursuit(Unicycle(), **settings)
