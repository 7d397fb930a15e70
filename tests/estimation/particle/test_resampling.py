"""Resampling: unbiased, without underflow, and the even comb has the least variance."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.estimation.particle.resampling import ancestors, multinomial, normalise, stratified, systematic

SCHEMES = [systematic, stratified, multinomial]


def counts(scheme, weights, repeats, seed=0):
    rng = np.random.default_rng(seed)
    with np.errstate(divide="ignore"):
        batch = np.broadcast_to(np.log(weights), (repeats, len(weights)))
    return np.array([np.bincount(row, minlength=len(weights)) for row in scheme(batch, rng)])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_expected_copies_are_in_proportion_to_the_weights(scheme):
    weights = np.array([0.5, 0.2, 0.17, 0.1, 0.03, 0.0])
    drawn = counts(scheme, weights, repeats=20_000)
    error = drawn.mean(0) - len(weights) * weights
    assert np.all(np.abs(error) <= 4.5 * drawn.std(0) / np.sqrt(len(drawn)) + 1e-12)
    assert drawn[:, -1].max() == 0


def test_systematic_copies_are_the_expected_number_rounded_down_or_up():
    weights = np.random.default_rng(3).dirichlet(np.full(40, 0.3))
    drawn = counts(systematic, weights, repeats=2000)
    assert np.all(np.abs(drawn - len(weights) * weights) < 1)


def test_the_even_comb_varies_less_than_strata_and_strata_less_than_independent_draws():
    weights = np.random.default_rng(1).dirichlet(np.full(50, 0.5))
    spread = [counts(scheme, weights, repeats=4000).var(0).sum() for scheme in SCHEMES]
    assert spread[0] < spread[1] < spread[2]


def test_independent_draws_have_the_multinomial_variance():
    weights = np.array([0.5, 0.3, 0.2])
    drawn = counts(multinomial, weights, repeats=40_000)
    assert drawn.var(0) == pytest.approx(3 * weights * (1 - weights), rel=0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_only_ratios_of_weights_count_however_small_they_are(scheme):
    log_weights = np.log([0.1, 0.2, 0.7])
    tiny = scheme(log_weights - 5000.0, np.random.default_rng(0))
    assert np.array_equal(tiny, scheme(log_weights, np.random.default_rng(0)))


def test_a_batch_is_its_members():
    rng = np.random.default_rng(0)
    log_weights, positions = rng.normal(size=(4, 2, 30)), np.arange(30) + rng.random((4, 2, 1))
    together = ancestors(log_weights, positions)
    for member in np.ndindex(4, 2):
        assert np.array_equal(together[member], ancestors(log_weights[member], positions[member]))


def test_no_position_falls_past_the_last_particle_that_has_weight():
    # the sum of these weights is not 1 in floating point, and the last position rounds to N
    log_weights = np.append(np.log(np.full(10, 0.1)), -np.inf)
    assert ancestors(log_weights, np.array([11 * (1 - 1e-17)])).tolist() == [9]


def test_a_position_on_a_border_belongs_to_the_particle_that_begins_there():
    log_weights = np.array([-np.inf, np.log(0.5), -np.inf, np.log(0.5)])
    assert ancestors(log_weights, np.array([0.0, 1.0, 2.0, 3.0])).tolist() == [1, 1, 3, 3]


def test_normalised_weights_sum_to_one_and_their_sum_is_kept():
    log_weights = np.array([-1e5, -1e5 - 1, -np.inf])
    normal, total = normalise(log_weights)
    assert np.exp(normal).sum() == pytest.approx(1.0, abs=1e-12)
    assert total == pytest.approx(-1e5 + np.log(1 + np.exp(-1)))


def test_where_no_particle_has_weight_all_get_the_same():
    batch = np.array([[-np.inf, -np.inf], [0.0, -np.inf]])
    normal, total = normalise(batch)
    assert np.exp(normal).tolist() == [[0.5, 0.5], [1.0, 0.0]]
    assert total.tolist() == [-np.inf, 0.0]


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_weights_that_are_no_weights_are_refused(wrong):
    with pytest.raises(MalformedInput, match="log-weight"):
        normalise(np.array([0.0, wrong]))
