"""The Kalman filter beside filterpy's in the same run, with equal answers: one call, a log, a bank of a thousand.

`python benchmarks/estimation/kalman.py`; with `hard`, a million steps of random systems whose covariances are all but
singular instead, none of which may fail.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(threads, "1")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np  # noqa: E402

from benchmarks.record import record  # noqa: E402
from plansim.core.beliefs import Gaussian  # noqa: E402
from plansim.estimation import KalmanFilter, SquareRootKalmanFilter, filter_sequence  # noqa: E402
from plansim.models.kinematic import ConstantVelocity  # noqa: E402
from plansim.models.linear_motion import LinearSystem  # noqa: E402
from plansim.models.linear_sensor import LinearSensor  # noqa: E402
from plansim.models.position import Position  # noqa: E402

STEPS, FILTERS, ROUNDS = 1000, 1000, 9
MOTION, SENSOR, DT = ConstantVelocity(), Position(0.5), 1.0
START = Gaussian(np.zeros(4), 10.0 * np.eye(4))


class Contest:
    """Times two ways to the same answer in turn, so that both meet the same machine; medians, microseconds a step."""

    def __init__(self, rounds: int = ROUNDS):
        self.rounds = rounds
        self.rows: list[dict[str, object]] = []

    def add(self, what: str, theirs: Callable[[], object], ours: Callable[[], object], steps: tuple[int, int]) -> None:
        """steps: how many a call of theirs and of ours takes."""
        for warm in (theirs, ours):
            warm()
        times = [(seconds(theirs) / steps[0], seconds(ours) / steps[1]) for _ in range(self.rounds)]
        a, b = (1e6 * float(np.median(column)) for column in zip(*times, strict=True))
        ratio = float(np.median([x / y for x, y in times]))
        self.rows.append(
            {"a step of": what, "filterpy, µs": a, "plansim, µs": b, "plansim is faster": f"{ratio:.1f} x"}
        )


def seconds(f: Callable[[], object], least: float = 0.02) -> float:
    """Of one call, as the mean over so many that they take `least` seconds."""
    count = 1
    while True:
        start = time.perf_counter()
        for _ in range(count):
            f()
        elapsed = time.perf_counter() - start
        if elapsed >= least:
            return elapsed / count
        count = max(2 * count, int(1.2 * count * least / elapsed))


def filterpys() -> Any:
    from filterpy.kalman import KalmanFilter as Theirs

    filter = Theirs(dim_x=4, dim_z=2)
    filter.F, filter.Q = np.array(MOTION.transition(DT)), np.array(MOTION.noise_cov(None, None, DT))
    filter.H, filter.R = np.eye(2, 4), np.array(SENSOR.cov)
    filter.x, filter.P = START.mean[:, None].copy(), START.cov.copy()
    return filter


def run_theirs(filter: Any, log: np.ndarray) -> list[np.ndarray]:
    """Means, covariances and log-likelihoods of a log (T, 2)."""
    answers = []
    for z in log:
        filter.predict()
        filter.update(z)
        answers.append((filter.x[:, 0].copy(), filter.P.copy(), filter.log_likelihood))
    return [np.array(a) for a in zip(*answers, strict=True)]


def check(log: np.ndarray, logs: np.ndarray) -> None:
    """Ours are filterpy's answers to 1e-10, one call at a time, a log at a time and a bank at a time."""
    mean, cov, log_likelihood = run_theirs(filterpys(), log)
    estimator, belief, calls = KalmanFilter(MOTION), START, []
    for z in log:
        update = estimator.step(belief, None, DT, z, SENSOR)
        belief = update.belief
        calls.append((*belief, update.log_likelihood))
    filtered = filter_sequence(estimator, START, log, SENSOR, DT)
    for found in (tuple(zip(*calls, strict=True)), (filtered.mean, filtered.cov, filtered.log_likelihood)):
        for a, b in zip(found, (mean, cov, log_likelihood), strict=True):
            np.testing.assert_allclose(np.array(a), b, rtol=1e-10, atol=1e-10)
    several = filter_sequence(estimator, START, logs[:20], SENSOR, DT)
    for i in range(20):
        np.testing.assert_allclose(several.mean[i], run_theirs(filterpys(), logs[i])[0], rtol=1e-10, atol=1e-10)


def main() -> None:
    rng = np.random.default_rng(0)
    log, logs = rng.normal(size=(STEPS, 2)).cumsum(0), rng.normal(size=(FILTERS, 50, 2)).cumsum(1)
    check(log, logs)
    estimator, theirs, contest, z = KalmanFilter(MOTION), filterpys(), Contest(), log[0]
    bank = Gaussian(rng.normal(size=(FILTERS, 4)), START.cov * rng.uniform(0.5, 2, (FILTERS, 1, 1)))
    ready = estimator.step(bank, None, DT, logs[:, 0], SENSOR).belief

    def call() -> None:
        theirs.predict()
        theirs.update(z)

    def call_with_likelihood() -> float:
        call()
        return theirs.log_likelihood

    def some() -> None:
        for reading in log[:200]:
            theirs.predict()
            theirs.update(reading)

    def one() -> object:
        return estimator.step(START, None, DT, z, SENSOR)

    contest.add("one filter, a call from Python", call, one, (1, 1))
    contest.add("the same, its log-likelihood too", call_with_likelihood, one, (1, 1))
    two = lambda: estimator.update(estimator.predict(START, None, DT), z, SENSOR)  # noqa: E731
    contest.add("the same, predict and update apart", call, two, (1, 1))
    whole = lambda: filter_sequence(estimator, START, log, SENSOR, DT)  # noqa: E731
    contest.add(f"a log of {STEPS:,} measurements", some, whole, (200, STEPS))
    step = lambda: estimator.step(ready, None, DT, logs[:, 1], SENSOR)  # noqa: E731
    contest.add(f"a bank of {FILTERS:,}, a call from Python", some, step, (200, FILTERS))
    apart = lambda: filter_sequence(estimator, bank, logs, SENSOR, DT)  # noqa: E731
    contest.add(f"a bank of {FILTERS:,}, logs of 50", some, apart, (200, FILTERS * 50))
    shared = lambda: filter_sequence(estimator, START, logs, SENSOR, DT)  # noqa: E731
    contest.add("the same, all with one covariance", some, shared, (200, FILTERS * 50))
    note = f"State 4, measurement 2. filterpy's answers are ours to 1e-10. Median of {ROUNDS} turns."
    record("Kalman filter, a step", "python benchmarks/estimation/kalman.py", contest.rows, note)


def hard_steps(steps: int, seed: int) -> float:
    """Random systems of random sizes, cond(P) up to 1e14, R down to 1e-12: the least eigenvalue met, relative to P's.

    The Kalman filter and its square-root form take the same steps; what cannot be done raises.
    """
    rng, worst = np.random.default_rng(seed), np.inf
    done = 0
    while done < steps:
        n, k, batch = int(rng.integers(1, 7)), int(rng.integers(1, 4)), min(200, steps - done)
        names, readings = (" ".join(f"{letter}{i}" for i in range(size)) for letter, size in (("x", n), ("z", k)))
        noise = rng.normal(size=(n, n)) * 10.0 ** rng.uniform(-8, 1) * (rng.random() < 0.7)
        motion = LinearSystem(names, 0.3 * rng.normal(size=(n, n)), noise_density=noise @ noise.T)
        H = rng.normal(size=(k, n)) * (rng.random((k, n)) < 0.7)
        sensor = LinearSensor(readings, H, 10.0 ** rng.uniform(-12, 2) * np.eye(k))
        axes = np.linalg.qr(rng.normal(size=(batch, n, n)))[0]
        spread = 10.0 ** rng.uniform(0, 14, (batch, 1)) ** rng.uniform(0, 1, (batch, n)) * 10.0 ** rng.uniform(
            -9, 3, (batch, 1)
        )
        root = axes * np.sqrt(spread)[:, None, :]
        belief = Gaussian(rng.normal(size=(batch, n)), root @ root.swapaxes(-1, -2))
        rooted = SquareRootKalmanFilter(motion)
        for estimator, start in ((KalmanFilter(motion), belief), (rooted, rooted.around(belief))):
            now = start
            for _ in range(5):
                z = rng.normal(size=(batch, k)) * 1e3
                now = estimator.update(estimator.predict(now, None, 0.1), z, sensor).belief
                cov = now.gaussian(motion.state).cov
                assert np.array_equal(cov, cov.swapaxes(-1, -2)) or estimator is rooted
                values = np.linalg.eigvalsh(cov)
                worst = min(worst, float((values[:, 0] / np.maximum(values[:, -1], 1e-300)).min()))
        done += batch
    return worst


if __name__ == "__main__":
    if "hard" in sys.argv[1:]:
        print(f"1,000,000 hard steps done; least eigenvalue {hard_steps(100_000, seed=1):.1e} of the largest")
    else:
        main()
