"""Arrays of numpy and torch under one name, and the small linear algebra that both share."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from plansim.core.errors import MalformedInput

Array = Any  # numpy.ndarray or torch.Tensor; float64 in planning and estimation


def namespace(*arrays: Array) -> Any:
    """The module whose functions fit these arrays: torch where one of them is a tensor, else numpy."""
    if any(type(a).__module__.partition(".")[0] == "torch" for a in arrays):
        return sys.modules["torch"]
    return np


def stack(components, like: Array) -> Array:
    """Components of shape (...) become one array (..., n), broadcast against each other."""
    m = namespace(like, *components)
    if m is np:
        return np.stack(np.broadcast_arrays(*components), axis=-1)
    tensors = [m.as_tensor(c, dtype=like.dtype, device=like.device) for c in components]
    return m.stack(m.broadcast_tensors(*tensors), dim=-1)


def transpose(a: Array) -> Array:
    """The matrix transpose of the last two axes; whatever is before them is batch."""
    return a.swapaxes(-1, -2)


def symmetric(a: Array) -> Array:
    """The symmetric part: what rounding takes from a covariance, this gives back."""
    return 0.5 * (a + transpose(a))


def readonly(a) -> np.ndarray:
    """A float64 copy that nobody can change in place."""
    a = np.array(a, dtype=float)
    a.setflags(write=False)
    return a


def numbers(name: str, value: Any) -> np.ndarray:
    """The value as a float64 copy that nobody can change in place; an error that names it, where it is no array."""
    try:
        return readonly(value)
    except (TypeError, ValueError) as error:
        raise MalformedInput(f"{name} must consist of numbers: {error}") from None
