"""How one mode reads the belief of another whose state has other components, and what all of them share."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout


def shared_state(layouts: Sequence[Layout]) -> Layout:
    """The names that all modes have: each mode's state begins with them, in the same order, so that one sensor fits."""
    first = layouts[0]
    names = tuple(name for name in first.names if all(name in other.names for other in layouts))
    shared = Layout(names, tuple(name for name in first.angles if name in names))
    if not names:
        raise MalformedInput(f"the modes have no component in common: {'; '.join(_text(one) for one in layouts)}")
    for j, mode in enumerate(layouts):
        if mode.names[: len(names)] != names:
            raise MalformedInput(
                f"mode {j} has the state {_text(mode)!r}, but must begin with what all modes share, {_text(shared)!r}"
            )
        if {name for name in mode.angles if name in names} != set(shared.angles):
            raise MalformedInput(f"mode {j} has the angles {mode.angles}, and mode 0 has {first.angles}")
    return shared


def carried(belief: Gaussian, own: Gaussian, source: Layout, target: Layout) -> Gaussian:
    """The belief of a mode with the state `source`, as the mode with the state `target` reads it: by names.

    A component that the source does not have keeps the target's own mean and variance, not correlated with what is
    carried over. Zeros there would pull the target's mean to zero and make it too sure: Yuan, Bar-Shalom, Willett et
    al. 2012, "A multiple IMM estimation approach with unbiased mixing"; Granström, Willett and Bar-Shalom 2015,
    "Systematic approach to IMM mixing for unequal dimension states".
    """
    if source == target:
        return belief
    there, here, missing = _places(source, target)
    mean, cov = np.array(own.mean, float), np.zeros(own.cov.shape)
    mean[..., here] = belief.mean[..., there]
    cov[..., here[:, None], here] = belief.cov[..., there[:, None], there]
    cov[..., missing[:, None], missing] = own.cov[..., missing[:, None], missing]
    return Gaussian(mean, cov)


def extended(belief: Gaussian, shared: Layout, target: Layout, own_std: Any) -> Gaussian:
    """A belief over what all modes share, with what the target has beside it: means of 0 and the own standard
    deviations, by name."""
    others = target.names[len(shared) :]
    unknown = [name for name in others if name not in own_std]
    if unknown:
        raise MalformedInput(
            f"not every mode has {', '.join(unknown)}: own_std must say how unsure of it the others are at the start"
            f" (there is {dict(own_std)})"
        )
    n, batch = len(target), np.shape(belief.mean)[:-1]
    mean, cov = np.zeros((*batch, n)), np.zeros((*np.shape(belief.cov)[:-2], n, n))
    mean[..., : len(shared)] = belief.mean
    cov[..., : len(shared), : len(shared)] = belief.cov
    for name in others:
        cov[..., target.index(name), target.index(name)] = own_std[name] ** 2
    return Gaussian(mean, cov)


def reading(sensor: Any, size: int) -> Any:
    """The sensor of states of that many components: a matrix that reads the first of them has zeros for the others."""
    matrix = getattr(sensor, "matrix", None)
    return sensor if matrix is None or matrix.shape[-1] >= size else _widened(sensor, size)


@functools.lru_cache(maxsize=256)
def _widened(sensor: Any, size: int) -> Any:
    return replace(sensor, matrix=np.pad(sensor.matrix, ((0, 0), (0, size - sensor.matrix.shape[-1]))))


@functools.cache
def _places(source: Layout, target: Layout) -> tuple[Array, Array, Array]:
    """Where the common names are in the source and in the target, and which the source does not have."""
    common = [name for name in target.names if name in source.names]
    missing = [target.index(name) for name in target.names if name not in source.names]
    there, here = [source.index(name) for name in common], [target.index(name) for name in common]
    return np.array(there, int), np.array(here, int), np.array(missing, int)


def _text(layout: Layout) -> str:
    return " ".join(layout.names)
