"""NEES and NIS: squares in the filter's own standard deviations, and how far their averages stray by chance."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian, SquareRoot
from plansim.core.errors import MalformedInput
from plansim.core.layout import layout
from plansim.estimation.consistency.bounds import chi_square_bounds
from plansim.estimation.consistency.nees import nees, nis, whitened

PLANE = layout("x y heading", angles="heading")


def drawn(shape, seed=0):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(*shape, 3, 3)) + 2 * np.eye(3)
    return rng.normal(size=(*shape, 3)), root @ root.swapaxes(-1, -2), root


def test_it_is_the_quadratic_form_of_the_inverse():
    e, P, _ = drawn((4, 5))
    expected = np.einsum("...i,...ij,...j", e, np.linalg.inv(P), e)
    assert nis(e, P) == pytest.approx(expected, rel=1e-9)
    assert nees(Gaussian(-e, P), np.zeros((4, 5, 3)), layout("a b c")) == pytest.approx(expected, rel=1e-9)


def test_a_batch_is_its_members():
    e, P, _ = drawn((2, 3))
    for i in np.ndindex(2, 3):
        assert nis(e, P)[i] == pytest.approx(nis(e[i], P[i]), rel=1e-12)


def test_any_belief_will_do():
    e, P, _ = drawn(())
    truth = np.ones(3)
    as_root = nees(SquareRoot(e, np.linalg.cholesky(P)), truth, layout("a b c"))
    assert as_root == pytest.approx(nees(Gaussian(e, P), truth, layout("a b c")))


def test_an_angle_errs_the_short_way_round():
    belief = Gaussian(np.array([0.0, 0.0, np.pi - 0.01]), np.diag([1.0, 1.0, 0.01]))
    assert nees(belief, np.array([0.0, 0.0, -np.pi + 0.01]), PLANE) == pytest.approx(0.02**2 / 0.01)


def test_errors_drawn_from_the_covariance_have_as_many_squares_as_dimensions():
    _, P, root = drawn(())
    e = np.random.default_rng(1).normal(size=(20_000, 3)) @ root.T
    low, high = chi_square_bounds(3, len(e), probability=0.999)
    assert low < nis(e, np.broadcast_to(P, (len(e), 3, 3))).mean() < high
    white = whitened(e, np.broadcast_to(P, (len(e), 3, 3)))
    assert np.cov(white.T) == pytest.approx(np.eye(3), abs=0.05)


def test_a_missing_innovation_has_no_square():
    v, S = np.array([[1.0], [np.nan]]), np.array([[[4.0]], [[np.nan]]])
    assert nis(v, S)[0] == pytest.approx(0.25)
    assert np.isnan(nis(v, S)[1])


def test_the_bounds_are_the_published_ones():
    assert chi_square_bounds(4, 50) == pytest.approx((3.2546, 4.8212), abs=5e-5)
    # Bar-Shalom, Li and Kirubarajan 2001, section 5.4.2: 50 runs of two states, and one run of two
    assert chi_square_bounds(2, 50) == pytest.approx((1.5, 2.6), abs=0.1)
    assert chi_square_bounds(2, 1) == pytest.approx((0.0506, 7.38), abs=0.005)


def test_averages_leave_the_bounds_as_rarely_as_they_say():
    averages = np.random.default_rng(0).chisquare(4, size=(20_000, 50)).mean(1)
    low, high = chi_square_bounds(4, 50, probability=0.9)
    assert np.mean(averages < low) == pytest.approx(0.05, abs=0.006)
    assert np.mean(averages > high) == pytest.approx(0.05, abs=0.006)


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(MalformedInput, match="not positive definite"):
        nis(np.ones(2), np.zeros((2, 2)))
    with pytest.raises(MalformedInput, match="truth has shape"):
        nees(Gaussian(np.zeros(3), np.eye(3)), np.zeros(2), PLANE)
    with pytest.raises(MalformedInput, match="runs"):
        chi_square_bounds(4, 0)
    with pytest.raises(MalformedInput, match="probability"):
        chi_square_bounds(4, 5, probability=95)
