"""The only row of a batch, read as a single environment hands it out: fresh arrays, plain numbers."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Tree = Any  # an array, or a dict or tuple of trees
Read = Callable[[], Any]


def mapped(f: Callable[[np.ndarray], Any], tree: Tree) -> Tree:
    if isinstance(tree, np.ndarray):
        return f(tree)
    if isinstance(tree, dict):
        return {name: f(part) if type(part) is np.ndarray else mapped(f, part) for name, part in tree.items()}
    return tuple(mapped(f, part) for part in tree)


def reader(function: Callable[[np.ndarray], Tree], state: np.ndarray, row: Callable[[np.ndarray], Read]) -> Read:
    """Reads function(state) (1, ...) again and again, where the state changes in place.

    Where the function gives columns of the state as they are, it is called this once only: they stay where they are,
    and to find them by name takes longer than to read them.
    """
    tree = function(state)
    if all(np.may_share_memory(part, state) for part in _leaves(tree)):
        return _composed(tree, row)
    return lambda: mapped(lambda part: row(part)(), function(state))


def array_row(batch: np.ndarray) -> Read:
    """Reads the row of one array as an array, or as numpy's number."""
    return batch[0].copy if batch.ndim > 1 else functools.partial(operator.getitem, batch, 0)


def plain_row(batch: np.ndarray) -> Read:
    """Reads the row of one array as Python writes it, where that loses nothing."""
    return batch.item if batch.ndim == 1 and batch.dtype.char in "dl?" else array_row(batch)


def _leaves(tree: Tree) -> Iterator[np.ndarray]:
    if isinstance(tree, np.ndarray):
        yield tree
    else:
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from _leaves(part)


def _composed(tree: Tree, row: Callable[[np.ndarray], Read]) -> Read:
    if isinstance(tree, np.ndarray):
        return row(tree)
    if not isinstance(tree, dict):
        parts = [_composed(part, row) for part in tree]
        return lambda: tuple(read() for read in parts)
    named = [(name, _composed(part, row)) for name, part in tree.items()]

    def read_all() -> dict[str, Any]:
        values = {}
        for name, read in named:  # a comprehension would be one more call
            values[name] = read()
        return values

    return read_all if named else dict
