"""Resampling: unbiased, without underflow, and the even comb has the least variance."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.estimation.particle.resampling import (
    ancestors,
    multinomial,
    normalise,
    resampler,
    residual,
    stratified,
    systematic,
)

SCHEMES = [systematic, stratified, residual, multinomial]


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


def test_the_even_comb_varies_least_then_strata_then_rests_then_independent_draws():
    weights = np.random.default_rng(1).dirichlet(np.full(50, 0.5))
    spread = [counts(scheme, weights, repeats=4000).var(0).sum() for scheme in SCHEMES]
    assert spread == sorted(spread)


def test_residual_copies_are_never_fewer_than_the_whole_of_the_expected_number():
    weights = np.random.default_rng(3).dirichlet(np.full(40, 0.3))
    drawn = counts(residual, weights, repeats=2000)
    assert (drawn >= np.floor(40 * weights)).all()
    assert (drawn.sum(1) == 40).all()


def test_the_rests_are_drawn_independently():
    weights = np.array([0.5, 0.3, 0.2])  # of 3: 1 for certain, and 2 draws of the rests 0.5, 0.9, 0.6
    drawn = counts(residual, weights, repeats=40_000)
    rest = np.array([0.25, 0.45, 0.3])
    assert drawn.var(0) == pytest.approx(2 * rest * (1 - rest), rel=0.05)


def test_whole_numbers_leave_nothing_to_chance():
    log_weights = np.log([0.5, 0.25, 0.25, 1e-300])
    assert {tuple(residual(log_weights, np.random.default_rng(seed))) for seed in range(50)} == {(0, 0, 1, 2)}


def test_a_scheme_has_a_name():
    assert resampler("residual") is residual
    assert resampler(multinomial) is multinomial
    with pytest.raises(MalformedInput, match="did you mean 'stratified'"):
        resampler("stratfied")


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


def test_the_walk_finds_what_a_search_finds():
    rng = np.random.default_rng(5)
    weights = rng.dirichlet(np.full(300, 0.05))
    positions = np.sort(rng.random(500)) * 300
    share = np.cumsum(weights) / weights.sum()
    with np.errstate(divide="ignore"):
        assert np.array_equal(ancestors(np.log(weights), positions), np.searchsorted(share, positions / 300, "right"))


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


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_is_chosen_where_nothing_has_weight(scheme):
    with pytest.raises(MalformedInput, match="nothing to choose by"):
        resampler(scheme)(np.full(4, -np.inf), np.random.default_rng(0))
