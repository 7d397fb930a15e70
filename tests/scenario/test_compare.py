"""Two results over the same seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plansim.core.errors import MalformedInput
from plansim.scenario.compare import compare, compare_variants
from plansim.scenario.result import Episode, Result
from tests.scenario.toys import Scenario


def result(values, seeds=None, variant="", metric="error") -> Result:
    seeds = range(len(values)) if seeds is None else seeds
    episodes = [Episode(variant, seed, metrics={metric: value}) for seed, value in zip(seeds, values, strict=True)]
    return Result(Scenario(), tuple(episodes))


def test_the_interval_is_the_paired_t_tests():
    rng = np.random.default_rng(0)
    a = rng.normal(1.0, 1.0, 30)
    b = a + rng.normal(0.3, 0.2, 30)  # the same luck, and a real difference
    (row,) = compare(result(a.tolist()), result(b.tolist()))
    oracle = stats.ttest_rel(b, a).confidence_interval(0.95)
    assert (row.low, row.high) == pytest.approx(tuple(oracle), rel=1e-10)
    assert row.difference == pytest.approx((b - a).mean())
    assert row.verdict == "B is higher"


def test_only_seeds_that_both_measured_are_compared():
    (row,) = compare(result([1.0, 2.0, None, 4.0], [0, 1, 2, 3]), result([5.0, 9.0, 7.0], [3, 1, 2]))
    assert (row.n, row.a, row.b) == (2, 3.0, 7.0)


def test_no_difference_is_not_called_one():
    (row,) = compare(result([1.0, 2.0, 3.0]), result([3.0, 1.0, 2.5]))
    assert row.verdict == "no difference shown"


def test_one_seed_shows_nothing():
    (row,) = compare(result([1.0]), result([2.0]))
    assert (row.low, row.high, row.verdict) == (None, None, "too few")


def test_results_without_a_common_seed_cannot_be_compared():
    with pytest.raises(MalformedInput, match="in common"):
        compare(result([1.0], [0]), result([1.0], [1]))


def test_variants_of_one_result_are_compared_with_its_first():
    episodes = result([1.0, 2.0, 3.0], variant="old").episodes + result([0.0, 0.9, 2.1], variant="new").episodes
    (row,) = compare_variants(Result(Scenario(), episodes))
    assert (row.variant, row.verdict) == ("new", "B is lower")
    with pytest.raises(MalformedInput, match="one variant only"):
        compare_variants(result([1.0]))


def test_results_of_one_variant_each_are_compared_whatever_they_are_called():
    (row,) = compare(result([1.0, 2.0], variant="old"), result([2.0, 3.0], variant="new"))
    assert (row.variant, row.difference) == ("new", 1.0)
