"""One scan for Kalman filters and a linear sensor in compiled loops: the answers of `any_estimator`, far sooner."""

from __future__ import annotations

import functools
import math

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.kernel import Kernel, kernel
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position
from plansim.tracking.association.gating import gate_size, pairs_in_gates
from plansim.tracking.association.jpda import JointProbabilistic, joint_shares
from plansim.tracking.existence import after_scan, counted, limited, logistic
from plansim.tracking.initiation import OnePoint
from plansim.tracking.inversion import linear_start
from plansim.tracking.linear_filters import small_filters
from plansim.tracking.lives import RULES, verdict_of
from plansim.tracking.tracks import Tracks


def fits(tracker, sensor) -> bool:
    """Whether all parts are those that the loops know."""
    return (
        type(tracker.estimator) is KalmanFilter
        and type(sensor) in (LinearSensor, Position)
        and type(tracker.associator) is JointProbabilistic
        and type(tracker.initiation) is OnePoint
        and tracker.life.verdict in RULES
        and not callable(tracker.detection_probability)
        and not callable(tracker.clutter_density)
        and not tracker.estimator.state.angles
        and not sensor.measurement.angles
    )


def advance(tracker, tracks: Tracks, z: Array, sensor, dt: float) -> Tracks:
    motion, life, joint = tracker.estimator.motion, tracker.life, tracker.associator
    n, k = len(motion.state), z.shape[1]
    if dt > 0:
        F, Q = np.ascontiguousarray(motion.transition(dt)), np.ascontiguousarray(motion.noise_cov(None, None, dt))
    else:
        F, Q = np.eye(n), np.zeros((n, n))
    H, R, gain, cov = _sensed(sensor, tracker.initiation, motion.state)
    undetected = tracker.undetected_after(tracks.undetected, dt)
    seen = float(tracker.detection_probability)
    numbers = (
        *(tracker.survival**dt, seen, tracker.gate_probability, gate_size(tracker.gate_probability, k)),
        *(float(tracker.clutter_density), seen * undetected, life.ceiling),
        *(float(joint.exact_limit), float(joint.tolerance)),
    )
    result = _scan(n, k)(
        *(tracks.belief.mean, tracks.belief.cov, tracks.ids, tracks.existence, tracks.confirmed, tracks.score),
        *(tracks.hits, tracks.misses, tracks.ages, tracks.recent, tracks.next_id),
        *(z, F, Q, H, R, gain, cov, numbers, RULES.index(life.verdict), life.parameters()),
        *(life.integrated, tracker.gate_limit, joint.rounds),
    )
    mean, covs, ids, existence, confirmed, score, hits, misses, ages, recent, detection, next_id = result
    columns = existence, confirmed, score, hits, misses, ages, recent, detection
    return Tracks(ids, Gaussian(mean, covs), *columns, None, next_id, tracker.undetected_seen(undetected))


@functools.lru_cache(maxsize=64)
def _sensed(sensor, initiation: OnePoint, state) -> tuple[Array, Array, Array, Array]:
    """(H, R, gain, cov): the sensor's matrices, and what a track begins with: N(gain z, cov)."""
    H = np.ascontiguousarray(sensor.jacobian(np.zeros(len(state))))
    gain, cov = linear_start(sensor, len(state), initiation.unseen_std(state))
    return H, np.array(sensor.cov), np.ascontiguousarray(gain), np.ascontiguousarray(cov)


@functools.cache
def _scan(n: int, k: int) -> Kernel:
    """The kernel of one scan, for states of n and measurements of k numbers."""
    predict, expect, update = small_filters(n, k)

    @kernel
    def scan(
        mean, cov, ids, existence, confirmed, score, hits, misses, ages, recent, next_id,
        z, F, Q, H, R, gain, start_cov, numbers, rule, bounds, integrated, limit, rounds,
    ):  # fmt: skip
        survival, P_D, P_G, size, clutter, births, ceiling, exact_limit, tolerance = numbers
        M, D = mean.shape[0], z.shape[0]
        x, P = np.empty((M + D, n)), np.empty((M + D, n, n))
        expected, root, box, PH = np.empty((M, k)), np.zeros((M, k, k)), np.empty((M, k)), np.empty((M, n, k))
        spare = np.empty((n, k)), np.empty((n, n)), np.empty((n, n))
        constant, weight, log_missed = np.empty(M), np.empty(M), np.empty(M)
        other, seen = clutter + births, P_D * P_G
        log_seen = math.log(P_D) if P_D > 0.0 else -np.inf
        for i in range(M):
            predict(mean[i], cov[i], F, Q, x[i], P[i], spare[1])
            expect(x[i], P[i], H, R, expected[i], root[i], box[i], size, PH[i])
            weight[i] = limited(existence[i] * survival) if integrated else 1.0
            constant[i] = log_seen - math.log(other) - 0.5 * k * math.log(2.0 * math.pi)
            for a in range(k):
                constant[i] -= math.log(root[i, a, a])
            log_missed[i] = math.log1p(-weight[i] * seen)
        first, detection, distance = pairs_in_gates(expected, root, box, z, np.arange(D), size, limit)
        log_weight = np.empty(detection.shape[0])
        for i in range(M):
            for p in range(first[i], first[i + 1]):
                log_weight[p] = math.log(weight[i]) + constant[i] - 0.5 * distance[p]
        pair, missed, free = joint_shares(first, detection, log_weight, log_missed, D, exact_limit, tolerance, rounds)

        counts, real, is_confirmed = np.empty((6, M + D), np.int64), np.empty((2, M + D)), np.empty(M + D, np.bool_)
        kept = 0
        for i in range(M):
            r, s = after_scan(
                True, integrated, ceiling, limited(existence[i] * survival), score[i], seen, missed[i], 0.0
            )
            hit, miss, age, bits = counted(missed[i] < 0.5, seen, hits[i], misses[i], ages[i], recent[i])
            judgement = verdict_of(rule, bounds, r, s, miss, age, bits, confirmed[i])
            if judgement == 0:
                continue
            best = -1
            if first[i] < first[i + 1]:
                unseen = missed[i] * weight[i] * (1.0 - seen) / (1.0 - weight[i] * seen)
                total = unseen
                for p in range(first[i], first[i + 1]):
                    total += pair[p]
                for p in range(first[i], first[i + 1]):
                    if missed[i] < 0.5 and (best < 0 or pair[p] >= pair[best]):
                        best = p
                for p in range(first[i], first[i + 1]):
                    log_weight[p] = pair[p] / total  # the shares, given that there is a target
                update(
                    x[i], P[i], H, R, expected[i], root[i], PH[i], z, first[i], first[i + 1], detection, log_weight,
                    unseen / total, spare,
                )  # fmt: skip
            for a in range(n):
                x[kept, a] = x[i, a]
                for b in range(n):
                    P[kept, a, b] = P[i, a, b]
            real[0, kept], real[1, kept], is_confirmed[kept] = r, s, judgement == 2
            counts[0, kept], counts[1, kept], counts[2, kept] = ids[i], hit, miss
            counts[3, kept], counts[4, kept] = age, bits
            counts[5, kept] = detection[best] if best >= 0 else -1
            kept += 1
        for j in range(D):
            new = births / other
            r = limited(free[j] * new if integrated else logistic(0.0))
            judgement = verdict_of(rule, bounds, r, 0.0, 0, 1, 1, False)
            unclaimed = free[j] > 0.5 and (new > 0.0 or not integrated)
            if not unclaimed and (judgement == 0 or not integrated):
                continue
            for a in range(n):
                total = 0.0
                for c in range(k):
                    total += gain[a, c] * z[j, c]
                x[kept, a] = total
                for c in range(n):
                    P[kept, a, c] = start_cov[a, c]
            real[0, kept], real[1, kept], is_confirmed[kept] = r, 0.0, judgement == 2
            counts[0, kept], counts[1, kept], counts[2, kept] = next_id, 1, 0
            counts[3, kept], counts[4, kept], counts[5, kept] = 1, 1, j
            next_id += 1
            kept += 1
        return (
            x[:kept], P[:kept], counts[0, :kept], real[0, :kept], is_confirmed[:kept], real[1, :kept],
            counts[1, :kept], counts[2, :kept], counts[3, :kept], counts[4, :kept], counts[5, :kept], next_id,
        )  # fmt: skip

    return scan
