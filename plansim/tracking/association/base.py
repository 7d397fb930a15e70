"""What an association is asked, and what it answers: the words that tracker and associators share."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from plansim.core.arrays import Array


class Pairs(NamedTuple):
    """The detections in the gates of M tracks, and how well they fit: a sparse matrix by rows.

    A joint event gives each track one of its detections or none, and each detection to one track or none; its
    probability is the product of the tracks' weights in it (Bar-Shalom and Li 1995, section 6.2).
    """

    first: Array  # (M + 1,) int64: the pairs of track i are first[i] : first[i + 1]
    detection: Array  # (P,) int64, ascending for each track
    log_weight: Array  # (P,) log of P(exists) P_D p(z | track) / density of whatever else makes detections
    log_missed: Array  # (M,) log of the probability that the track made no detection in its gate
    detections: int  # D of the scan

    @property
    def track(self) -> Array:
        """(P,) whose each pair is."""
        return np.repeat(np.arange(len(self.log_missed)), np.diff(self.first))


class Shares(NamedTuple):
    """Of whom the detections are: probabilities, or 0 and 1 of an associator that decides."""

    pair: Array  # (P,) that the detection of the pair is of its track
    missed: Array  # (M,) that none is; with the track's pairs it sums to 1
    free: Array  # (D,) that the detection is of no track


class Associator(Protocol):
    @property
    def soft(self) -> bool: ...  # True: probabilities; False: it decides
    def associate(self, pairs: Pairs) -> Shares: ...


def decided(pairs: Pairs, chosen: Array) -> Shares:
    """The shares of a decision: `chosen` (C,) are the pairs that are taken for true."""
    pair = np.zeros(len(pairs.detection))
    pair[chosen] = 1.0
    missed, free = np.ones(len(pairs.log_missed)), np.ones(pairs.detections)
    missed[pairs.track[chosen]] = 0.0
    free[pairs.detection[chosen]] = 0.0
    return Shares(pair, missed, free)
