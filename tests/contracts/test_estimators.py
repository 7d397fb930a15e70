"""What every registered estimator must keep to."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian, Mixture
from plansim.core.grid import OccupancyGrid
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.models.lidar import Lidar
from plansim.models.lidar_likelihood import LikelihoodField
from plansim.models.odometry import WheelOdometry
from plansim.models.position import Position
from plansim.scenario.registry import BUILTINS, load
from tests.contracts.gaussian_estimators import DEAF, GAUSSIAN, OBSERVERS


def room():
    cells = np.zeros((60, 90))
    cells[[0, -1], :] = cells[:, [0, -1]] = 1
    cells[20:30, 40:45] = 1
    return OccupancyGrid(cells, resolution=0.1)


def particle_filter(build):
    return build(WheelOdometry(), particles=200), Position(std=0.2), np.array([2.0, 3.0])


def conditional(build):
    return build(WheelOdometry(), nonlinear="heading", particles=200), Position(std=0.2), np.array([2.0, 3.0])


def localization(build):
    lidar = Lidar(beams=24, max_range=8.0)
    sensor = LikelihoodField(room(), lidar, independence=0.2)
    return build(room(), particles=200), sensor, lidar.scan(room(), START.mean)


START = Gaussian(np.array([2.0, 3.0, 0.5]), np.diag([0.04, 0.04, 0.01]))
CONTROL = np.array([0.1, 0.0, 0.05])
CASES = {
    "particle-filter": particle_filter,
    "auxiliary-particle-filter": particle_filter,
    "rao-blackwellised-particle-filter": conditional,
    "monte-carlo-localization": localization,
}
estimators = pytest.mark.parametrize("name", CASES)


def case(name):
    return CASES[name](load(BUILTINS["estimator"][name]))


def run(estimator, sensor, z, seed):
    """A belief after three steps."""
    rng = np.random.default_rng(seed)
    belief = estimator.around(START, rng)
    for _ in range(3):
        belief = estimator.predict(belief, CONTROL, 0.1, rng)
        belief = estimator.update(belief, z, sensor, rng).belief
    return belief


def arrays_of(belief):
    """All of its arrays, those of beliefs within it too."""
    return [array for part in belief for array in (arrays_of(part) if isinstance(part, tuple) else [part])]


def frozen(belief):
    for array in arrays_of(belief):
        array.setflags(write=False)
    return belief


def test_every_registered_estimator_is_tested():
    assert {*CASES, *GAUSSIAN, *DEAF, *OBSERVERS} == set(BUILTINS["estimator"])


@estimators
def test_an_update_says_how_likely_its_measurement_was(name):
    estimator, sensor, z = case(name)
    rng = np.random.default_rng(0)
    answer = estimator.update(estimator.around(START, rng), z, sensor, rng)
    assert isinstance(answer, Update)
    assert np.isfinite(answer.log_likelihood)


@estimators
def test_beliefs_are_values(name):
    estimator, sensor, z = case(name)
    rng = np.random.default_rng(0)
    belief = frozen(estimator.around(START, rng))
    belief = frozen(estimator.predict(belief, CONTROL, 0.1, rng))
    z.setflags(write=False)
    assert estimator.update(belief, z, sensor, rng).belief is not belief


@estimators
def test_the_estimator_holds_no_state(name):
    estimator, sensor, z = case(name)
    first = run(estimator, sensor, z, seed=1)
    run(estimator, sensor, z, seed=2)
    for a, b in zip(arrays_of(first), arrays_of(run(estimator, sensor, z, seed=1)), strict=True):
        assert np.array_equal(a, b)


@estimators
def test_particles_weigh_one_together_and_their_angles_are_wrapped(name):
    estimator, sensor, z = case(name)
    belief = run(estimator, sensor, z, seed=0)
    states = belief.components.mean if isinstance(belief, Mixture) else belief.states
    assert belief.weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.abs(states[:, 2]).max() <= np.pi


@estimators
def test_a_measurement_makes_the_belief_narrower(name):
    estimator, sensor, z = case(name)
    layout: Layout = WheelOdometry.state
    rng = np.random.default_rng(0)
    before = estimator.around(START, rng)
    after = estimator.update(before, z, sensor, rng).belief
    assert np.trace(after.gaussian(layout).cov[:2, :2]) < np.trace(before.gaussian(layout).cov[:2, :2])


@estimators
def test_its_parameters_are_its_fields(name):
    estimator, _, _ = case(name)
    for field in inspect.signature(type(estimator)).parameters:
        assert hasattr(estimator, field)
    with pytest.raises(AttributeError):
        estimator.particles = 3
