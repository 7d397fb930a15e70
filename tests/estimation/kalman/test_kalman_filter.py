"""The Kalman filter: one call, a batch, torch, hard numbers, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import layout
from plansim.estimation.kalman.kalman_filter import KalmanFilter, gaussian_update
from plansim.estimation.kalman.linear_steps import plain_gaussian_update
from plansim.models.kinematic import ConstantVelocity, CoordinatedTurn
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position
from plansim.models.range_bearing import RangeBearing

DRIVEN = LinearSystem("x v", [[0, 1], [-0.5, -0.1]], "force", [[0], [1]], [[0.01, 0.0], [0.0, 0.1]])
TURNING = LinearSystem("angle rate", [[0, 1], [0, 0]], noise_density=[[0, 0], [0, 0.1]], angles="angle")
COMPASS = LinearSensor("angle", [[1.0, 0.0]], [[0.01]], angles="angle")
BOTH = LinearSensor("a b c", [[1.0, 0.0], [0.3, 2.0], [0.0, 1.0]], [[1.0, 0.4, 0.0], [0.4, 0.9, 0.1], [0.0, 0.1, 0.5]])
SPEED = LinearSensor("speed", [[0.0, 1.0]], [[0.3]])


def random_belief(rng, *shape, n=2):
    root = rng.normal(size=(*shape, n, n))
    return Gaussian(rng.normal(size=(*shape, n)), root @ root.swapaxes(-1, -2) + 0.1 * np.eye(n))


def assert_same(a, b, **tolerance):
    for x, y in zip((*a.belief, *a[1:]), (*b.belief, *b[1:]), strict=True):
        np.testing.assert_allclose(x, y, **(tolerance or {"rtol": 1e-10, "atol": 1e-10}))


def test_it_is_filterpys_kalman_filter():
    theirs = pytest.importorskip("filterpy.kalman").KalmanFilter(dim_x=2, dim_z=3, dim_u=1)
    theirs.F, theirs.B, theirs.Q = DRIVEN.transition(0.2), DRIVEN.input_matrix(0.2), DRIVEN.noise_cov(None, None, 0.2)
    theirs.H, theirs.R, rng = BOTH.matrix, BOTH.cov, np.random.default_rng(0)
    belief, ours = Gaussian(np.zeros(2), np.eye(2)), KalmanFilter(DRIVEN)
    for z, u in zip(rng.normal(size=(50, 3)), rng.normal(size=(50, 1)), strict=True):
        theirs.predict(u[:, None])
        theirs.update(z)
        belief, v, S, log_likelihood = ours.step(belief, u, 0.2, z, BOTH)
        found = (*belief, v, S, log_likelihood)
        for a, b in zip(
            found, (theirs.x[:, 0], theirs.P, theirs.y[:, 0], theirs.S, theirs.log_likelihood), strict=True
        ):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


@pytest.mark.parametrize("shape", [(), (3,), (200,), (2, 3)])
def test_a_step_is_a_prediction_and_an_update_to_the_bit(shape):
    rng, estimator = np.random.default_rng(1), KalmanFilter(DRIVEN)
    belief, u, z = random_belief(rng, *shape), rng.normal(size=(*shape, 1)), rng.normal(size=(*shape, 3))
    together = estimator.step(belief, u, 0.1, z, BOTH)
    apart = estimator.update(estimator.predict(belief, u, 0.1), z, BOTH)
    assert_same(together, apart, rtol=0, atol=0)


def test_a_batch_is_its_members_to_the_bit_whatever_its_shape_and_order_in_memory():
    rng, estimator = np.random.default_rng(2), KalmanFilter(DRIVEN)
    belief, u, z = random_belief(rng, 150), rng.normal(size=(150, 1)), rng.normal(size=(150, 3))
    belief = estimator.step(belief, u, 0.1, z, BOTH).belief  # laid out with the filters last
    many = estimator.step(belief, u, 0.1, z, BOTH)
    folded = Gaussian(belief.mean.reshape(10, 15, 2), belief.cov.reshape(10, 15, 2, 2))
    assert np.array_equal(
        estimator.step(folded, u.reshape(10, 15, 1), 0.1, z.reshape(10, 15, 3), BOTH).belief[1][3, 4],
        many.belief.cov[49],
    )
    for i in range(150):
        one = estimator.step(Gaussian(belief.mean[i], belief.cov[i]), u[i], 0.1, z[i], BOTH)
        for a, b in zip((*one.belief, *one[1:]), (*many.belief, *many[1:]), strict=True):
            assert np.array_equal(a, b[i])


def test_one_control_and_one_measurement_serve_a_batch():
    rng, estimator = np.random.default_rng(3), KalmanFilter(DRIVEN)
    belief, u, z = random_belief(rng, 5), np.array([0.3]), np.array([0.1])
    repeated = estimator.step(belief, np.tile(u, (5, 1)), 0.1, np.tile(z, (5, 1)), SPEED)
    assert_same(estimator.step(belief, u, 0.1, z, SPEED), repeated, rtol=0, atol=0)


@pytest.mark.parametrize("sensor", [BOTH, SPEED, COMPASS])
@pytest.mark.parametrize("shape", [(), (4,)])
def test_the_update_is_the_one_of_the_book(sensor, shape):
    rng = np.random.default_rng(4)
    belief, innovation = random_belief(rng, *shape), rng.normal(size=(*shape, len(sensor.measurement)))
    found = gaussian_update(TURNING.state, belief, innovation, sensor.matrix, sensor.cov)
    assert_same(found, plain_gaussian_update(TURNING.state, belief, innovation, sensor.matrix, sensor.cov))
    z = innovation + belief.mean @ sensor.matrix.T
    if sensor is not COMPASS:  # whose innovations are wrapped
        assert_same(KalmanFilter(TURNING).update(belief, z, sensor), found)


def test_each_member_of_a_batch_may_have_a_sensor_of_its_own():
    rng, state = np.random.default_rng(5), layout("x y z", angles="z")
    belief, H, v = random_belief(rng, 6, n=3), rng.normal(size=(6, 2, 3)), rng.normal(size=(6, 2))
    R = random_belief(rng, 6).cov
    found = gaussian_update(state, belief, v, H, R)
    assert_same(found, plain_gaussian_update(state, belief, v, H, R))
    assert np.array_equal(found.belief.cov, found.belief.cov.swapaxes(-1, -2))


def test_the_posterior_is_the_product_of_prior_and_likelihood():
    prior, z = random_belief(np.random.default_rng(6), n=4), np.array([1.0, 2.0, 3.0, 4.0])
    whole = LinearSensor("a b c d", np.eye(4), np.diag([1.0, 2.0, 3.0, 4.0]))
    posterior, _, _, log_likelihood = KalmanFilter(ConstantVelocity()).update(prior, z, whole)
    information = np.linalg.inv(prior.cov) + np.linalg.inv(whole.cov)
    vector = np.linalg.solve(prior.cov, prior.mean) + np.linalg.solve(whole.cov, z)
    np.testing.assert_allclose(posterior.cov, np.linalg.inv(information), rtol=0, atol=1e-12)
    np.testing.assert_allclose(posterior.mean, np.linalg.solve(information, vector), rtol=0, atol=1e-12)

    def log_density(x, mean, cov):
        return -0.5 * ((x - mean) @ np.linalg.solve(cov, x - mean) + np.linalg.slogdet(2 * np.pi * cov)[1])

    x = np.array([0.3, -0.2, 0.5, 0.1])  # prior · likelihood = evidence · posterior, at any place
    product = log_density(x, *prior) + log_density(z, x, whole.cov)
    assert product == pytest.approx(log_likelihood + log_density(x, *posterior), abs=1e-10)


@pytest.mark.parametrize("std", [1.0, 1e-3, 1e-6])
def test_information_adds_up_over_a_hundred_thousand_steps_without_noise(std):
    """Of a thing that stands still, 1 / P is 1 / P0 + T / R, however small R is."""
    still, steps = LinearSystem("x", [[0.0]]), 100_000
    sensor = LinearSensor("x", [[1.0]], [[std**2]])
    z = np.random.default_rng(7).normal(3.0, std, (steps, 1))
    filtered = KalmanFilter(still).filter_sequence(Gaussian(np.zeros(1), np.eye(1)), z, sensor, 0.1, None)
    assert filtered.cov[-1, 0, 0] == pytest.approx(1 / (1 + steps / std**2), rel=1e-9)
    assert filtered.mean[-1, 0] == pytest.approx(z.sum() / std**2 / (1 + steps / std**2), rel=1e-9)
    assert filtered.cov.min() > 0


def test_covariances_stay_symmetric_and_positive_under_hard_numbers():
    from benchmarks.estimation.kalman import hard_steps

    least = hard_steps(steps=3_000, seed=0)
    assert least > -1e-12, "the least eigenvalue, as a share of the largest"


def test_angles_wrap_in_the_state_and_in_the_measurement():
    estimator = KalmanFilter(TURNING)
    belief = Gaussian(np.array([3.1, 1.0]), 0.1 * np.eye(2))
    assert estimator.predict(belief, None, 0.1).mean[0] == pytest.approx(3.2 - 2 * np.pi)
    for shape in ((), (3,)):
        many = Gaussian(np.broadcast_to(belief.mean, (*shape, 2)), np.broadcast_to(belief.cov, (*shape, 2, 2)))
        update = estimator.step(many, None, 0.1, np.full((*shape, 1), -3.0), COMPASS)
        np.testing.assert_allclose(update.innovation, 2 * np.pi - 3.0 - 3.2, atol=1e-12)
        assert np.abs(update.belief.mean[..., 0]).max() <= np.pi


def test_a_sensor_with_an_offset_is_linear():
    class Offset(LinearSensor):
        def measure(self, x):
            return super().measure(x) + 5.0

    belief, sensor = random_belief(np.random.default_rng(8)), Offset("speed", [[0.0, 1.0]], [[0.3]])
    shifted = KalmanFilter(DRIVEN).update(belief, np.array([5.5]), sensor)
    assert_same(shifted, KalmanFilter(DRIVEN).update(belief, np.array([0.5]), SPEED))


def test_lists_integers_and_frozen_arrays_do_as_well():
    estimator, belief = KalmanFilter(DRIVEN), Gaussian(np.zeros(2), np.eye(2))
    expected = estimator.step(belief, np.array([1.0]), 0.1, np.array([2.0]), SPEED)
    frozen = Gaussian(np.zeros(2), np.eye(2))
    for array in frozen:
        array.setflags(write=False)
    assert_same(estimator.step(frozen, [1], 0.1, [2], SPEED), expected, rtol=0, atol=0)
    assert_same(
        estimator.step(Gaussian([0, 0], np.eye(2, dtype=int)), np.array([1]), 0.1, np.array([2]), SPEED), expected
    )


def test_torch_beliefs_pass_and_have_gradients():
    torch = pytest.importorskip("torch")
    rng, estimator = np.random.default_rng(9), KalmanFilter(TURNING)
    for shape in ((), (3,)):
        belief, z = random_belief(rng, *shape), rng.normal(size=(*shape, 1))
        mean = torch.tensor(belief.mean, requires_grad=True)
        found = estimator.step(Gaussian(mean, torch.tensor(belief.cov)), None, 0.1, z, COMPASS)
        expected = estimator.step(belief, None, 0.1, z, COMPASS)
        found.log_likelihood.sum().backward()
        assert torch.isfinite(mean.grad).all()
        for a, b in zip((*found.belief, *found[1:]), (*expected.belief, *expected[1:]), strict=True):
            np.testing.assert_allclose(a.detach().numpy(), b, atol=1e-12)


def test_models_are_found_again_and_never_mistaken():
    estimator, belief = KalmanFilter(ConstantVelocity()), Gaussian(np.zeros(4), np.eye(4))
    for i in range(600):  # more than are remembered; a sensor that is gone leaves its id to others
        std = 0.1 + 0.01 * i
        found = estimator.step(belief, None, 1.0, np.ones(2), Position(std))
        assert found.innovation_cov[0, 0] == pytest.approx(2 + 1 / 3 + std**2)
    fast = estimator.predict(belief, None, 2.0).cov
    assert not np.allclose(fast, estimator.predict(belief, None, 1.0).cov)


SINGLE = Gaussian(np.zeros(2), np.eye(2))
BAD_STEPS = {
    "NaN measurement": (SINGLE, [np.nan], SPEED, 0.1, r"measurement is \[nan\], but must be finite; pass None"),
    "infinite measurement": (SINGLE, [np.inf], SPEED, 0.1, r"measurement is \[inf\]"),
    "long measurement": (SINGLE, [1.0, 2.0], SPEED, 0.1, r"measurement has shape \(2,\), but must have \(..., 1\)"),
    "mean of 3": (Gaussian(np.zeros(3), np.eye(2)), [1.0], SPEED, 0.1, r"mean has shape \(.*3,?\)"),
    "cov of 3": (Gaussian(np.zeros(2), np.eye(3)), [1.0], SPEED, 0.1, r"cov has shape \(.*3, 3\)"),
    "negative cov": (Gaussian(np.zeros(2), -9 * np.eye(2)), [1.0], SPEED, 0.1, "eigenvalue -9"),
    "NaN cov": (Gaussian(np.zeros(2), np.full((2, 2), np.nan)), [1.0], SPEED, 0.1, "cov must be finite"),
    "NaN mean": (Gaussian(np.full(2, np.nan), np.eye(2)), [1.0], SPEED, 0.1, "mean must be finite"),
    "no time": (SINGLE, [1.0], SPEED, 0.0, "dt is 0.0, but must be a positive"),
    "time backwards": (SINGLE, [1.0], SPEED, -1.0, "dt is -1.0"),
    "short state": (SINGLE, [1.0, 1.0], RangeBearing((1.0, 2.0)), 0.1, "RangeBearing does not fit a state of 2"),
    "no sensor": (SINGLE, [1.0], object(), 0.1, "object has no measurement and no cov and no measure"),
}


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(("belief", "z", "sensor", "dt", "words"), BAD_STEPS.values(), ids=list(BAD_STEPS))
def test_a_step_that_cannot_be_meant_is_refused_in_words(belief, z, sensor, dt, words, batch):
    z = np.array(z)
    if batch:
        belief = Gaussian(*(np.stack([a, a]) for a in belief))
    with pytest.raises(MalformedInput, match=words):
        KalmanFilter(DRIVEN).step(belief, None, dt, z, sensor)


def test_a_start_that_is_no_belief_is_refused_in_words():
    estimator = KalmanFilter(DRIVEN)
    with pytest.raises(MalformedInput, match="must be symmetric"):
        estimator.around(Gaussian(np.zeros(2), np.array([[1.0, 0.5], [0.0, 1.0]])))
    with pytest.raises(MalformedInput, match="has the eigenvalue -1"):
        estimator.around(Gaussian(np.zeros(2), np.diag([1.0, -1.0])))
    with pytest.raises(MalformedInput, match=r"must have \(..., 2\)"):
        estimator.around(Gaussian(np.zeros(3), np.eye(3)))


def test_motion_that_is_not_linear_is_refused():
    with pytest.raises(MalformedInput, match=r"CoordinatedTurn is not linear: .*ExtendedKalmanFilter"):
        KalmanFilter(CoordinatedTurn())


def test_a_sensor_that_is_not_linear_is_refused():
    with pytest.raises(MalformedInput, match=r"RangeBearing is not linear in the state: .*ExtendedKalmanFilter"):
        KalmanFilter(ConstantVelocity()).update(Gaussian(np.zeros(4), np.eye(4)), np.ones(2), RangeBearing((1.0, 2.0)))


def test_without_a_compiler_the_numbers_are_the_same():
    code = """
import numpy as np
from plansim.core.beliefs import Gaussian
from plansim.estimation import KalmanFilter, filter_sequence
from plansim.models.kinematic import ConstantVelocity
from plansim.models.position import Position
f, z = KalmanFilter(ConstantVelocity()), np.array([[1.0, 2.0], [np.nan, np.nan], [3.0, 1.0]])
start = Gaussian(np.zeros(4), np.eye(4))
many = Gaussian(np.zeros((2, 4)), np.stack([np.eye(4), 2 * np.eye(4)]))
print(*(f.step(b, None, 1.0, z[0], Position()).belief.mean.sum() for b in (start, many)),
      *(filter_sequence(f, b, z, Position(), 1.0).mean.sum() for b in (start, many, many._replace(cov=np.eye(4)))))
"""
    outputs = [
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "NUMBA_DISABLE_JIT": jit}, capture_output=True)
        for jit in ("0", "1")
    ]
    assert outputs[0].stdout == outputs[1].stdout, outputs[1].stderr.decode()
    assert len(outputs[0].stdout.split()) == 5
