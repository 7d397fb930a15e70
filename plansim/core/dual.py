"""The namespace of equations for dual numbers: exact derivatives of one text of equations (`equations(dual)`).

A dual number carries its derivatives along d directions through every operation (Clifford 1873); seed one direction a
variable, and the slopes of the result are the rows of the Jacobian, to rounding.
"""

from __future__ import annotations

from math import pi
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array

__all__ = ["abs", "arccos", "arcsin", "arctan", "arctan2", "clip", "cos", "exp", "log", "pi", "sin", "sqrt", "tan"]
__all__ += ["tanh", "where"]


class Dual:
    """A value (...) and its derivatives (..., d)."""

    __slots__ = ("slope", "value")
    __array_ufunc__ = None  # so that `array * dual` asks the dual number

    def __init__(self, value: Array, slope: Array):
        self.value = np.asarray(value, dtype=float)
        self.slope = np.asarray(slope, dtype=float)

    def __add__(self, other):
        other = _dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = _dual(other)
        return Dual(self.value * other.value, self.value[..., None] * other.slope + other.value[..., None] * self.slope)

    def __truediv__(self, other):
        other = _dual(other)
        ratio = self.value / other.value
        return Dual(ratio, (self.slope - ratio[..., None] * other.slope) / other.value[..., None])

    def __pow__(self, exponent: float):
        """A plain number as the exponent."""
        return _chain(self, self.value**exponent, exponent * self.value ** (exponent - 1))

    def __neg__(self):
        return Dual(-self.value, -self.slope)

    def __sub__(self, other):
        return self + -_dual(other)

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return _dual(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def __lt__(self, other):
        return self.value < _dual(other).value

    def __le__(self, other):
        return self.value <= _dual(other).value

    def __gt__(self, other):
        return self.value > _dual(other).value

    def __ge__(self, other):
        return self.value >= _dual(other).value

    def __eq__(self, other):
        return self.value == _dual(other).value

    def __ne__(self, other):
        return self.value != _dual(other).value


class Linear(NamedTuple):
    """What a function does near a point: f(x + delta) = value + jacobian @ delta + O(delta^2)."""

    value: Array  # (..., k)
    jacobian: Array  # (..., k, n)


def variables(x: Array) -> tuple[Dual, ...]:
    """The components of x (..., n) as dual numbers, each moving along its own one of n directions."""
    x = np.asarray(x, dtype=float)
    return tuple(Dual(x[..., i], direction) for i, direction in enumerate(np.eye(x.shape[-1])))


def linear(results, like: Array) -> Linear:
    """Stacks the results of a computation on `variables(like)`; a plain number among them is a constant."""
    batch, n = like.shape[:-1], like.shape[-1]
    duals = [_dual(r) for r in results]
    value = np.stack([np.broadcast_to(d.value, batch) for d in duals], axis=-1)
    return Linear(value, np.stack([np.broadcast_to(d.slope, (*batch, n)) for d in duals], axis=-2))


def _dual(a) -> Dual:
    return a if isinstance(a, Dual) else Dual(a, 0.0)


def _chain(a, value: Array, derivative: Array):
    return Dual(value, np.asarray(derivative)[..., None] * a.slope) if isinstance(a, Dual) else value


def _value(a):
    return a.value if isinstance(a, Dual) else a


def sin(a):
    v = _value(a)
    return _chain(a, np.sin(v), np.cos(v))


def cos(a):
    v = _value(a)
    return _chain(a, np.cos(v), -np.sin(v))


def tan(a):
    t = np.tan(_value(a))
    return _chain(a, t, 1 + t * t)


def arcsin(a):
    v = _value(a)
    return _chain(a, np.arcsin(v), 1 / np.sqrt(1 - v * v))


def arccos(a):
    v = _value(a)
    return _chain(a, np.arccos(v), -1 / np.sqrt(1 - v * v))


def arctan(a):
    v = _value(a)
    return _chain(a, np.arctan(v), 1 / (1 + v * v))


def arctan2(y, x):
    y, x = _dual(y), _dual(x)
    squared = x.value**2 + y.value**2
    slope = (x.value / squared)[..., None] * y.slope - (y.value / squared)[..., None] * x.slope
    return Dual(np.arctan2(y.value, x.value), slope)


def exp(a):
    e = np.exp(_value(a))
    return _chain(a, e, e)


def log(a):
    v = _value(a)
    return _chain(a, np.log(v), 1 / v)


def sqrt(a):
    root = np.sqrt(_value(a))
    return _chain(a, root, 0.5 / root)


def tanh(a):
    t = np.tanh(_value(a))
    return _chain(a, t, 1 - t * t)


def abs(a):
    v = _value(a)
    return _chain(a, np.abs(v), np.sign(v))


def where(condition, a, b):
    a, b = _dual(a), _dual(b)
    return Dual(np.where(condition, a.value, b.value), np.where(np.asarray(condition)[..., None], a.slope, b.slope))


def clip(a, low, high):
    """The derivative is that of `a` within the limits, and theirs beyond them."""
    a = _dual(a)
    return where(a < low, low, where(a > high, high, a))
