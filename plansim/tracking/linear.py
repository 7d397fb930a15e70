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
from plansim.tracking.existence import after_scan, counted, logistic
from plansim.tracking.initiation import OnePoint
from plansim.tracking.inversion import linear_start
from plansim.tracking.tracks import Tracks


def fits(tracker, sensor) -> bool:
    """Whether all parts are those that the loops know."""
    return (
        type(tracker.estimator) is KalmanFilter
        and type(sensor) in (LinearSensor, Position)
        and type(tracker.associator) is JointProbabilistic
        and type(tracker.initiation) is OnePoint
        and isinstance(tracker.life.verdict, Kernel)
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
    result = _scan(n, k, life.verdict)(
        *(tracks.belief.mean, tracks.belief.cov, tracks.ids, tracks.existence, tracks.confirmed, tracks.score),
        *(tracks.hits, tracks.misses, tracks.ages, tracks.recent, tracks.next_id),
        *(z, F, Q, H, R, gain, cov, numbers, life.parameters()),
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
def _filters(n: int, k: int) -> tuple[Kernel, Kernel, Kernel]:
    """Kalman filters over small matrices: their sizes are constants of the compiled code."""

    @kernel
    def predict(mean, cov, F, Q, mean_out, cov_out, half):
        for a in range(n):
            total = 0.0
            for b in range(n):
                total += F[a, b] * mean[b]
            mean_out[a] = total
            for b in range(n):
                total = 0.0
                for c in range(n):
                    total += F[a, c] * cov[c, b]
                half[a, b] = total
        for a in range(n):
            for b in range(a + 1):
                total = Q[a, b]
                for c in range(n):
                    total += half[a, c] * F[b, c]
                cov_out[a, b] = total
                cov_out[b, a] = total

    @kernel
    def expect(mean, cov, H, R, z, root, box, size, PH):
        """Expected measurement, lower root of its covariance, half widths of the gate's box, P H' (n, k)."""
        for a in range(k):
            total = 0.0
            for b in range(n):
                total += H[a, b] * mean[b]
            z[a] = total
            for b in range(n):
                total = 0.0
                for c in range(n):
                    total += cov[b, c] * H[a, c]
                PH[b, a] = total
        for a in range(k):
            for b in range(a + 1):
                S = R[a, b]
                for c in range(n):
                    S += H[a, c] * PH[c, b]
                if a == b:
                    box[a] = math.sqrt(size * S)
                for c in range(b):
                    S -= root[a, c] * root[b, c]
                root[a, b] = math.sqrt(S) if a == b else S / root[b, b]

    @kernel
    def update(mean, cov, H, R, expected, root, PH, z, first, last, detection, share, unseen, spare):
        """The moments over the pairs first … last - 1 with their shares and the case that there is none."""
        K, A, half = spare
        for a in range(n):  # K = P H' S⁻¹ by the root of S
            for b in range(k):
                total = PH[a, b]
                for c in range(b):
                    total -= root[b, c] * K[a, c]
                K[a, b] = total / root[b, b]
            for b in range(k - 1, -1, -1):
                total = K[a, b]
                for c in range(b + 1, k):
                    total -= root[c, b] * K[a, c]
                K[a, b] = total / root[b, b]
        for a in range(n):
            for b in range(n):
                total = 1.0 if a == b else 0.0
                for c in range(k):
                    total -= K[a, c] * H[c, b]
                A[a, b] = total
        shift, apart = np.zeros(n), np.empty(n)
        for p in range(first, last):
            for a in range(n):
                for c in range(k):
                    shift[a] += share[p] * K[a, c] * (z[detection[p], c] - expected[c])
        for a in range(n):  # Joseph form, in `half` first A P
            for b in range(n):
                total = 0.0
                for c in range(n):
                    total += A[a, c] * cov[c, b]
                half[a, b] = total
        for a in range(n):
            for b in range(a + 1):
                total = 0.0
                for c in range(n):
                    total += half[a, c] * A[b, c]
                for c in range(k):
                    for d in range(k):
                        total += K[a, c] * R[c, d] * K[b, d]
                total = unseen * (cov[a, b] + shift[a] * shift[b]) + (1.0 - unseen) * total
                cov[a, b] = total
                cov[b, a] = total
        for p in range(first, last):
            for a in range(n):
                apart[a] = -shift[a]
                for c in range(k):
                    apart[a] += K[a, c] * (z[detection[p], c] - expected[c])
            for a in range(n):
                for b in range(n):
                    cov[a, b] += share[p] * apart[a] * apart[b]
        for a in range(n):
            mean[a] += shift[a]

    return predict, expect, update


@functools.cache
def _scan(n: int, k: int, verdict: Kernel) -> Kernel:
    """The kernel of one scan, for states of n and measurements of k numbers and one rule of life."""
    predict, expect, update = _filters(n, k)

    @kernel
    def scan(
        mean, cov, ids, existence, confirmed, score, hits, misses, ages, recent, next_id,
        z, F, Q, H, R, gain, start_cov, numbers, rule, integrated, limit, rounds,
    ):  # fmt: skip
        survival, P_D, P_G, size, clutter, births, ceiling, exact_limit, tolerance = numbers
        M, D = mean.shape[0], z.shape[0]
        x, P = np.empty((M + D, n)), np.empty((M + D, n, n))
        expected, root, box, PH = np.empty((M, k)), np.zeros((M, k, k)), np.empty((M, k)), np.empty((M, n, k))
        spare = np.empty((n, k)), np.empty((n, n)), np.empty((n, n))
        constant, weight, log_missed = np.empty(M), np.empty(M), np.empty(M)
        other, seen = clutter + births, P_D * P_G
        for i in range(M):
            predict(mean[i], cov[i], F, Q, x[i], P[i], spare[1])
            expect(x[i], P[i], H, R, expected[i], root[i], box[i], size, PH[i])
            weight[i] = existence[i] * survival if integrated else 1.0
            constant[i] = math.log(P_D) - math.log(other) - 0.5 * k * math.log(2.0 * math.pi)
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
                *(True, integrated, ceiling, existence[i] * survival, score[i], seen, missed[i], 0.0),
            )
            h, m, a, b = counted(missed[i] < 0.5, seen, hits[i], misses[i], ages[i], recent[i])
            judgement = verdict(rule, r, s, m, a, b, confirmed[i])
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
                    *(x[i], P[i], H, R, expected[i], root[i], PH[i], z, first[i], first[i + 1]),
                    *(detection, log_weight, unseen / total, spare),
                )
            x[kept], P[kept] = x[i], P[i]
            real[0, kept], real[1, kept], is_confirmed[kept] = r, s, judgement == 2
            counts[0, kept], counts[1, kept], counts[2, kept], counts[3, kept], counts[4, kept] = ids[i], h, m, a, b
            counts[5, kept] = detection[best] if best >= 0 else -1
            kept += 1
        for j in range(D):
            r = free[j] * births / other if integrated else logistic(0.0)
            judgement = verdict(rule, r, 0.0, 0, 1, 1, False)
            if free[j] <= 0.5 and (judgement == 0 or not integrated):
                continue
            for a in range(n):
                total = 0.0
                for c in range(k):
                    total += gain[a, c] * z[j, c]
                x[kept, a] = total
            P[kept] = start_cov
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
