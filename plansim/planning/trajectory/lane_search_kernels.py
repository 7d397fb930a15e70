"""Dynamic programming over the lattice of `lane_search`."""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel

BRAKING_COST, OTHER_LANE_COST = 0.05, 0.5  # of (m/s^2)^2 s, of s


@kernel
def search(v0, top, dt, steps, phase, n, accelerations, ahead, passing, own, other, reach, oncoming, gap, braking):
    """The least cost, the accelerations' indices (steps,), the phases (steps + 1,), and the states that were looked at.

    v0: m/s at place 0; a speed is v0 + 2 dt k, a place at step t is v0 t dt + dt^2 m. ahead (K, 3): place, speed, half
    of both lengths; the first `passing` of them must be passed. own, other (2n,): whether the car is in the way of its
    lane, of the other one, in a phase. Phase 0 is waiting in its own lane or the first step out of it, phase n the same
    in the other one; the others last a step each. A car in the way of its own lane
    keeps `gap` from those in it, and behind them as much more as it would need to brake to their speed. The other lane
    is clear up to `reach`, which comes nearer with `oncoming` m/s.
    """
    slowest, fastest = -int(v0 / (2 * dt) + 1e-9), int((top - v0) / (2 * dt) + 1e-9)
    speeds, phases, A = fastest - slowest + 1, 2 * n, accelerations.shape[0]
    # places at the last step, from braking all the way to speeding up all the way
    low = 2 * steps * slowest
    places = 2 * steps * max(fastest, 0) - low + 1
    cost = np.full((phases, speeds, places), np.inf, dtype=np.float32)
    fresh = np.full((phases, speeds, places), np.inf, dtype=np.float32)
    parent = np.full((steps, phases, speeds, places), -1, dtype=np.int8)
    cost[phase, -slowest, -low] = 0.0
    first, last = -low, -low  # of the places that are reached
    expanded = 0
    for t in range(steps):
        new_first, new_last = places, -1
        for p in range(phases):
            for choice in range(2 if p == 0 or p == n else 1):
                to = (p + 1) % phases if choice == 1 or (p != 0 and p != n) else p
                # the phase that the step is in: waiting, or on the way from p
                way = phases if to == p else p
                in_own = (p == 0) if way == phases else own[p]
                in_other = (p == n) if way == phases else other[p]
                for k in range(speeds):
                    v = v0 + 2 * dt * (k + slowest)
                    for m in range(first, last + 1):
                        so_far = cost[p, k, m]
                        if so_far == np.inf:
                            continue
                        expanded += 1
                        x = v0 * t * dt + dt * dt * (m + low)
                        for a in range(A):
                            step = int(np.rint(accelerations[a] / 2))
                            if not 0 <= k + step < speeds:
                                continue
                            to_m = m + 2 * (k + slowest) + step
                            y, w = x + v * dt + accelerations[a] * dt * dt / 2, v + accelerations[a] * dt
                            if in_other and y > reach - oncoming * (t + 1) * dt:
                                continue
                            if in_own and not _keeps_gaps(x, v, y, w, t * dt, dt, ahead, gap, braking):
                                continue
                            price = so_far + dt * (
                                BRAKING_COST * accelerations[a] ** 2 + (OTHER_LANE_COST if in_other else 0.0)
                            )
                            if price < fresh[to, k + step, to_m]:
                                fresh[to, k + step, to_m] = price
                                parent[t, to, k + step, to_m] = a if to == p else a + A
                                new_first, new_last = min(new_first, to_m), max(new_last, to_m)
        for p in range(phases):
            for k in range(speeds):
                for m in range(first, last + 1):
                    cost[p, k, m] = np.inf
        cost, fresh = fresh, cost
        first, last = new_first, new_last
    best, best_k, best_m = np.inf, 0, 0
    beyond = -np.inf
    for q in range(passing):
        beyond = max(beyond, ahead[q, 0] + ahead[q, 1] * steps * dt + ahead[q, 2])
    for k in range(speeds):
        for m in range(first, last + 1):
            x = v0 * steps * dt + dt * dt * (m + low)
            total = cost[0, k, m] + top * steps * dt - x
            if x > beyond and total < best:
                best, best_k, best_m = total, k, m
    chosen, passed = np.zeros(steps, dtype=np.int64), np.zeros(steps + 1, dtype=np.int64)
    if best < np.inf:
        p, k, m = 0, best_k, best_m
        for t in range(steps - 1, -1, -1):
            a = parent[t, p, k, m]
            moved, a = a >= A, a % A
            step = int(np.rint(accelerations[a] / 2))
            chosen[t], passed[t + 1] = a, p
            p, k = (p - 1) % phases if moved else p, k - step
            m -= 2 * (k + slowest) + step
        passed[0] = p
    return best, chosen, passed, expanded


@kernel
def _keeps_gaps(x, v, y, w, time, dt, ahead, gap, braking):
    """Whether the car, from x to y, stays behind or before each vehicle of its lane."""
    for q in range(ahead.shape[0]):
        pace, apart = ahead[q, 1], ahead[q, 2] + gap
        begin, end = x - ahead[q, 0] - pace * time, y - ahead[q, 0] - pace * (time + dt)
        closing, opening = max(w - pace, 0.0), max(pace - w, 0.0)
        behind = begin < 0.0 and end < 0.0 and end <= -apart - closing * closing / (2 * braking)
        before = begin >= 0.0 and end >= 0.0 and begin >= apart and end >= apart + opening * opening / (2 * braking)
        if not (behind or before):
            return False
    return True
