"""Noise fitting: finds what made the measurements, as near as it says, and says where they tell nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.consistency.noise_fitting import fit_fields, fit_noise
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position

START = Gaussian(np.zeros(4), np.eye(4))
WALK = Gaussian(np.zeros(1), np.eye(1))


def log(seed, density=0.3, std=0.7, steps=150):
    rng, motion = np.random.default_rng(seed), ConstantVelocity(acceleration_density=density)
    x, z = rng.normal(size=4), []
    for _ in range(steps):
        x = motion.sample(x, None, 0.5, rng)
        z.append(x[:2] + std * rng.normal(size=2))
    return np.array(z)


def random_walk(theta):
    motion = LinearSystem("x", [[0.0]], "", None, [[theta["q"]]])
    return motion, LinearSensor("z", [[1.0]], [[theta["r"]]])


def walked(seed, steps=400):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=steps).cumsum() + rng.normal(size=steps))[:, None]


def test_it_finds_the_noises_within_the_errors_that_it_states():
    pulls = []
    for seed in range(8):
        fit = fit_fields(ConstantVelocity(), Position(2.0), "acceleration_density std", log(seed), START, 0.5)
        pulls.append(np.log([fit.values["acceleration_density"] / 0.3, fit.values["std"] / 0.7]))
        pulls[-1] = pulls[-1] / np.sqrt(np.diagonal(fit.log_cov))
    pulls = np.array(pulls)
    assert np.abs(pulls).max() < 3.5
    assert 0.5 < (pulls**2).mean() < 2.0


def test_where_it_begins_does_not_matter():
    z = log(1)
    near = fit_fields(ConstantVelocity(2, 0.3), Position(0.7), "acceleration_density std", z, START, 0.5)
    far = fit_fields(ConstantVelocity(2, 300.0), Position(0.01), "acceleration_density std", z, START, 0.5)
    assert far.values == pytest.approx(near.values, rel=1e-3)
    assert far.standard_errors == pytest.approx(near.standard_errors, rel=0.02)
    assert far.sensor.std == far.values["std"]
    assert far.motion.acceleration_density == far.values["acceleration_density"]


def test_it_is_the_highest_point_of_a_grid():
    from plansim.estimation.kalman.kalman_filter import KalmanFilter
    from plansim.estimation.kalman.sequence import filter_sequence

    z = walked(2)
    fit = fit_noise(random_walk, {"q": 1.0, "r": 1.0}, z, WALK, 1.0)
    for q in np.geomspace(0.3, 3, 9):
        for r in np.geomspace(0.3, 3, 9):
            motion, sensor = random_walk({"q": q, "r": r})
            other = filter_sequence(KalmanFilter(motion), WALK, z, sensor, 1.0).log_likelihood.sum()
            assert other <= fit.log_likelihood + 1e-6


def test_several_logs_and_missing_measurements_count_together():
    z = np.stack([walked(seed, 150) for seed in range(4)])
    z[:, 20:40] = np.nan
    many = Gaussian(np.zeros((4, 1)), np.ones((4, 1, 1)))
    one = fit_noise(random_walk, {"q": 0.1, "r": 0.1}, z[0], WALK, 1.0)
    all_of_them = fit_noise(random_walk, {"q": 0.1, "r": 0.1}, z, many, 1.0)
    for name in ("q", "r"):
        assert all_of_them.standard_errors[name] < one.standard_errors[name]
        assert abs(all_of_them.values[name] - 1.0) < 3.5 * all_of_them.standard_errors[name]


def test_a_log_that_tells_nothing_of_a_value_is_refused():
    z = walked(3)
    with pytest.raises(MalformedInput, match="'a' and 'b' apart from each other"):
        fit_noise(lambda v: random_walk({"q": v["a"] * v["b"], "r": 1.0}), {"a": 1.0, "b": 1.0}, z, WALK, 1.0)
    with pytest.raises(MalformedInput, match="say nothing of 'unused'"):
        fit_noise(lambda v: random_walk({"q": v["q"], "r": 1.0}), {"q": 1.0, "unused": 1.0}, z, WALK, 1.0)
    with pytest.raises(MalformedInput, match="too few"):
        fit_noise(random_walk, {"q": 1.0, "r": 1.0}, np.full((50, 1), np.nan), WALK, 1.0)


def test_a_noise_that_is_not_there_is_not_invented():
    still = 3.0 + np.random.default_rng(0).normal(size=(300, 1))
    with pytest.raises(MalformedInput, match="'q'"):
        fit_noise(random_walk, {"q": 1.0, "r": 1.0}, still, Gaussian(np.zeros(1), 100 * np.eye(1)), 1.0)


def test_names_and_starts_that_cannot_be_meant_are_refused():
    z = log(0, steps=10)
    with pytest.raises(MalformedInput, match="did you mean 'acceleration_density'"):
        fit_fields(ConstantVelocity(), Position(), "acceleration_densty", z, START, 0.5)
    with pytest.raises(MalformedInput, match="positive"):
        fit_noise(random_walk, {"q": 0.0}, walked(0), WALK, 1.0)
    with pytest.raises(MalformedInput, match="nothing to fit"):
        fit_noise(random_walk, {}, walked(0), WALK, 1.0)


def test_values_of_which_no_filter_has_an_answer_are_unlikely_ones():
    def models(values):
        if values["std"] > 2.0:
            raise MalformedInput("so noisy is no sensor")
        return ConstantVelocity(acceleration_density=0.3), Position(values["std"])

    start = Gaussian(np.zeros(4), 10.0 * np.eye(4))
    assert fit_noise(models, {"std": 1.9}, log(0), start, 1.0).values["std"] == pytest.approx(0.7, abs=0.2)
    with pytest.raises(MalformedInput, match="so noisy"):
        fit_noise(models, {"std": 3.0}, log(0), start, 1.0)


def test_a_field_that_is_no_real_number_is_refused_with_those_that_are():
    @dataclasses.dataclass(frozen=True)
    class Named(ConstantVelocity):
        place: str = "yard"
        offsets: tuple[float, ...] = (1.0, 2.0)

    for field in ("place", "offsets", "dimension"):
        with pytest.raises(
            MalformedInput, match=f"'{field}': .* must be a real number; those of Named are: acc.*density$"
        ):
            fit_fields(Named(), Position(), field, np.zeros((9, 2)), Gaussian(np.zeros(4), np.eye(4)), 1.0)
