"""Dual numbers differentiate exactly."""

import math

import numpy as np
import pytest

from plansim.core import dual, scalar

rng = np.random.default_rng(0)
ONE_ARGUMENT = [name for name in dual.__all__ if name not in ("pi", "where", "clip", "arctan2")]


def _slope(f, x, h=1e-6):
    return (f(x + h) - f(x - h)) / (2 * h)


def test_the_words_are_those_of_the_compiled_scalar():
    assert dual.__all__ == scalar.__all__


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_every_function_has_its_derivative(name):
    x = rng.uniform(0.1, 0.9, 50)
    (v,) = dual.variables(x[:, None])
    result = getattr(dual, name)(v)
    np.testing.assert_array_equal(result.value, getattr(np, name)(x))
    np.testing.assert_allclose(result.slope[:, 0], _slope(getattr(np, name), x), rtol=1e-7)
    assert getattr(dual, name)(0.5) == getattr(np, name)(0.5)  # a plain number stays one


def test_arithmetic_obeys_the_rules_of_calculus():
    def f(a, b, m=np):
        return (2 - a) * b / (a * a + 1) - b**3 / 4 + 3 / b - (-a) + (a - 1) + np.array(2.0) * a

    x = rng.uniform(0.5, 2, (20, 2))
    value, jacobian = dual.linear([f(*dual.variables(x))], like=x)
    np.testing.assert_allclose(value[:, 0], f(x[:, 0], x[:, 1]), rtol=1e-14)
    for i in range(2):
        step = 1e-6 * np.eye(2)[i]
        central = (f(*(x + step).T) - f(*(x - step).T)) / 2e-6
        np.testing.assert_allclose(jacobian[:, 0, i], central, rtol=1e-7, atol=1e-8)


def test_the_angle_of_a_point_turns_by_its_sideways_motion():
    x = rng.normal(size=(100, 2))
    _, jacobian = dual.linear([dual.arctan2(*dual.variables(x)[::-1])], like=x)
    r = (x**2).sum(-1)
    np.testing.assert_allclose(jacobian[:, 0], np.stack([-x[:, 1] / r, x[:, 0] / r], -1), atol=1e-12)


def test_choices_take_the_derivative_of_what_they_choose():
    x = np.array([[-2.0], [0.5], [2.0]])
    (v,) = dual.variables(x)
    chosen = dual.where(v < 0, 3 * v, v * v)
    assert chosen.slope[:, 0].tolist() == [3.0, 1.0, 4.0]
    clipped = dual.clip(v, -1.0, 1.0)
    assert clipped.value.tolist() == [-1.0, 0.5, 1.0]
    assert clipped.slope[:, 0].tolist() == [0.0, 1.0, 0.0]
    assert (v > 1).tolist() == [False, False, True]
    assert (v <= 0.5).tolist() == [True, True, False]


def test_constants_among_the_results_have_no_derivative():
    value, jacobian = dual.linear([1.5, dual.variables(np.zeros(2))[1]], like=np.zeros(2))
    assert value.tolist() == [1.5, 0.0]
    assert jacobian.tolist() == [[0.0, 0.0], [0.0, 1.0]]
    assert dual.pi == math.pi
