"""The interacting multiple model: its reductions, and a plain implementation of it."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import layout
from plansim.estimation.imm import InteractingMultipleModel, ModeBeliefs
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.unscented import UnscentedKalmanFilter
from plansim.estimation.mode_mapping import carried
from plansim.models.kinematic import ConstantAcceleration, ConstantVelocity, CoordinatedTurn
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position
from plansim.models.radar import Radar
from tests.estimation.naive_imm import NaiveIMM

CALM, AGILE = ConstantVelocity(acceleration_density=0.01), ConstantVelocity(acceleration_density=20.0)
TRANSITION = np.array([[0.95, 0.05], [0.2, 0.8]])
START = Gaussian(np.array([50.0, 20.0, 3.0, -1.0]), np.diag([4.0, 4.0, 1.0, 1.0]))
POSITION = Position(std=0.7)
COMPASS = LinearSystem("heading turn_rate", [[0, 1], [0, 0]], noise_density=np.diag([0.01, 0.02]), angles="heading")
DRUNK = LinearSystem("heading turn_rate", [[0, 1], [0, -1]], noise_density=np.diag([0.3, 0.5]), angles="heading")
HEADING = LinearSensor("heading", [[1.0, 0.0]], [[0.05]], angles="heading")


def imm(*motions, **settings):
    filters = [KalmanFilter(m) if hasattr(m, "transition") else ExtendedKalmanFilter(m) for m in motions]
    return InteractingMultipleModel(tuple(filters), TRANSITION, **settings)


def walk(estimator, belief, zs, sensor, dt=1.0):
    """All updates along a log; None is a missing measurement."""
    updates = []
    for z in zs:
        updates.append(estimator.update(estimator.predict(belief, None, dt), z, sensor))
        belief = updates[-1].belief
    return updates


def readings(count=12, seed=0, step=3.0):
    return START.mean[:2] + np.cumsum(np.random.default_rng(seed).normal(0, step, (count, 2)), 0)


def check_against_naive(estimator, start, zs, sensor, tolerance=1e-9):
    naive = NaiveIMM(
        [one.motion for one in estimator.filters],
        estimator.transition,
        [b.mean for b in start.beliefs],
        [b.cov for b in start.beliefs],
        start.probabilities,
    )
    for z, update in zip(zs, walk(estimator, start, zs, sensor), strict=True):
        naive.predict(1.0)
        if z is not None:
            innovation, innovation_cov, log_likelihood = naive.update(z, sensor)
            np.testing.assert_allclose(update.innovation, innovation, rtol=tolerance, atol=tolerance)
            np.testing.assert_allclose(update.innovation_cov, innovation_cov, rtol=tolerance, atol=tolerance)
            np.testing.assert_allclose(update.log_likelihood, log_likelihood, rtol=tolerance)
            np.testing.assert_allclose(update.belief.log_weights, naive.log_weights, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(update.belief.probabilities, naive.mu, rtol=tolerance, atol=tolerance)
        for j, belief in enumerate(update.belief.beliefs):
            miss = estimator.filters[j].state.difference(belief.mean, naive.means[j])
            np.testing.assert_allclose(miss, 0.0, atol=tolerance * (1 + np.abs(naive.means[j]).max()))
            np.testing.assert_allclose(belief.cov, naive.covs[j], rtol=1e-8, atol=tolerance)


def test_two_modes_that_are_the_same_are_the_single_filter():
    both, alone = imm(CALM, CALM), KalmanFilter(CALM)
    zs = [*readings(5), None, *readings(4)]
    for two, one in zip(walk(both, both.around(START), zs, POSITION), walk(alone, START, zs, POSITION), strict=True):
        moments = two.belief.gaussian(both.state)
        np.testing.assert_allclose(moments.mean, one.belief.mean, rtol=1e-12)
        np.testing.assert_allclose(moments.cov, one.belief.cov, rtol=1e-12, atol=1e-12)
        assert two.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-12)


def test_one_mode_is_its_filter_to_the_bit():
    single, alone = InteractingMultipleModel((KalmanFilter(AGILE),), [[1.0]]), KalmanFilter(AGILE)
    ours = walk(single, single.around(START), readings(), POSITION)[-1]
    theirs = walk(alone, START, readings(), POSITION)[-1]
    assert all(np.array_equal(a, b) for a, b in zip(ours.belief.beliefs[0], theirs.belief, strict=True))
    np.testing.assert_allclose(ours.innovation_cov, theirs.innovation_cov, rtol=1e-14)


def test_modes_that_never_change_are_filters_side_by_side_weighed_by_their_likelihoods():
    bank = InteractingMultipleModel((KalmanFilter(CALM), KalmanFilter(AGILE)), np.eye(2), [0.3, 0.7])
    zs = readings()
    last = walk(bank, bank.around(START), zs, POSITION)[-1].belief
    alone = [walk(one, START, zs, POSITION) for one in bank.filters]
    for mine, theirs in zip(last.beliefs, alone, strict=True):
        assert np.array_equal(mine.mean, theirs[-1].belief.mean)
    log_joint = np.log([0.3, 0.7]) + [sum(u.log_likelihood for u in updates) for updates in alone]
    np.testing.assert_allclose(last.log_weights, log_joint - np.logaddexp(*log_joint), rtol=1e-10, atol=1e-12)


def test_it_is_the_plain_implementation():
    estimator = imm(CALM, AGILE)
    check_against_naive(estimator, estimator.around(START), list(readings()), POSITION)


def test_extended_filters_may_be_inside():
    estimator = InteractingMultipleModel(tuple(map(ExtendedKalmanFilter, (CALM, AGILE))), TRANSITION)
    radar = Radar(range_std=5.0, bearing_std=0.02)
    check_against_naive(estimator, estimator.around(START), list(radar.measure(readings(20, step=2.0))), radar)


def test_modes_may_have_states_of_different_length():
    """Straight, turning and accelerating: what a mode lacks keeps the other's own mean and variance."""
    for other, own in ((CoordinatedTurn(), {"turn_rate": 0.1}), (ConstantAcceleration(), {"ax": 1.0, "ay": 2.0})):
        estimator = imm(CALM, other, own_std=own)
        assert estimator.state == CALM.state
        check_against_naive(estimator, estimator.around(START), list(readings(20)), POSITION)


def test_a_matrix_that_reads_the_shared_components_reads_every_mode():
    sensor = LinearSensor("x y", np.eye(2, 4), POSITION.cov)
    estimator = imm(CALM, CoordinatedTurn(), own_std={"turn_rate": 0.1})
    a, b = (walk(estimator, estimator.around(START), readings(), one)[-1] for one in (sensor, POSITION))
    np.testing.assert_allclose(a.belief.gaussian(estimator.state).mean, b.belief.gaussian(estimator.state).mean)


def test_angles_are_mixed_across_the_seam():
    estimator = imm(COMPASS, DRUNK)
    rng = np.random.default_rng(1)
    truth = np.pi + np.cumsum(rng.normal(0, 0.2, 40))
    zs = list(HEADING.measurement.wrap((truth + rng.normal(0, 0.2, 40))[:, None]))
    start = estimator.around(Gaussian(np.array([np.pi - 0.05, 0.0]), np.diag([0.1, 0.05])))
    check_against_naive(estimator, start, zs, HEADING)
    means = [u.belief.gaussian(estimator.state).mean[0] for u in walk(estimator, start, zs, HEADING)]
    assert np.abs(HEADING.measurement.wrap(np.array(means) - truth)).max() < 0.7
    assert np.abs(means).min() > 1.5  # it goes on around the seam, never through zero


def test_a_missed_scan_moves_the_modes_by_the_transition_alone():
    estimator = imm(CALM, AGILE)
    zs = [*readings(3), None, None, *readings(2)]
    updates = walk(estimator, estimator.around(START), zs, POSITION)
    np.testing.assert_allclose(
        updates[4].belief.probabilities, updates[2].belief.probabilities @ TRANSITION @ TRANSITION
    )
    assert updates[3].log_likelihood == 0.0
    assert updates[3].innovation is None
    check_against_naive(estimator, estimator.around(START), zs, POSITION)


def test_an_outlier_is_weighed_in_logarithms():
    estimator = imm(CALM, AGILE)
    zs = [*readings(3), np.array([2000.0, -1500.0]), None, *readings(3)]
    outlier = walk(estimator, estimator.around(START), zs, POSITION)[3]
    assert outlier.log_likelihood < -1e4  # its exponential is 0 in floating point, of each mode
    check_against_naive(estimator, estimator.around(START), zs, POSITION)


def test_what_no_mode_explains_at_all_leaves_the_weights_where_they_were():
    estimator = imm(CALM, AGILE)
    with np.errstate(over="ignore"):
        (update,) = walk(estimator, estimator.around(START), [np.array([1e200, 0.0])], POSITION)
    assert update.log_likelihood == -np.inf
    np.testing.assert_allclose(update.belief.probabilities, [0.575, 0.425])


def test_a_batch_is_its_members():
    estimator = imm(CALM, CoordinatedTurn(), own_std={"turn_rate": 0.1})
    rng = np.random.default_rng(3)
    means = START.mean + rng.normal(0, 1, (5, 4))
    covs = np.stack([START.cov * (1 + i) for i in range(5)])
    zs = np.stack([readings(seed=i) for i in range(5)], 1)
    together = walk(estimator, estimator.around(Gaussian(means, covs)), zs, POSITION)[-1]
    assert together.belief.log_weights.shape == (5, 2)
    for i in range(5):
        alone = walk(estimator, estimator.around(Gaussian(means[i], covs[i])), zs[:, i], POSITION)[-1]
        moments, one = together.belief.gaussian(estimator.state), alone.belief.gaussian(estimator.state)
        np.testing.assert_allclose(moments.mean[i], one.mean, rtol=1e-10)
        np.testing.assert_allclose(moments.cov[i], one.cov, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(together.belief.log_weights[i], alone.belief.log_weights, rtol=1e-9)
        np.testing.assert_allclose(together.innovation_cov[i], alone.innovation_cov, rtol=1e-10)
        assert together.log_likelihood[i] == pytest.approx(alone.log_likelihood, rel=1e-10)


def test_it_is_filterpys_where_that_is_right():
    """Two Kalman filters of the same length, no measurement missing, none far off."""
    from filterpy.kalman import IMMEstimator
    from filterpy.kalman import KalmanFilter as TheirFilter

    theirs = []
    for motion in (CALM, AGILE):
        one = TheirFilter(dim_x=4, dim_z=2)
        one.x, one.P = START.mean[:, None].copy(), START.cov.copy()
        one.F, one.Q, one.H, one.R = (
            motion.transition(1.0),
            motion.noise_cov(None, None, 1.0),
            np.eye(2, 4),
            POSITION.cov,
        )
        theirs.append(one)
    their, ours = IMMEstimator(theirs, [0.5, 0.5], TRANSITION), imm(CALM, AGILE)
    for z, update in zip(readings(40), walk(ours, ours.around(START), readings(40), POSITION), strict=True):
        their.predict()
        their.update(z[:, None])
        moments = update.belief.gaussian(ours.state)
        np.testing.assert_allclose(moments.mean, their.x[:, 0], rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(moments.cov, their.P, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(update.belief.probabilities, their.mu, rtol=1e-10, atol=1e-10)


def test_a_component_that_the_source_lacks_stays_the_targets_own():
    source, target = layout("x y vx vy"), layout("x y vx vy turn_rate")
    own = Gaussian(np.array([1.0, 2.0, 3.0, 4.0, 0.3]), np.eye(5) + 0.2)
    seen = carried(START, own, source, target)
    assert seen.mean.tolist() == [*START.mean, 0.3]
    assert seen.cov[4].tolist() == [0.0, 0.0, 0.0, 0.0, 1.2]
    assert np.array_equal(seen.cov[:4, :4], START.cov)
    assert np.array_equal(carried(own, START, target, source).cov, own.cov[:4, :4])


def test_beliefs_that_go_through_mappings_are_mixed_as_the_compiled_mixing_does():
    """Mappings that say what names say; the same for beliefs that are no Gaussians."""
    own = {"turn_rate": 0.1}
    for motions in ((CALM, CoordinatedTurn()), (COMPASS, DRUNK)):
        names = imm(*motions, own_std=own)
        layouts = [motion.state for motion in motions]
        by_hand = {
            (i, j): functools.partial(carried, source=layouts[i], target=layouts[j]) for i in (0, 1) for j in (0, 1)
        }
        mapped = imm(*motions, own_std=own, mappings=by_hand)
        start = START if motions[0] is CALM else Gaussian(np.array([3.1, 0.2]), np.diag([0.5, 0.1]))
        sensor = POSITION if motions[0] is CALM else HEADING
        zs = readings() if motions[0] is CALM else HEADING.measurement.wrap(3.1 + readings(step=0.3)[:, :1] - 50.0)
        a, b = (walk(one, one.around(start), zs, sensor)[-1] for one in (names, mapped))
        np.testing.assert_allclose(a.belief.log_weights, b.belief.log_weights, rtol=1e-9)
        np.testing.assert_allclose(a.belief.gaussian(names.state).mean, b.belief.gaussian(names.state).mean, rtol=1e-9)
        np.testing.assert_allclose(a.belief.gaussian(names.state).cov, b.belief.gaussian(names.state).cov, rtol=1e-9)


def test_a_mapping_says_how_one_mode_reads_another():
    def with_known_turn(straight, turning):
        mean = np.append(straight.mean, 0.2)
        return Gaussian(mean, np.block([[straight.cov, np.zeros((4, 1))], [np.zeros((1, 4)), 0.01]]))

    estimator = imm(CALM, CoordinatedTurn(), own_std={"turn_rate": 5.0}, mappings={(0, 1): with_known_turn})
    belief = estimator.around(START)
    sure_of_straight = ModeBeliefs(belief.beliefs, np.log([1.0 - 1e-12, 1e-12]))
    turning = estimator.predict(sure_of_straight, None, 1.0).beliefs[1]
    assert turning.mean[4] == pytest.approx(0.2, abs=1e-6)
    assert turning.cov[4, 4] == pytest.approx(0.01 + 1e-3, abs=1e-6)


def test_a_mode_that_cannot_be_stays_out_and_makes_nothing_nan():
    chain = InteractingMultipleModel((KalmanFilter(CALM), KalmanFilter(AGILE)), [[1.0, 0.0], [0.5, 0.5]], [1.0, 0.0])
    update = walk(chain, chain.around(START), readings(), POSITION)[-1]
    assert update.belief.probabilities.tolist() == [1.0, 0.0]
    alone = walk(KalmanFilter(CALM), START, readings(), POSITION)[-1]
    np.testing.assert_allclose(update.belief.gaussian(chain.state).mean, alone.belief.mean, rtol=1e-13)
    assert all(np.isfinite(belief.mean).all() for belief in update.belief.beliefs)


class Eye:
    """A sensor that cannot be hashed, as one with fields that change."""

    measurement, cov, __hash__ = layout("x y"), 0.49 * np.eye(2), None

    def measure(self, x):
        return x[..., :2]


def test_a_sensor_need_not_be_hashable():
    one, other = (walk(imm(CALM, AGILE), imm(CALM, AGILE).around(START), readings(3), s)[-1] for s in (Eye(), POSITION))
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-12)


def test_unscented_filters_may_be_inside():
    """On linear motion they are the Kalman filter, and so is the mixture of them."""
    kalman = imm(CALM, AGILE)
    unscented = InteractingMultipleModel(tuple(map(UnscentedKalmanFilter, (CALM, AGILE))), TRANSITION)
    a, b = (walk(one, one.around(START), readings(), POSITION)[-1] for one in (kalman, unscented))
    np.testing.assert_allclose(a.belief.log_weights, b.belief.log_weights, rtol=1e-9)
    np.testing.assert_allclose(a.belief.gaussian(kalman.state).cov, b.belief.gaussian(kalman.state).cov, rtol=1e-9)


def test_a_mixture_of_models_beats_each_of_them_on_a_target_that_changes():
    rng = np.random.default_rng(7)
    errors = {"calm": [], "agile": [], "imm": []}
    both = imm(CALM, AGILE)
    for _ in range(12):
        state, truth = np.array([0.0, 0.0, 10.0, 0.0]), []
        for t in range(60):
            state = CALM.step(state, None, 1.0) + (np.array([0, 0, *rng.normal(0, 6, 2)]) if t % 30 > 24 else 0.0)
            truth.append(state)
        truth = np.array(truth)
        zs = truth[:, :2] + rng.normal(0, 2.0, (60, 2))
        sensor, start = Position(2.0), Gaussian(np.array([0.0, 0.0, 10.0, 0.0]), np.eye(4))
        for name, one in {"calm": KalmanFilter(CALM), "agile": KalmanFilter(AGILE), "imm": both}.items():
            estimates = [u.belief.gaussian(both.state).mean[:2] for u in walk(one, one.around(start), zs, sensor)]
            errors[name].append(np.square(np.array(estimates) - truth[:, :2]).sum(-1).mean())
    rmse = {name: np.sqrt(np.mean(values)) for name, values in errors.items()}
    assert rmse["imm"] < 0.95 * min(rmse["calm"], rmse["agile"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"transition": [[0.9, 0.2], [0.1, 0.9]]}, "row 0 of transition .* sums to 1.1, but must sum to one"),
        ({"transition": [[1.2, -0.2], [0.1, 0.9]]}, "row 0 of transition .* 0 or more"),
        ({"transition": [[np.nan, 1.0], [0.1, 0.9]]}, "row 0 of transition"),
        ({"transition": [[1.0]]}, r"transition has shape \(1, 1\), but must have \(2, 2\): 2 filters"),
        ({"transition": [["often", "seldom"]]}, "transition must consist of numbers"),
        ({"start_probabilities": [0.5, 0.6]}, "start_probabilities .* sums to 1.1"),
        ({"start_probabilities": [1.0]}, r"start_probabilities have shape \(1,\), but must have \(2,\)"),
        ({"filters": ()}, "without filters"),
        ({"filters": (KalmanFilter(CALM), KalmanFilter(COMPASS))}, "no component in common"),
        (
            {"filters": (KalmanFilter(CALM), KalmanFilter(LinearSystem("vx vy x y", np.zeros((4, 4)))))},
            "mode 1 has the state 'vx vy x y', but must begin with what all modes share, 'x y vx vy'",
        ),
    ],
)
def test_modes_that_cannot_be_meant_are_refused_in_words(settings, message):
    good = {"filters": (KalmanFilter(CALM), KalmanFilter(AGILE)), "transition": TRANSITION}
    with pytest.raises(MalformedInput, match=message):
        InteractingMultipleModel(**(good | settings))


def test_a_start_that_does_not_fit_the_modes_is_refused_in_words():
    with pytest.raises(MalformedInput, match="not every mode has turn_rate: own_std must say"):
        imm(CALM, CoordinatedTurn()).around(START)
    with pytest.raises(MalformedInput, match="a belief of 2 components, but the modes share 4: x y vx vy"):
        imm(CALM, AGILE).around(Gaussian(np.zeros(2), np.eye(2)))
