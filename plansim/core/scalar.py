"""The namespace of equations for single numbers: what compiled kernels see (`equations(scalar)`)."""

from math import atan as arctan
from math import atan2 as arctan2
from math import cos, exp, pi, sin, sqrt, tan
from math import asin as arcsin
from math import fabs as abs

from plansim.core.kernel import kernel

__all__ = ["abs", "arcsin", "arctan", "arctan2", "clip", "cos", "exp", "pi", "sin", "sqrt", "tan", "where"]


@kernel
def where(condition, a, b):
    return a if condition else b


@kernel
def clip(x, low, high):
    return min(max(x, low), high)
