"""Derivatives as programs."""

import numpy as np
import pytest

from plansim.core import dual
from plansim.core.derivatives import compiled_jacobian, jacobian, program_text
from plansim.core.errors import MalformedInput


def everything(m):
    """Every word of the namespaces, in places where each has a derivative."""

    def f(x, p):
        a, b, c = x
        inner = 0.3 * m.sin(a * b) + m.cos(c) / (2.0 + a * a)
        return (
            m.tan(0.2 * a) + m.arcsin(0.3 * b) - m.arccos(0.3 * c) + m.arctan(a - b),
            m.arctan2(a, b) * m.exp(-c) + m.log(2.0 + c * c),
            m.sqrt(1.0 + a**2) + m.tanh(inner) - m.abs(b) + (3.0 + c) ** 3 / p[0],
            m.where(a < b, a * c, m.where(b >= 0.1, m.pi * b, -c)) + m.clip(2.0 * a, -1.0, 1.0),
            1.0 - c,
            p[1],
        )

    return f


X = np.random.default_rng(0).uniform(-1, 1, (200, 3))
P = np.array([1.5, 2.0])


def by_dual(f, x, p):
    return dual.linear(f(dual)(dual.variables(x), tuple(p)), like=x)


def test_the_program_in_numpy_is_that_of_dual_numbers():
    expected, found = by_dual(everything, X, P), jacobian(everything, X, P)
    np.testing.assert_allclose(found.value, expected.value, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.jacobian, expected.jacobian, rtol=1e-13, atol=1e-13)


def test_the_compiled_program_is_that_of_dual_numbers():
    expected = by_dual(everything, X, P)
    fill, y, J = compiled_jacobian(everything, x=3, p=2), np.empty(6), np.empty((6, 3))
    for i, x in enumerate(X):
        fill(x, P, y, J)
        np.testing.assert_allclose(y, expected.value[i], rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(J, expected.jacobian[i], rtol=1e-13, atol=1e-13)


def test_derivatives_by_several_arguments_stand_side_by_side():
    def product(m):
        return lambda x, u, dt: (x[0] * u[1] * dt, x[1] + u[0])

    found = jacobian(product, np.array([2.0, 3.0]), np.array([5.0, 7.0]), 0.5, by=(0, 1))
    assert found.jacobian.tolist() == [[3.5, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]
    y, J = np.empty(2), np.empty((2, 1))
    compiled_jacobian(product, ("dt",), x=2, u=2, dt=None)(np.array([2.0, 3.0]), np.array([5.0, 7.0]), 0.5, y, J)
    assert J.tolist() == [[14.0], [0.0]]


def test_the_branch_not_taken_leaves_no_nan_behind():
    def root_or_none(m):
        return lambda x: (m.where(x[0] > 0, m.sqrt(x[0]), 0.0),)

    y, J = np.empty(1), np.empty((1, 1))
    compiled_jacobian(root_or_none, x=1)(np.array([-1.0]), y, J)
    assert (y.tolist(), J.tolist()) == ([0.0], [[0.0]])
    assert jacobian(root_or_none, np.array([0.0])).jacobian.tolist() == [[0.0]]


def test_what_is_common_is_computed_once_and_zeros_and_ones_not_at_all():
    def f(m):
        return lambda x: (m.sin(x[0]) * 1.0 + 0.0 * x[1], m.sin(x[0]) + 0.0, x[1] - 0.0)

    k, text = program_text(f, ("x",), {"x": 2})
    assert k == 3
    assert text.count("m.sin") == 1
    assert text.count("m.cos") == 1
    assert text.count(" = ") == 2 + 3 + 6  # the sine, the cosine, the results and the Jacobian


def test_an_if_on_a_state_is_refused_in_words():
    def bad(m):
        return lambda x: (x[0] if x[0] > 0 else -x[0],)

    with pytest.raises(MalformedInput, match=r"use m\.where"):
        jacobian(bad, np.array([1.0]))


def test_an_exponent_that_varies_is_refused_in_words():
    with pytest.raises(MalformedInput, match="exponent"):
        jacobian(lambda m: lambda x: (x[0] ** x[1],), np.array([1.0, 2.0]))


def test_numbers_of_numpy_may_stand_in_equations():
    scale = np.float64(3.0)
    found = jacobian(lambda m: lambda x: (scale * x[0], scale - x[0], scale / x[0]), np.array([2.0]))
    assert found.value.tolist() == [6.0, 1.0, 1.5]
    assert found.jacobian.tolist() == [[3.0], [-1.0], [-0.75]]


def hard_to_write(m):
    def f(x):
        a, b = x
        return (
            m.clip(a, -b, b) + m.clip(0.5, b, 9.0),
            m.clip(a, 0.0, np.inf) + a ** np.float64(1.5) + b ** np.int64(3),
            m.where(a == 1.25, b, 0.0 * b) + m.where(a != 1.25, a, a * b),
        )

    return f


def test_limits_that_vary_infinite_ones_equality_and_exponents_of_numpy_have_their_derivatives():
    for x in ([1.25, 2.0], [1.25, 0.75], [3.0, 2.0], [0.5, 0.25]):
        x, y, J = np.array(x), np.empty(3), np.empty((3, 2))
        compiled_jacobian(hard_to_write, x=2)(x, y, J)
        f, h = hard_to_write(np), 1e-6 * np.eye(2)
        np.testing.assert_allclose(y, f(x), rtol=1e-14)
        if x[0] != 1.25:
            slopes = np.stack([(np.array(f(x + d)) - np.array(f(x - d))) / 2e-6 for d in h], -1)
            np.testing.assert_allclose(J, slopes, atol=1e-7)
        np.testing.assert_allclose(J, dual.linear(hard_to_write(dual)(dual.variables(x)), like=x).jacobian, rtol=1e-13)
