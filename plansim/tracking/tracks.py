"""What a tracker knows: tracks as one value, with a batched belief; never changed in place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.layout import Layout


class Waiting(NamedTuple):
    """Where detections were that no track took, until a second one makes a track of them."""

    position: Array  # (W, axes)
    cov: Array  # (W, axes, axes)
    age: Array  # (W,) s


class Tracks(NamedTuple):
    """M tracks, the oldest first."""

    ids: Array  # (M,) int64, never used again
    belief: Any  # of the tracks' estimator, leading dimension M
    existence: Array  # (M,) probability that there is a target
    confirmed: Array  # (M,) bool
    score: Array  # (M,) log-likelihood ratio of a target against clutter since the track began
    hits: Array  # (M,) int64, scans that saw it
    misses: Array  # (M,) int64, scans since it was seen; one that could not see it does not count
    ages: Array  # (M,) int64, scans that could have seen it, the first one too
    recent: Array  # (M,) int64, its last 62 such scans as bits: 1 seen, the last one lowest
    detection: Array  # (M,) int64, the likeliest detection of the last scan; -1 where it was missed
    waiting: Waiting | None
    next_id: int
    undetected: float  # targets per unit of the measurement's volume that no scan has seen yet

    @property
    def size(self) -> int:
        return len(self.ids)

    def gaussian(self, state: Layout) -> Gaussian:
        """Means (M, n) and covariances (M, n, n) of the beliefs."""
        return self.belief.gaussian(state)

    def chosen(self, which: Array) -> Tracks:
        """The tracks of a mask (M,) or of indices, in their order."""
        return self._replace(belief=take(self.belief, which), **{name: getattr(self, name)[which] for name in COLUMNS})

    @property
    def reported(self) -> Tracks:
        """The confirmed tracks alone."""
        return self.chosen(self.confirmed)


COLUMNS = ("ids", "existence", "confirmed", "score", "hits", "misses", "ages", "recent", "detection")


def take(belief: Any, which: Array) -> Any:
    """The members of a batched belief (a NamedTuple or tuple of arrays, however deep) that `which` names."""
    return _each(lambda a: a[which], belief)


def join(a: Any, b: Any) -> Any:
    """Two batches of beliefs as one."""
    return _each(lambda x, y: np.concatenate([x, y]), a, b)


def _each(f, *beliefs: Any) -> Any:
    head = beliefs[0]
    if not isinstance(head, tuple):
        return f(*(np.asarray(b) for b in beliefs))
    parts = [_each(f, *members) for members in zip(*beliefs, strict=True)]
    return type(head)(*parts) if hasattr(head, "_fields") else tuple(parts)
