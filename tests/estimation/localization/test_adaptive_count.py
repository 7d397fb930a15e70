"""How many particles: the bound is the chi-square's, the loop is Fox's, and what lives on does so in proportion."""

import numpy as np
import pytest
from scipy import stats

from plansim.estimation.localization.adaptive_count import _needed, comb, kld_bound, resample

BOUND = (0.05, 2.326, 0.25, 36)


@pytest.mark.parametrize("boxes", [2, 5, 20, 100, 1000])
@pytest.mark.parametrize("probability", [0.95, 0.99])
def test_the_bound_is_the_quantile_of_chi_square(boxes, probability):
    quantile = stats.norm.ppf(probability)
    exact = stats.chi2.ppf(probability, boxes - 1) / (2 * 0.05)
    assert kld_bound(boxes, 0.05, quantile) == pytest.approx(exact, rel=0.02, abs=1)


def test_one_box_needs_one_particle():
    assert kld_bound(1, 0.05, 2.326) == 1


def naive_needed(states, kept, least, error, quantile, side, sectors):
    """Fox 2003, table 1, over sets, in the order that the kernel draws in."""
    most = len(kept)
    stride = max(int(0.618 * most), 1)
    while np.gcd(stride, most) > 1:
        stride -= 1
    boxes, needed, drawn = set(), least, 0
    while drawn < min(needed, most):
        x, y, heading = states[kept[drawn * stride % most]]
        sector = int(np.floor((heading + np.pi) / (2 * np.pi) * sectors)) % sectors
        box = int(np.floor(x / side)), int(np.floor(y / side)), sector
        if box not in boxes:
            boxes.add(box)
            needed = max(least, kld_bound(len(boxes), error, quantile))
        drawn += 1
    return drawn


@pytest.mark.parametrize("spread", [0.05, 0.4, 1.5])
def test_the_number_is_that_of_the_naive_loop(spread):
    rng = np.random.default_rng(0)
    states = rng.normal(size=(3000, 3)) * [spread, spread, spread / 2] - [7.0, 0.1, 0.0]
    kept = np.arange(3000)
    assert _needed(states, kept, 100, *BOUND) == naive_needed(states, kept, 100, *BOUND)


def cloud(spread, count=4000):
    rng = np.random.default_rng(1)
    return rng.normal(size=(count, 3)) * [spread, spread, 0.01] + 0.1, np.full(count, 1 / count)


def test_a_certain_belief_needs_few_and_an_uncertain_one_many():
    counts = [len(resample(*cloud(spread), 200, 4000, BOUND, np.random.default_rng(0))) for spread in (0.02, 0.3, 1, 5)]
    assert counts[0] == 200
    assert counts == sorted(counts)
    assert counts[-1] == 4000


def test_where_the_limits_are_equal_the_number_is_fixed():
    for spread in (0.02, 5.0):
        assert len(resample(*cloud(spread), 700, 700, BOUND, np.random.default_rng(0))) == 700


def test_copies_are_in_proportion_to_the_weights_within_one():
    rng = np.random.default_rng(0)
    weights = rng.exponential(size=50)
    weights[[3, 49]] = 0.0
    expected, mean = 400 * weights / weights.sum(), np.zeros(50)
    for _ in range(500):
        kept = np.empty(400, np.int64)
        comb(weights, 400, rng.random(), kept)
        copies = np.bincount(kept, minlength=50)
        assert np.abs(copies - expected).max() < 1.0 + 1e-9
        assert (np.diff(kept) >= 0).all()
        mean += copies / 500
    assert mean == pytest.approx(expected, abs=0.12)
    assert mean[[3, 49]].tolist() == [0.0, 0.0]


def test_the_last_tooth_never_falls_on_a_particle_without_weight():
    weights, kept = np.array([0.3, 0.7, 0.0]), np.empty(1000, np.int64)
    comb(weights, 1000, np.nextafter(1.0, 0.0), kept)
    assert kept.max() == 1
