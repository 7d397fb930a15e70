"""One scan for tracks of any estimator and any sensor, batched over the tracks and over their pairs with detections."""

from __future__ import annotations

from typing import Any

import numpy as np

from plansim.core.arrays import Array, symmetric, transpose
from plansim.tracking.association.base import Pairs, Shares
from plansim.tracking.association.gating import gate_size, gated
from plansim.tracking.existence import LEAST, MOST, logistic, scan_of_all
from plansim.tracking.inversion import jacobian
from plansim.tracking.lives import CONFIRMED, DELETED, judged
from plansim.tracking.merging import merged
from plansim.tracking.tracks import COLUMNS, Tracks, join, take


def advance(tracker, tracks: Tracks, detections: Array, sensor, dt: float, rng=None) -> Tracks:
    """The tracks after one scan: predicted, gated, associated, updated, judged, and new ones begun."""
    estimator, life = tracker.estimator, tracker.life
    belief = tracks.belief if dt == 0 or not tracks.size else estimator.predict(tracks.belief, None, dt, rng)
    existence = np.clip(tracks.existence * tracker.survival**dt, LEAST, MOST)
    undetected = tracker.undetected_after(tracks.undetected, dt)

    P_D = tracker.seen(belief.gaussian(estimator.state).mean, sensor)
    seen = P_D * tracker.gate_probability
    density, births = tracker.densities(detections, sensor, undetected)
    # a decision takes a track as it stands: a tentative one would else never get a detection
    weight = existence if life.integrated and tracker.associator.soft else np.ones(tracks.size)
    pairs, updated, log_ratio = fitted(tracker, belief, detections, sensor, weight, P_D, density, rng)
    shares = tracker.associator.associate(pairs)

    taken = np.zeros(tracks.size)
    np.add.at(taken, pairs.track, np.where(shares.pair > 0.5, log_ratio, 0.0))
    counts = tracks.hits, tracks.misses, tracks.ages, tracks.recent
    soft = tracker.associator.soft
    columns = scan_of_all(
        soft, life.integrated, life.ceiling, existence, tracks.score, seen, shares.missed, taken, *counts
    )
    after, score, hits, misses, ages, recent = columns
    verdict = judged(life, after, score, misses, ages, recent, tracks.confirmed)
    columns = after, verdict == CONFIRMED, score, hits, misses, ages, recent, likeliest(pairs, shares)
    old = tracks._replace(
        belief=posterior(tracker, belief, updated, pairs, shares, weight, seen, rng),
        **dict(zip(COLUMNS[1:], columns, strict=True)),
    ).chosen(verdict != DELETED)
    begun, waiting = begin(tracker, tracks, shares.free, detections, sensor, dt, births, density, rng)
    both = {name: np.concatenate([getattr(old, name), getattr(begun, name)]) for name in COLUMNS}
    return Tracks(
        **both,
        belief=join(old.belief, begun.belief),
        waiting=waiting,
        next_id=begun.next_id,
        undetected=tracker.undetected_seen(undetected),
    )


def fitted(
    tracker, belief: Any, detections: Array, sensor, weight: Array, P_D: Array, density: Array, rng
) -> tuple[Pairs, Any, Array]:
    """The pairs inside the gates, the belief of each after its detection, and log(P_D p(z) / density) (P,)."""
    k, M = len(sensor.measurement), len(weight)
    with np.errstate(divide="ignore"):
        log_missed = np.log1p(-weight * P_D * tracker.gate_probability)
    if not M or not len(detections):
        none = np.empty(0, np.int64)
        return Pairs(np.zeros(M + 1, np.int64), none, np.empty(0), log_missed, len(detections)), None, np.empty(0)
    expected, S = expectation(tracker.estimator, belief, sensor, rng)
    size = gate_size(tracker.gate_probability, k)
    limit = tracker.gate_limit
    first, detection, _ = gated(expected, np.linalg.cholesky(S), detections, sensor.measurement, size, limit)
    track = np.repeat(np.arange(M), np.diff(first))
    if not len(track):
        return Pairs(first, detection, np.empty(0), log_missed, len(detections)), None, np.empty(0)
    update = tracker.estimator.update(take(belief, track), detections[detection], sensor, rng)
    with np.errstate(divide="ignore"):
        log_ratio = np.log(P_D)[track] + update.log_likelihood - np.log(density[detection])
        log_weight = np.log(weight)[track] + log_ratio
    return Pairs(first, detection, log_weight, log_missed, len(detections)), update.belief, log_ratio


def expectation(estimator, belief: Any, sensor, rng=None) -> tuple[Array, Array]:
    """The measurement that each track predicts (M, k), and its covariance (M, k, k)."""
    moments = belief.gaussian(estimator.state)
    z = sensor.measure(moments.mean)
    update = estimator.update(belief, z, sensor, rng)
    if update.innovation is not None and update.innovation_cov is not None:
        # a filter that expects another measurement than that of its mean (sigma points) says so by its innovation
        return sensor.measurement.difference(z, update.innovation), update.innovation_cov
    H = jacobian(sensor, moments.mean)
    return z, symmetric(H @ moments.cov @ transpose(H)) + sensor.cov


def posterior(tracker, belief: Any, updated: Any, pairs: Pairs, shares: Shares, weight: Array, seen: Array, rng) -> Any:
    """What each track believes, given that its target exists."""
    M, track = len(shares.missed), pairs.track
    if updated is None:
        return belief
    owner = np.concatenate([np.arange(M), track])
    order = np.argsort(owner, kind="stable")
    both = take(join(belief, updated), order)
    unseen = shares.missed * weight * (1 - seen) / (1 - weight * seen)
    shares_of = np.concatenate([unseen, shares.pair])[order]
    first = np.searchsorted(owner[order], np.arange(M + 1))
    if not tracker.associator.soft:
        heaviest = np.lexsort((-shares_of, owner[order]))[first[:-1]]
        return take(both, heaviest)
    within = shares_of / np.add.reduceat(shares_of, first[:-1])[owner[order]]
    return merged(both, within, first, tracker.estimator, rng)


def likeliest(pairs: Pairs, shares: Shares) -> Array:
    """(M,) the detection that a track most probably made; -1 where it more probably made none."""
    best = np.full(len(shares.missed), -1)
    order = np.argsort(shares.pair, kind="stable")
    order = order[shares.missed[pairs.track[order]] < 0.5]
    best[pairs.track[order]] = pairs.detection[order]  # the last one written is the likeliest
    return best


def begin(
    tracker,
    tracks: Tracks,
    free: Array,
    detections: Array,
    sensor,
    dt: float,
    births: Array | None,
    density: Array,
    rng,
) -> tuple[Tracks, Any]:
    """Tracks that begin with this scan's detections, and what waits for a second one.

    A detection that no track made is of a new target with P_D undetected / density (Williams 2015, eq. 51).
    """
    life, state = tracker.life, tracker.estimator.state
    start = tracker.initiation.start(detections, free, sensor, state, tracks.waiting, dt)
    if births is None:  # P_D depends on where the target is
        seen = tracker.seen(start.belief.mean, sensor)
        new = seen * tracks.undetected / (density[start.detection] + seen * tracks.undetected)
    else:
        new = births[start.detection] / density[start.detection]
    B, points = len(start.detection), start.points
    existence = free[start.detection] * new if life.integrated else np.full(B, logistic(0.0))
    existence = np.clip(existence, LEAST, MOST)
    score, misses = np.zeros(B), np.zeros(B, np.int64)
    ages = np.full(B, points, np.int64)
    recent = np.full(B, (1 << points) - 1, np.int64)
    confirmed = np.zeros(B, bool)
    verdict = judged(life, existence, score, misses, ages, recent, confirmed)
    unclaimed = free[start.detection] > 0.5
    # where nothing is born, nothing begins; elsewhere what is unclaimed has a second chance, however faint it is
    alive = ((unclaimed & (new > 0)) | (verdict != DELETED)) if life.integrated else unclaimed
    ids = tracks.next_id + np.arange(alive.sum(), dtype=np.int64)
    belief = tracker.around(take(start.belief, alive), rng)
    columns = existence, verdict == CONFIRMED, score, ages, misses, ages, recent, start.detection
    begun = tracker.nothing()._replace(ids=ids, belief=belief, next_id=int(tracks.next_id + len(ids)))
    return begun._replace(**{name: c[alive] for name, c in zip(COLUMNS[1:], columns, strict=True)}), start.waiting
