"""Whiteness: chance is told from dependence, at the rate that the p-value says."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.estimation.consistency.whiteness import whiteness


def unit(v):
    return np.broadcast_to(np.eye(v.shape[-1]), (*v.shape, v.shape[-1]))


def test_for_one_component_it_is_the_textbook_formula():
    v = np.random.default_rng(0).normal(size=(40, 1))
    a = v[:, 0]
    rho = [sum(a[t] * a[t + lag] for t in range(40 - lag)) / sum(a**2) for lag in (1, 2, 3)]
    got = whiteness(v, unit(v), lags=3)
    assert got.autocorrelation == pytest.approx(rho)
    assert got.ljung_box == pytest.approx(40 * 42 * sum(r * r / (40 - lag) for lag, r in enumerate(rho, 1)))
    assert got.bound == pytest.approx(1.96 / np.sqrt(40), rel=1e-3)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_white_innovations_fail_as_rarely_as_the_p_value_says(k, missing):
    rng = np.random.default_rng(1)
    root = np.tril(rng.normal(size=(k, k))) + 2 * np.eye(k)
    v = rng.normal(size=(3000, 200, k)) @ root.T
    v[rng.random((3000, 200)) < missing] = np.nan
    got = whiteness(v, np.broadcast_to(root @ root.T, (*v.shape, k)), lags=5)
    assert np.mean(got.p_value < 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(np.abs(got.autocorrelation) > got.bound[:, None]) <= 0.055


def test_innovations_that_remember_are_found_out():
    rng = np.random.default_rng(2)
    v = rng.normal(size=(300, 2))
    v[1:] += 0.4 * v[:-1]
    got = whiteness(v, unit(v))
    assert got.p_value < 1e-6
    assert got.autocorrelation[0] > got.bound


def test_a_bias_is_a_dependence():
    v = np.random.default_rng(3).normal(size=(300, 1)) + 0.7
    assert whiteness(v, unit(v)).p_value < 1e-6


def test_a_batch_is_its_members():
    v = np.random.default_rng(4).normal(size=(2, 3, 50, 2))
    got = whiteness(v, unit(v))
    for i in np.ndindex(2, 3):
        alone = whiteness(v[i], unit(v[i]))
        assert got.autocorrelation[i] == pytest.approx(alone.autocorrelation, abs=1e-14)
        assert got.p_value[i] == pytest.approx(alone.p_value, abs=1e-12)


def test_logs_that_are_too_short_are_refused():
    v = np.full((20, 1), np.nan)
    v[:5] = 1.0
    with pytest.raises(MalformedInput, match="too few"):
        whiteness(v, unit(v))
    with pytest.raises(MalformedInput, match="lags"):
        whiteness(v, unit(v), lags=20)
