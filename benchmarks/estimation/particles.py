"""A step of 100,000 particles (predict, weigh, resample): plansim, filterpy's way, and numpy done well.

filterpy has no particle filter of its own, but the pieces of one and a recipe: numpy for motion and weights,
scipy's density, and `filterpy.monte_carlo.systematic_resample`. "numpy" has the same recipe with a hand-written
density and a search in place of filterpy's loop. All of them resample at every step.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[threads] = "1"
sys.path.insert(0, str(Path(__file__).parent.parent.parent))

import numpy as np  # noqa: E402

from benchmarks.record import record  # noqa: E402
from plansim.core.beliefs import Gaussian  # noqa: E402
from plansim.estimation.kalman.kalman_filter import KalmanFilter  # noqa: E402
from plansim.estimation.particle.auxiliary import AuxiliaryParticleFilter  # noqa: E402
from plansim.estimation.particle.particle_filter import ParticleFilter  # noqa: E402
from plansim.estimation.particle.rao_blackwellised import RaoBlackwellisedParticleFilter  # noqa: E402
from plansim.estimation.particle.resampling import ancestors, systematic  # noqa: E402
from plansim.models.kinematic import ConstantVelocity  # noqa: E402
from plansim.models.position import Position  # noqa: E402

PARTICLES, STEPS, DT, STD = 100_000, 15, 0.5, 0.5
MOTION, SENSOR, START = ConstantVelocity(acceleration_density=0.5), Position(STD), Gaussian(np.zeros(4), np.eye(4))
F, Q = MOTION.transition(DT), MOTION.noise_cov(None, None, DT)


def readings() -> np.ndarray:
    rng, x, found = np.random.default_rng(1), np.zeros(4), []
    for _ in range(STEPS):
        x = MOTION.sample(x, None, DT, rng)
        found.append(x[:2] + STD * rng.standard_normal(2))
    return np.array(found)


def plansim_filter(z):
    estimator, rng = ParticleFilter(MOTION, PARTICLES, resample_below=2.0), np.random.default_rng(0)
    return run(estimator, z, rng)


def run(estimator, z, rng):
    belief, seconds = estimator.around(START, rng), []
    for one in z:
        begin = time.perf_counter()
        belief = estimator.update(estimator.predict(belief, None, DT, rng), one, SENSOR, rng).belief
        seconds.append(time.perf_counter() - begin)
    return belief.gaussian(MOTION.state), seconds


def recipe(z, weigh, resample):
    """The filter as filterpy's documents and its author's book write it."""
    rng, seconds = np.random.default_rng(0), []
    x = rng.multivariate_normal(START.mean, START.cov, PARTICLES)
    root = np.linalg.cholesky(Q)
    for one in z:
        begin = time.perf_counter()
        x = x @ F.T + rng.standard_normal(x.shape) @ root.T
        weights = weigh(one, x) + 1e-300
        weights /= weights.sum()
        x = x[resample(weights, rng)]
        seconds.append(time.perf_counter() - begin)
    return Gaussian(x.mean(0), np.cov(x.T)), seconds


def scipy_density(z, x):
    from scipy.stats import multivariate_normal

    return multivariate_normal(z, STD**2 * np.eye(2)).pdf(x[:, :2])


def numpy_density(z, x):
    return np.exp(-0.5 * (((z - x[:, :2]) / STD) ** 2).sum(-1))


def theirs(weights, rng):
    from filterpy.monte_carlo import systematic_resample

    return systematic_resample(weights)


def searched(weights, rng):
    positions = (np.arange(len(weights)) + rng.random()) / len(weights)
    return np.searchsorted(np.cumsum(weights) / weights.sum(), positions)


def milliseconds(seconds) -> float:
    return 1e3 * float(np.median(seconds[3:]))


def same_ancestors() -> None:
    """The walk finds, for the same comb, what the search finds."""
    weights = np.random.default_rng(2).dirichlet(np.ones(PARTICLES))
    comb = np.arange(PARTICLES) + 0.3
    expected = np.searchsorted(np.cumsum(weights) / weights.sum(), comb / PARTICLES, "right")
    assert (ancestors(np.log(weights), comb) != expected).mean() < 1e-4  # but for rounding


def resampling_alone() -> list[dict]:
    rng = np.random.default_rng(3)
    weights = rng.dirichlet(np.ones(PARTICLES))
    log_weights, rows = np.log(weights), []
    for name, f in (
        ("plansim systematic", lambda: systematic(log_weights, rng)),
        ("numpy searchsorted", lambda: searched(weights, rng)),
        ("filterpy systematic_resample", lambda: theirs(weights, rng)),
    ):
        times = []
        for _ in range(8):
            begin = time.perf_counter()
            f()
            times.append(time.perf_counter() - begin)
        rows.append({"what": name, "ms": milliseconds(times)})
    return rows


def main() -> None:
    z = readings()
    same_ancestors()
    exact, _ = run(KalmanFilter(MOTION), z, None)
    rows = []
    for name, way in (
        ("plansim ParticleFilter", plansim_filter),
        ("numpy, searchsorted", lambda z: recipe(z, numpy_density, searched)),
        ("filterpy's pieces", lambda z: recipe(z, scipy_density, theirs)),
    ):
        moments, seconds = way(z)
        assert np.abs(moments.mean - exact.mean).max() < 0.03, (name, moments.mean, exact.mean)
        assert np.abs(np.diagonal(moments.cov) / np.diagonal(exact.cov) - 1).max() < 0.06, name
        rows.append({"what": f"{name}, a step", "ms": milliseconds(seconds)})
    rows += resampling_alone()
    for group in (rows[:3], rows[3:]):
        for row in group:
            row["plansim is faster"] = f"{row['ms'] / group[0]['ms']:.1f} x"
    for estimator in (AuxiliaryParticleFilter(MOTION, 1000), RaoBlackwellisedParticleFilter(MOTION, "x y", 1000)):
        _, seconds = run(estimator, z, np.random.default_rng(0))
        rows.append({"what": f"{type(estimator).__name__} of 1,000, a step", "ms": milliseconds(seconds)})
    note = (
        f"State 4, measurement 2. Equal: means within 0.03, variances within 6 % of the Kalman filter's after {STEPS}."
    )
    record(f"A step of {PARTICLES:,} particles", "python benchmarks/estimation/particles.py", rows, note)


if __name__ == "__main__":
    main()
