"""Interacting multiple model of two Kalman filters (state 4, measurement 2): plansim and filterpy, equal answers."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[threads] = "1"
sys.path.insert(0, str(Path(__file__).parent.parent.parent))

import numpy as np  # noqa: E402
from filterpy.kalman import IMMEstimator  # noqa: E402
from filterpy.kalman import KalmanFilter as TheirFilter  # noqa: E402

from benchmarks.record import record  # noqa: E402
from plansim.core.beliefs import Gaussian  # noqa: E402
from plansim.estimation.imm import InteractingMultipleModel  # noqa: E402
from plansim.estimation.kalman.kalman_filter import KalmanFilter  # noqa: E402
from plansim.estimation.kalman.sequence import filter_sequence  # noqa: E402
from plansim.models.kinematic import ConstantVelocity  # noqa: E402
from plansim.models.position import Position  # noqa: E402

STEPS, TRACKS, DT = 2000, 1000, 1.0
MOTIONS = ConstantVelocity(acceleration_density=0.01), ConstantVelocity(acceleration_density=10.0)
TRANSITION = np.array([[0.95, 0.05], [0.1, 0.9]])
SENSOR, START = Position(std=0.7), Gaussian(np.zeros(4), np.eye(4))
OURS = InteractingMultipleModel(tuple(map(KalmanFilter, MOTIONS)), TRANSITION)


def theirs(z) -> tuple[np.ndarray, ...]:
    """Means, covariances and mode probabilities after each step, by filterpy."""
    filters = []
    for motion in MOTIONS:
        one = TheirFilter(dim_x=4, dim_z=2)
        one.x, one.P = START.mean[:, None].copy(), START.cov.copy()
        one.F, one.Q, one.H, one.R = motion.transition(DT), motion.noise_cov(None, None, DT), np.eye(2, 4), SENSOR.cov
        filters.append(one)
    imm, found = IMMEstimator(filters, [0.5, 0.5], TRANSITION), []
    for row in z[:, :, None]:
        imm.predict()
        imm.update(row)
        found.append((imm.x[:, 0].copy(), imm.P.copy(), imm.mu.copy()))
    return tuple(np.array(column) for column in zip(*found, strict=True))


def whole_log(z):
    return filter_sequence(OURS, START, z, SENSOR, DT)


def call_by_call(z):
    belief = OURS.around(START)
    for row in z:
        belief = OURS.update(OURS.predict(belief, None, DT), row, SENSOR).belief
    return belief


def all_tracks(z):
    """One step of many tracks, from Python."""
    belief = OURS.around(Gaussian(np.zeros((TRACKS, 4)), np.broadcast_to(np.eye(4), (TRACKS, 4, 4))))
    for t in range(z.shape[1]):
        belief = OURS.update(OURS.predict(belief, None, DT), z[:, t], SENSOR).belief
    return belief


def microseconds(f, z, repeats: int) -> float:
    """Median time of a step of one track."""
    f(z)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        f(z)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) / (z.size / 2) * 1e6


def main() -> None:
    rng = np.random.default_rng(0)
    z = np.cumsum(rng.normal(0, 2.0, (STEPS, 2)), 0)
    many = np.cumsum(rng.normal(0, 2.0, (TRACKS, 20, 2)), 1)
    mean, cov, probabilities = theirs(z)
    ours = whole_log(z)
    pairs = ((ours.mean, mean), (ours.cov, cov), (np.exp(ours.log_weights), probabilities))
    apart = max(float(np.max(np.abs(a - b) / (1 + np.abs(b)))) for a, b in pairs)
    assert apart < 1e-10, apart
    last = call_by_call(z).gaussian(OURS.state)
    assert np.allclose(last.mean, mean[-1], rtol=1e-10, atol=1e-10)
    seconds = {
        "filterpy IMMEstimator": microseconds(theirs, z, 3),
        "plansim, a whole log in one call": microseconds(whole_log, z, 30),
        f"plansim, logs of {TRACKS:,} tracks in one call": microseconds(whole_log, many, 10),
        "plansim, call by call from Python": microseconds(call_by_call, z[:500], 5),
        f"plansim, {TRACKS:,} tracks call by call from Python": microseconds(all_tracks, many, 5),
    }
    peer = seconds["filterpy IMMEstimator"]
    rows = [
        {"predict and update": name, "µs a step": value, "faster than filterpy": f"{peer / value:.1f} x"}
        for name, value in seconds.items()
    ]
    note = (
        f"Means, covariances and mode probabilities of {STEPS:,} steps differ from filterpy's by at most {apart:.0e}."
    )
    record("Interacting multiple model of two", "python benchmarks/estimation/imm.py", rows, note)


if __name__ == "__main__":
    main()
