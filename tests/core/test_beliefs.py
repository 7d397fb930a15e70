"""Beliefs are values, and their moments are those of the density."""

import numpy as np

from plansim.core.beliefs import Gaussian, Mixture, Particles, moments
from plansim.core.layout import layout

PLANE = layout("x y")
POSE = layout("x y heading", angles="heading")
rng = np.random.default_rng(0)


def test_moments_are_numpys_weighted_covariance():
    points, weights = rng.normal(size=(30, 2)), rng.dirichlet(np.ones(30))
    mean, cov = moments(points, weights, PLANE)
    np.testing.assert_allclose(mean, np.average(points, axis=0, weights=weights), atol=1e-14)
    np.testing.assert_allclose(cov, np.cov(points.T, aweights=weights, ddof=0), atol=1e-14)


def test_turning_a_cloud_turns_its_mean_and_keeps_its_covariance():
    points, weights = rng.normal(0, 0.3, (100, 3)), np.full(100, 0.01)
    here, there = (moments(POSE.add(points, np.array([0, 0, a])), weights, POSE) for a in (0.0, np.pi))
    np.testing.assert_allclose(here.cov, there.cov, atol=1e-12)


def test_equal_weights_are_worth_all_samples_and_a_single_one_is_worth_one():
    states = np.zeros((8, 2))
    assert np.isclose(Particles(states, np.full(8, -np.log(8))).effective_sample_size, 8)
    one = np.full(8, -np.inf)
    one[3] = 0.0
    assert np.isclose(Particles(states, one).effective_sample_size, 1)


def test_a_mixture_of_equal_components_is_that_component():
    cov = np.array([[2.0, 0.5], [0.5, 1.0]])
    mixture = Mixture(Gaussian(np.tile([1.0, 2.0], (3, 1)), np.tile(cov, (3, 1, 1))), np.log([0.2, 0.3, 0.5]))
    mean, total = mixture.gaussian(PLANE)
    np.testing.assert_allclose(mean, [1.0, 2.0])
    np.testing.assert_allclose(total, cov)


def test_a_mixtures_covariance_is_within_plus_between():
    means, variances, weights = np.array([-1.0, 3.0]), np.array([0.5, 2.0]), np.array([0.25, 0.75])
    mixture = Mixture(Gaussian(means[:, None], variances[:, None, None]), np.log(weights))
    mean, cov = mixture.gaussian(layout("x"))
    np.testing.assert_allclose(mean, weights @ means)
    np.testing.assert_allclose(cov, [[weights @ (variances + means**2) - (weights @ means) ** 2]])


def test_a_batch_of_particle_clouds_is_its_members():
    states, log_weights = rng.normal(size=(4, 20, 3)), np.log(rng.dirichlet(np.ones(20), 4))
    batch = Particles(states, log_weights)
    members = [Particles(s, w) for s, w in zip(states, log_weights, strict=True)]
    assert np.array_equal(batch.effective_sample_size, [m.effective_sample_size for m in members])
    together, apart = batch.gaussian(POSE), [m.gaussian(POSE) for m in members]
    np.testing.assert_allclose(together.mean, [g.mean for g in apart], atol=1e-14)
    np.testing.assert_allclose(together.cov, [g.cov for g in apart], atol=1e-14)
