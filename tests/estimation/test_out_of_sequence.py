"""Late measurements leave the belief that they would have left in time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.imm import InteractingMultipleModel
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.out_of_sequence import OutOfSequence, TimedFilter
from plansim.models.kinematic import ConstantVelocity, CoordinatedTurn
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position
from plansim.models.radar import Radar

START = Gaussian(np.array([10.0, 5.0, 1.0, 0.0, 0.1]), 0.5 * np.eye(5))
SENSORS = {"gps": Position(1.0), "radar": Radar(range_std=0.5, bearing_std=0.02)}
TURN = ExtendedKalmanFilter(CoordinatedTurn())
LOG = [
    (0.4, np.array([10.5, 5.1]), "gps"),
    (0.7, np.array([11.9, 0.45]), "radar"),
    (1.0, np.array([11.2, 5.0]), "gps"),
    (1.1, np.array([12.1, 0.40]), "radar"),
]


def in_order(estimator, log, end, start=START):
    """Predict and update by hand."""
    belief, now = estimator.around(start), 0.0
    for time, z, sensor in sorted(log, key=lambda entry: entry[0]):
        belief, now = estimator.update(estimator.predict(belief, None, time - now), z, SENSORS[sensor]).belief, time
    return estimator.predict(belief, None, end - now).gaussian(estimator.state)


def close(a, b):
    np.testing.assert_allclose(a.mean, b.mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(a.cov, b.cov, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::4])
def test_in_whatever_order_measurements_arrive_the_belief_is_that_of_their_times(order):
    robot = TimedFilter(TURN, SENSORS, START, time=0.0, horizon=5.0)
    for i in order:
        assert robot.observe(*LOG[i]) == ""
    close(robot.estimate(1.5), in_order(TURN, LOG, 1.5))


def test_modes_are_weighed_as_if_in_order_too():
    straight = [KalmanFilter(ConstantVelocity(acceleration_density=q)) for q in (0.1, 5.0)]
    imm = InteractingMultipleModel(tuple(straight), [[0.9, 0.1], [0.1, 0.9]])
    start, log = Gaussian(START.mean[:4], START.cov[:4, :4]), [LOG[2], LOG[0]]
    robot = TimedFilter(imm, {"gps": SENSORS["gps"]}, start, time=0.0)
    assert [robot.observe(*entry) for entry in log] == ["", ""]
    close(robot.estimate(1.2), in_order(imm, log, 1.2, start))


def test_an_estimate_of_a_time_uses_what_was_measured_up_to_it():
    robot = TimedFilter(TURN, SENSORS, START, time=0.0, horizon=5.0)
    for entry in LOG:
        robot.observe(*entry)
    for end, used in ((0.2, 0), (0.4, 1), (0.9, 2), (1.05, 3), (9.0, 4)):
        by_hand = in_order(TURN, LOG[:used], end) if end != 0.4 else in_order(TURN, LOG[:1], 0.4 + 1e-15)
        close(robot.estimate(end), by_hand)


def test_measurements_of_one_moment_take_no_time_between_them():
    robot = TimedFilter(TURN, SENSORS, START, time=0.0)
    robot.observe(0.5, LOG[0][1], "gps")
    robot.observe(0.5, LOG[1][1], "radar")
    belief = TURN.predict(START, None, 0.5)
    for z, sensor in ((LOG[0][1], "gps"), (LOG[1][1], "radar")):
        belief = TURN.update(belief, z, SENSORS[sensor]).belief
    close(robot.estimate(0.5), belief)


def test_controls_are_held_and_may_be_late_too():
    car = LinearSystem("x v", [[0, 1], [0, 0]], "push", [[0], [1]], np.diag([0.0, 0.1]))
    filter, start = KalmanFilter(car), Gaussian(np.zeros(2), np.eye(2))
    sensors = {"gps": LinearSensor("x", [[1.0, 0.0]], [[0.5]])}
    events = [("u", 0.0, [1.0]), ("z", 0.3, [0.2]), ("u", 0.5, [-2.0]), ("z", 0.8, [0.1])]
    answers = []
    for order in ((0, 1, 2, 3), (3, 1, 2, 0), (1, 0, 3, 2)):
        robot = TimedFilter(filter, sensors, start, time=0.0, horizon=2.0)
        for kind, time, value in (events[i] for i in order):
            assert (robot.steer(time, np.array(value)) if kind == "u" else robot.observe(time, value, "gps")) == ""
        answers.append(robot.estimate(1.0))
    belief = start
    for u, dt, z in ((1.0, 0.3, np.array([0.2])), (1.0, 0.2, None), (-2.0, 0.3, np.array([0.1])), (-2.0, 0.2, None)):
        belief = filter.update(filter.predict(belief, np.array([u]), dt), z, sensors["gps"]).belief
    for answer in answers:
        close(answer, belief)


def test_what_is_older_than_the_horizon_is_refused_and_told():
    robot = TimedFilter(TURN, SENSORS, START, time=0.0, horizon=0.5)
    robot.observe(*LOG[0])
    robot.observe(*LOG[3])
    before = robot.estimate(2.0)
    assert robot.observe(0.5, np.array([50.0, 50.0]), "gps") == "0.6 s late, but the horizon is 0.5 s"
    assert robot.estimate(2.0) is not before
    close(robot.estimate(2.0), before)
    assert robot.observe(*LOG[1]) == ""
    close(robot.estimate(2.0), in_order(TURN, [LOG[0], LOG[1], LOG[3]], 2.0))


def test_what_is_before_the_beginning_is_refused_and_told():
    robot = TimedFilter(TURN, SENSORS, START, time=3.0, horizon=5.0)
    assert robot.observe(2.0, np.zeros(2), "gps") == "of time 2 s, but the history begins at 3 s"


def test_no_more_is_remembered_than_the_horizon_asks_for():
    robot = TimedFilter(TURN, SENSORS, START, time=0.0, horizon=1.0)
    for i in range(100):
        robot.observe(0.1 * (i + 1), np.array([10.0, 5.0]), "gps")
    times = [event.time for event in robot.history.events]
    assert len(times) <= 12
    assert times[0] <= robot.history.time - 1.0 < times[1]


def test_a_history_is_a_value():
    rule = OutOfSequence(TURN, SENSORS, horizon=5.0)
    start = rule.begin(START, 0.0)
    first = rule.observe(start, *LOG[2])
    a = rule.observe(first.history, *LOG[0])
    b = rule.observe(first.history, *LOG[0])
    assert len(start.events) == 1
    assert len(first.history.events) == 2
    close(rule.at(a.history, 2.0), rule.at(b.history, 2.0))
    assert a.update.log_likelihood == rule.observe(start, *LOG[0]).update.log_likelihood


def test_what_cannot_be_meant_is_refused_in_words():
    robot = TimedFilter(TURN, SENSORS, START, time=0.0)
    with pytest.raises(MalformedInput, match="there is no sensor 'gsp'; did you mean 'gps'"):
        robot.observe(1.0, np.zeros(2), "gsp")
    with pytest.raises(MalformedInput, match="time is nan, but must be a number of seconds"):
        robot.observe(np.nan, np.zeros(2), "gps")
    with pytest.raises(MalformedInput, match="before all that is remembered"):
        robot.estimate(-1.0)
    with pytest.raises(MalformedInput, match="horizon is -1"):
        OutOfSequence(TURN, SENSORS, horizon=-1)


def test_what_is_missing_or_no_time_is_refused_in_words():
    robot = TimedFilter(TURN, SENSORS, START, time=0.0)
    with pytest.raises(MalformedInput, match="missing measurement of 'gps' need not be observed"):
        robot.observe(0.1, None, "gps")
    for time in ("a", None, np.nan, [0.1, 0.2]):
        with pytest.raises(MalformedInput, match="must be a number of seconds"):
            robot.observe(time, [1.0, 0.0], "gps")
