"""The namespace of equations for single numbers: what compiled kernels see (`equations(scalar)`)."""

from math import acos as arccos
from math import asin as arcsin
from math import atan as arctan
from math import atan2 as arctan2
from math import cos, exp, log, pi, sin, sqrt, tan, tanh
from math import fabs as abs

import numpy as np

from plansim.core.kernel import kernel

__all__ = ["abs", "arccos", "arcsin", "arctan", "arctan2", "clip", "cos", "exp", "log", "pi", "sin", "sqrt", "tan"]
__all__ += ["tanh", "where"]


@kernel
def where(condition, a, b):
    return a if condition else b


@kernel
def clip(x, low, high):
    return min(max(x, low), high)


@kernel
def wrap_angle(angle):
    """The same direction within [-pi, pi], to the bit as `layout.wrap_angle`."""
    return angle - 2 * pi * np.rint(angle / (2 * pi))
