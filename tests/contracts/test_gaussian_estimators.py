"""Laws of every estimator whose belief has a mean and a covariance, on linear systems, where the answer is known.

The answer is a Kalman filter written out below, in plain numpy, that shares no line with the package.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.consistency.bounds import chi_square_bounds
from plansim.estimation.consistency.nees import nees, nis
from plansim.estimation.kalman.sequence import filter_sequence
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position
from plansim.scenario.registry import BUILTINS, load
from tests.contracts.gaussian_estimators import DEAF, EXACT, GAUSSIAN, OBSERVERS, SAMPLED

ONE_BY_ONE = {"filterpy"}  # wraps an object of another library: one filter, no batch, and its own arithmetic


class System(NamedTuple):
    motion: Any
    sensors: tuple[Any, Any]
    dt: float


def random_system(seed: int, n: int, k: int) -> System:
    """Stable, with noise everywhere and correlated, and a control."""
    rng = np.random.default_rng(seed)
    A, G, V = rng.normal(size=(n, n)), rng.normal(size=(n, n)), rng.normal(size=(k, k))
    A -= (np.linalg.eigvals(A).real.max() + 0.2) * np.eye(n)
    names, readings = " ".join(f"s{i}" for i in range(n)), " ".join(f"r{i}" for i in range(k))
    motion = LinearSystem(names, A, "push pull", rng.normal(size=(n, 2)), 0.1 * G @ G.T)
    first = LinearSensor(readings, rng.normal(size=(k, n)), 0.1 * V @ V.T + 0.1 * np.eye(k))
    return System(motion, (first, LinearSensor("r", rng.normal(size=(1, n)), [[0.3]])), 0.2)


VELOCITY = System(ConstantVelocity(2, 0.5), (Position(0.4), LinearSensor("vx", [[0, 0, 1, 0]], [[0.3]])), 0.5)
SYSTEMS = {
    "constant velocity": VELOCITY,
    "unstable scalar": System(
        LinearSystem("x", [[0.3]], "push", [[1.0]], [[0.1]]),
        (LinearSensor("z", [[1.0]], [[0.2]]), LinearSensor("double", [[2.0]], [[1.0]])),
        0.5,
    ),
    "oscillator": System(
        LinearSystem("x v force", [[0, 1, 0], [-4, -0.2, 1], [0, 0, -0.5]], "", None, np.diag([0.0, 0.01, 0.2])),
        (LinearSensor("x", [[1.0, 0, 0]], [[0.05]]), LinearSensor("v", [[0, 1.0, 0]], [[0.1]])),
        0.1,
    ),
    "random of 5": random_system(1, 5, 2),
    "random of 2": random_system(2, 2, 3),
}

exact = pytest.mark.parametrize("name", EXACT)
sampled = pytest.mark.parametrize("name", SAMPLED)
listening = pytest.mark.parametrize("name", [*GAUSSIAN, *OBSERVERS])
everyone = pytest.mark.parametrize("name", [*GAUSSIAN, *OBSERVERS, *DEAF])
systems = pytest.mark.parametrize("system", SYSTEMS.values(), ids=list(SYSTEMS))


def made(name: str, system: System) -> Any:
    if name == "steady-state-kalman-filter":  # which finds that gain itself
        return load(BUILTINS["estimator"][name])(system.motion, system.sensors[0], system.dt)
    if name in OBSERVERS:  # with the gain that the Kalman filter tends to
        P = steady_cov(system)
        H, R = matrix(system.sensors[0], system), system.sensors[0].cov
        gain = P @ H.T @ np.linalg.inv(H @ P @ H.T + R)
        return load(BUILTINS["estimator"][name])(system.motion, system.sensors[0], system.dt, gain=gain)
    if name in DEAF:
        return load(BUILTINS["estimator"][name])(system.motion)
    return GAUSSIAN[name](system.motion)


def matrix(sensor: Any, system: System) -> np.ndarray:
    return sensor.measure(np.eye(len(system.motion.state))).T


def steady_cov(system: System) -> np.ndarray:
    P = np.eye(len(system.motion.state))
    for _ in range(2000):
        P = naive_predict(system, np.zeros(len(P)), P, None)[1]
        step, P = (
            P,
            naive_update(system, system.sensors[0], np.zeros(len(P)), P, np.zeros(len(system.sensors[0].cov)))[1],
        )
    return step


def naive_predict(system, m, P, u):
    F, Q = system.motion.transition(system.dt), system.motion.noise_cov(None, None, system.dt)
    moved = F @ m
    if u is not None and len(u):
        moved = moved + system.motion.input_matrix(system.dt) @ u
    return moved, F @ P @ F.T + Q


def naive_update(system, sensor, m, P, z):
    """Särkkä 2013, theorem 4.2."""
    H, R = matrix(sensor, system), sensor.cov
    v, S = z - H @ m, H @ P @ H.T + R
    K = P @ H.T @ np.linalg.inv(S)
    log_likelihood = -0.5 * (v @ np.linalg.inv(S) @ v + np.log(np.linalg.det(2 * np.pi * S)))
    return m + K @ v, P - K @ S @ K.T, v, S, log_likelihood


def start_of(system: System) -> Gaussian:
    n = len(system.motion.state)
    root = np.eye(n) + 0.3 * np.tril(np.ones((n, n)), -1)
    return Gaussian(np.linspace(-1.0, 1.0, n), root @ root.T)


def controls_of(system: System, t: int):
    m = len(system.motion.control)
    return np.sin(0.3 * t + np.arange(m)) if m else None


def simulated(system: System, steps: int, seed: int, runs: int | None = None):
    """Truth (T, [B,] n) and the readings of both sensors, from a start that the belief describes."""
    rng, start = np.random.default_rng(seed), start_of(system)
    shape = (len(start.mean),) if runs is None else (runs, len(start.mean))
    x = start.mean + rng.standard_normal(shape) @ np.linalg.cholesky(start.cov).T
    truth, readings = [], []
    for t in range(steps):
        x = system.motion.sample(x, controls_of(system, t), system.dt, rng)
        truth.append(x)
        readings.append([s.measure(x) + draw(s.cov, x.shape[:-1], rng) for s in system.sensors])
    return truth, readings


def draw(cov, shape, rng):
    return rng.standard_normal((*shape, len(cov))) @ np.linalg.cholesky(cov).T


def heard(t: int, readings):
    """None where a measurement is missing: the first sensor reads two times out of three, the second every other."""
    return [readings[0] if t % 3 != 1 else None, readings[1] if t % 2 == 0 else None]


def near(got, expected, tolerance=1e-9):
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    assert np.abs(got - expected).max(initial=0.0) <= tolerance * max(np.abs(expected).max(initial=0.0), 1e-3)


def assert_equal(a, b):
    """To the bit."""
    assert np.array_equal(a.mean, b.mean)
    assert np.array_equal(a.cov, b.cov)


def generator(seed=0):
    return np.random.default_rng(seed)


def test_every_estimator_with_a_mean_and_a_covariance_is_in_the_tables():
    others = {"monte-carlo-localization"}  # needs a map: see test_estimators
    assert {*GAUSSIAN, *OBSERVERS, *DEAF, *others} == set(BUILTINS["estimator"])
    assert not set(EXACT) & set(SAMPLED)


@exact
@systems
def test_on_a_linear_system_every_filter_is_the_kalman_filter(name, system):
    estimator, (m, P) = made(name, system), start_of(system)
    belief = estimator.around(Gaussian(m, P), generator())
    _, readings = simulated(system, 50, seed=3)
    for t, both in enumerate(readings):
        u = controls_of(system, t)
        m, P = naive_predict(system, m, P, u)
        belief = estimator.predict(belief, u, system.dt)
        for sensor, z in zip(system.sensors, heard(t, both), strict=True):
            update = estimator.update(belief, z, sensor)
            belief = update.belief
            if z is None:
                continue
            m, P, v, S, log_likelihood = naive_update(system, sensor, m, P, z)
            near(update.innovation, v)
            near(update.innovation_cov, S)
            assert update.log_likelihood == pytest.approx(log_likelihood, rel=1e-9, abs=1e-9)
        got = belief.gaussian(system.motion.state)
        near(got.mean, m)
        near(got.cov, P)


@sampled
@systems
def test_on_a_linear_system_samples_are_the_kalman_filter_within_their_error(name, system):
    estimator, (m, P), rng = made(name, system), start_of(system), generator(7)
    belief = estimator.around(Gaussian(m, P), rng)
    total, expected = 0.0, 0.0
    for t, both in enumerate(simulated(system, 12, seed=4)[1]):
        u = controls_of(system, t)
        m, P = naive_predict(system, m, P, u)
        belief = estimator.predict(belief, u, system.dt, rng)
        for sensor, z in zip(system.sensors, heard(t, both), strict=True):
            update = estimator.update(belief, z, sensor, rng)
            belief = update.belief
            total += update.log_likelihood
            if z is not None:
                m, P, _, _, log_likelihood = naive_update(system, sensor, m, P, z)
                expected += log_likelihood
        got = belief.gaussian(system.motion.state)
        root = np.linalg.cholesky(P)
        assert np.abs(np.linalg.solve(root, got.mean - m)).max() < 0.25
        spread = np.linalg.eigvalsh(np.linalg.solve(root, np.linalg.solve(root, got.cov).T))
        assert spread.min() > 0.6
        assert spread.max() < 1.5
    assert total == pytest.approx(expected, abs=1.0)


@everyone
@pytest.mark.parametrize("batch", [(3,), (2, 3)])
@pytest.mark.parametrize("shared", [False, True])
def test_a_batch_is_its_members_one_by_one(name, batch, shared):
    if name in ONE_BY_ONE:
        pytest.skip("one filter at a time")
    system, rng = SYSTEMS["random of 5"], generator(1)
    estimator, state = made(name, system), system.motion.state
    means, roots = rng.normal(size=(*batch, 5)), rng.normal(size=(*batch, 5, 5))
    covs = roots @ roots.swapaxes(-1, -2) + 0.1 * np.eye(5)
    u = rng.normal(size=2 if shared else (*batch, 2))
    z = rng.normal(size=2 if shared else (*batch, 2))

    def step(start, u, z, seed):
        rng = generator(seed)
        belief = estimator.predict(estimator.around(start, rng), u, system.dt, rng)
        predicted = belief.gaussian(state)
        update = estimator.update(belief, z, system.sensors[0], rng)
        return predicted, update.belief.gaussian(state), update

    before, after, update = step(Gaussian(means, covs), u, z, 0)
    assert after.mean.shape == (*batch, 5)
    assert after.cov.shape == (*batch, 5, 5)
    assert np.shape(update.log_likelihood) == batch
    for i in np.ndindex(batch):
        one = step(Gaussian(means[i], covs[i]), u if shared else u[i], z if shared else z[i], 1)
        if name in SAMPLED:  # other draws: the same density
            assert np.abs(after.mean[i] - one[1].mean).max() < 0.5 * np.sqrt(np.diagonal(one[1].cov)).max()
            assert update.log_likelihood[i] == pytest.approx(one[2].log_likelihood, abs=0.5)
            continue
        near(before.mean[i], one[0].mean, 1e-12)
        near(before.cov[i], one[0].cov, 1e-12)
        near(after.mean[i], one[1].mean, 1e-11)
        near(after.cov[i], one[1].cov, 1e-11)
        assert update.log_likelihood[i] == pytest.approx(one[2].log_likelihood, rel=1e-10)


def assert_covariance(cov):
    size = np.abs(cov).max((-2, -1))
    assert np.isfinite(cov).all()
    assert (np.abs(cov - cov.swapaxes(-1, -2)).max((-2, -1)) <= 1e-13 * size).all()
    assert (np.linalg.eigvalsh(cov).min(-1) >= -1e-13 * size).all()


HARD = {
    "a sensor without noise": (1.0, 1e-12, 1.0),
    "motion without noise": (0.0, 0.3, 1.0),
    "neither has noise": (0.0, 1e-12, 1.0),
    "large numbers": (1e8, 1e10, 1e12),
    "tiny numbers": (1e-12, 1e-14, 1e-10),
    "knows some things 10^14 times better": (1e-7, 1e-7, None),
}


@exact
@pytest.mark.parametrize("case", HARD)
def test_covariances_stay_symmetric_and_positive_under_hard_numbers(name, case):
    if name in ONE_BY_ONE:
        pytest.skip("filterpy's own arithmetic: it does lose the covariance of one of these")
    density, variance, start = HARD[case]
    system = System(ConstantVelocity(2, density), (LinearSensor("x y", np.eye(2, 4), variance * np.eye(2)),) * 2, 0.1)
    rng, estimator = generator(5), made(name, system)
    axes = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    P = start * np.eye(4) if start else (axes * 10.0 ** np.array([7, 3, -2, -7])) @ axes.T
    P = 0.5 * (P + P.T)
    # what is compiled goes on for 10^5 steps
    steps = 100_000 if hasattr(estimator, "filter_sequence") and name != "interacting-multiple-model" else 300
    z = rng.normal(size=(steps, 2)) * np.sqrt(variance)
    z[7] = np.nan
    filtered = filter_sequence(estimator, Gaussian(np.zeros(4), P), z, system.sensors[0], system.dt)
    assert np.isfinite(filtered.mean).all()
    assert np.isfinite(filtered.log_likelihood).all()
    every = np.unique(np.r_[:100, np.linspace(0, steps - 1, 400, dtype=int)])
    assert_covariance(filtered.cov[every])
    assert_covariance(filtered.predicted_cov[every])


@listening
def test_errors_and_innovations_are_as_large_as_the_filter_says(name):
    runs, steps = 50, 30 if name not in SAMPLED else 4
    estimator, state, rng = made(name, VELOCITY), VELOCITY.motion.state, generator(2)
    start = start_of(VELOCITY)
    truth, readings = simulated(VELOCITY, steps, seed=6, runs=runs)
    members = [slice(b, b + 1) for b in range(runs)] if name in ONE_BY_ONE else [slice(None)]
    errors, innovations = np.empty((steps, runs)), np.full((steps, runs), np.nan)
    for member in members:

        def part(a, member=member):
            return a[member][0] if name in ONE_BY_ONE else a

        belief = Gaussian(*(np.broadcast_to(a, (runs, *a.shape)).copy() for a in start))
        belief = estimator.around(Gaussian(*(part(a) for a in belief)), rng)
        for t in range(steps):
            belief = estimator.predict(belief, None, VELOCITY.dt, rng)
            update = estimator.update(belief, part(readings[t][0]), VELOCITY.sensors[0], rng)
            belief = update.belief
            errors[t, member] = nees(belief, part(truth[t]), state)
            if update.innovation is not None:
                innovations[t, member] = nis(update.innovation, update.innovation_cov)
    low, high = chi_square_bounds(4, runs)
    assert (low, high) == pytest.approx((3.2546, 4.8212), abs=5e-5)
    assert low < errors.mean() < high
    if name not in SAMPLED:
        assert ((errors.mean(1) > low) & (errors.mean(1) < high)).mean() > 0.8
        low, high = chi_square_bounds(2, runs * steps)
        assert low < innovations.mean() < high


@everyone
def test_a_missing_measurement_is_a_prediction(name):
    estimator, rng = made(name, VELOCITY), generator()
    belief = estimator.predict(estimator.around(start_of(VELOCITY), rng), None, VELOCITY.dt, rng)
    after, innovation, innovation_cov, log_likelihood = estimator.update(belief, None, VELOCITY.sensors[0], rng)
    assert (innovation, innovation_cov, log_likelihood) == (None, None, 0.0)
    assert_equal(belief.gaussian(VELOCITY.motion.state), after.gaussian(VELOCITY.motion.state))


@pytest.mark.parametrize("name", GAUSSIAN)
@systems
def test_two_sensors_in_either_order_give_the_same_posterior(name, system):
    estimator, state, start = made(name, system), system.motion.state, start_of(system)
    z = [s.measure(start.mean) + 0.3 for s in system.sensors]
    found = []
    for order in ((0, 1), (1, 0)):
        rng = generator(9)
        belief = estimator.around(start, rng)
        total = 0.0
        for i in order:
            belief, _, _, log_likelihood = estimator.update(belief, z[i], system.sensors[i], rng)
            total += log_likelihood
        found.append((*belief.gaussian(state), total))
    (mean, cov, total), (other_mean, other_cov, other_total) = found
    if name in SAMPLED:
        std = np.sqrt(np.diagonal(cov))
        assert np.abs((mean - other_mean) / std).max() < 0.3
        assert total == pytest.approx(other_total, abs=0.3)
        return
    near(mean, other_mean)
    near(cov, other_cov)
    assert total == pytest.approx(other_total, rel=1e-9, abs=1e-9)


def frozen(belief):
    """With arrays that cannot be written to."""
    if isinstance(belief, np.ndarray):
        belief = belief.copy()
        belief.setflags(write=False)
        return belief
    if not isinstance(belief, tuple):
        return belief
    parts = [frozen(part) for part in belief]
    return type(belief)(*parts) if hasattr(belief, "_fields") else tuple(parts)


@everyone
def test_beliefs_are_values(name):
    system = SYSTEMS["random of 5"]
    estimator, rng = made(name, system), generator()
    belief = frozen(estimator.around(frozen(start_of(system)), rng))
    belief = frozen(estimator.predict(belief, frozen(np.ones(2)), system.dt, rng))
    after = estimator.update(belief, frozen(np.zeros(2)), system.sensors[0], rng).belief
    assert after is not belief or name in DEAF


@everyone
def test_no_state_is_held(name):
    system = SYSTEMS["random of 5"]
    estimator = made(name, system)

    def run(seed, z):
        rng = generator(seed)
        belief = estimator.around(start_of(system), rng)
        for _ in range(3):
            belief = estimator.predict(belief, np.ones(2), system.dt, rng)
            belief = estimator.update(belief, z, system.sensors[0], rng).belief
        return belief.gaussian(system.motion.state)

    first = run(1, np.ones(2))
    run(2, np.full(2, -3.0))
    again = run(1, np.ones(2))
    assert_equal(first, again)


WRONG = {
    "NaN": np.array([0.0, np.nan]),
    "inf": np.array([np.inf, 0.0]),
    "too long": np.zeros(3),
    "too short": np.zeros(1),
    "a number": np.array(0.5),
}


@listening
@pytest.mark.parametrize("case", WRONG)
def test_a_reading_that_cannot_be_meant_is_refused(name, case):
    estimator, rng = made(name, VELOCITY), generator()
    belief = estimator.predict(estimator.around(start_of(VELOCITY), rng), None, VELOCITY.dt, rng)
    with pytest.raises(MalformedInput):
        estimator.update(belief, WRONG[case], VELOCITY.sensors[0], rng)


@everyone
@pytest.mark.parametrize("dt", [0.0, -0.1, float("nan"), float("inf")])
def test_time_that_does_not_pass_is_refused(name, dt):
    estimator, rng = made(name, VELOCITY), generator()
    belief = estimator.around(start_of(VELOCITY), rng)
    with pytest.raises(MalformedInput, match="dt"):
        estimator.predict(belief, None, dt, rng)


@listening
@pytest.mark.parametrize(
    "belief",
    [Gaussian(np.full(4, np.nan), np.eye(4)), Gaussian(np.zeros(4), np.eye(3)), Gaussian(np.zeros(3), np.eye(3))],
    ids=["NaN", "cov too small", "both too small"],
)
def test_a_start_that_is_no_belief_is_refused(name, belief):
    with pytest.raises(MalformedInput):
        made(name, VELOCITY).around(belief, generator())


TURNING = System(
    LinearSystem("heading rate", [[0, 1], [0, -0.1]], "", None, np.diag([0.002, 0.02]), angles="heading"),
    (LinearSensor("heading", [[1.0, 0.0]], [[0.05]], angles="heading"),) * 2,
    0.2,
)


@listening
def test_a_heading_near_pi_is_no_other_heading(name):
    """Against the naive filter, which counts the turns."""
    estimator, rng, world = made(name, TURNING), generator(4), generator(3)
    m, P, x = np.array([3.1, 0.3]), np.diag([0.04, 0.04]), np.array([3.0, 0.4])
    belief = estimator.around(Gaussian(m, P), rng)
    state, errors = TURNING.motion.state, []
    for _ in range(40):
        x = TURNING.motion.transition(0.2) @ x + draw(TURNING.motion.noise_cov(None, None, 0.2), (), world)
        z = x[:1] + draw(TURNING.sensors[0].cov, (), world)
        m, P = naive_predict(TURNING, m, P, None)
        belief = estimator.predict(belief, None, 0.2, rng)
        m, P = naive_update(TURNING, TURNING.sensors[0], m, P, z)[:2]
        wrapped = TURNING.sensors[0].measurement.wrap(z)
        belief = estimator.update(belief, wrapped, TURNING.sensors[0], rng).belief
        got = belief.gaussian(state)
        assert np.abs(got.mean[0]) <= np.pi + 1e-12
        errors.append(nees(belief, state.wrap(x), state))
        if name in EXACT:
            near(state.difference(got.mean, state.wrap(m)), np.zeros(2), 1e-6)
            near(got.cov, P)
    assert np.abs(x[0]) > np.pi
    assert np.mean(errors) < 5
