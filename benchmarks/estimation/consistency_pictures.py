"""Draws the pictures of docs/estimators on consistency, noise fitting and the observer.

python benchmarks/estimation/consistency_pictures.py            # all of them
python benchmarks/estimation/consistency_pictures.py observer   # those named
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import matplotlib
import numpy as np

from plansim.core.beliefs import Gaussian
from plansim.estimation import (
    KalmanFilter,
    LuenbergerObserver,
    chi_square_bounds,
    filter_sequence,
    fit_fields,
    nees,
    whiteness,
)
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position

matplotlib.use("agg")
import matplotlib.pyplot as plt

PICTURES = Path(__file__).parents[2] / "docs/pictures"


def save(figure, name: str) -> None:
    figure.savefig(PICTURES / f"{name}.png", dpi=110)
    plt.close(figure)


def walks(runs: int, steps: int, density: float, std: float, seed: int):
    """Truth (B, T, 4) and readings (B, T, 2), from a start of unit covariance."""
    rng, motion = np.random.default_rng(seed), ConstantVelocity(acceleration_density=density)
    x, truth = rng.normal(size=(runs, 4)), []
    for _ in range(steps):
        x = motion.sample(x, None, 0.5, rng)
        truth.append(x)
    truth = np.stack(truth, 1)
    return truth, truth[..., :2] + std * rng.normal(size=(runs, steps, 2))


def consistency() -> None:
    """The right model, one that trusts itself too much, one that trusts itself too little."""
    truth, z = walks(50, 60, 0.5, 0.5, 1)
    start = Gaussian(np.zeros((50, 4)), np.tile(np.eye(4), (50, 1, 1)))
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), constrained_layout=True)
    models = {"too sure of its motion": (0.1, 0.5), "right": (0.5, 0.5), "too unsure of its sensor": (0.5, 0.9)}
    for name, (density, std) in models.items():
        motion = ConstantVelocity(acceleration_density=density)
        found = filter_sequence(KalmanFilter(motion), start, z, Position(std), 0.5)
        left.plot(nees(Gaussian(found.mean, found.cov), truth, motion.state).mean(0), label=name)
        colour = whiteness(found.innovation, found.innovation_cov)
        right.plot(np.arange(1, 11), colour.autocorrelation.mean(0), "o-", ms=3, label=name)
    left.axhspan(*chi_square_bounds(4, 50), color="0.85", label="95 %, 50 runs")
    left.set(xlabel="step", title="NEES, averaged over runs", yscale="log")
    right.axhspan(*(colour.bound.mean() / np.sqrt(50) * np.array([-1, 1])), color="0.85", label="95 %, 50 runs")
    right.set(xlabel="lag, steps", title="correlation of innovations")
    for ax in (left, right):
        ax.legend(fontsize=7)
    save(figure, "consistency")


def noise_fitting() -> None:
    """The log-likelihood of one log over both values, and the fit."""
    _, z = walks(1, 300, 0.3, 0.7, 2)
    start = Gaussian(np.zeros(4), np.eye(4))
    fit = fit_fields(ConstantVelocity(), Position(0.1), "acceleration_density std", z[0], start, dt=0.5)
    densities, stds = np.geomspace(0.1, 1.0, 31), np.geomspace(0.55, 0.9, 31)
    likelihood = [
        [
            filter_sequence(
                KalmanFilter(ConstantVelocity(acceleration_density=q)), start, z[0], Position(r), 0.5
            ).log_likelihood.sum()
            for q in densities
        ]
        for r in stds
    ]
    figure, ax = plt.subplots(figsize=(5, 3.6), constrained_layout=True)
    levels = fit.log_likelihood - np.array([20, 12, 8, 4.5, 2, 0.5])
    lines = ax.contour(densities, stds, np.array(likelihood), levels=levels, cmap="viridis")
    ax.clabel(lines, fmt=lambda level: f"{level - fit.log_likelihood:.1f}", fontsize=7)
    values, errors = list(fit.values.values()), list(fit.standard_errors.values())
    ax.errorbar(values[0], values[1], errors[1], errors[0], "o", color="C3", label="fit, one standard error")
    ax.plot(0.3, 0.7, "k*", ms=10, label="truth")
    ax.set(
        xscale="log", xlabel="acceleration density, m²/s³", ylabel="std, m", title="log-likelihood below its highest"
    )
    ax.set_xticks([0.1, 0.2, 0.5, 1.0], ["0.1", "0.2", "0.5", "1"])
    ax.minorticks_off()
    ax.legend(fontsize=7)
    save(figure, "noise_fitting")


def observer() -> None:
    """An engine's hidden inner temperature, by slow and fast poles."""
    noise = np.diag([0.002, 0.002])
    engine = LinearSystem("inner outer", [[-0.02, 0.02], [0.01, -0.03]], "heat", [[0.05], [0.0]], noise)
    sensor, rng, heat = LinearSensor("outer", [[0.0, 1.0]], [[0.05]]), np.random.default_rng(0), np.array([30.0])
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), constrained_layout=True)
    x, truth, readings = np.array([90.0, 40.0]), [], []
    for _ in range(120):
        x = engine.sample(x, heat, 2.0, rng)
        truth.append(x)
        readings.append(sensor.measure(x) + np.sqrt(0.05) * rng.normal(size=1))
    t = 2.0 * np.arange(1, 121)
    left.plot(t, np.array(truth)[:, 0], "k", lw=1, label="truth")
    for colour, (name, rates) in zip(
        ("C0", "C1"), {"slow": (-0.03, -0.035), "fast": (-0.15, -0.17)}.items(), strict=True
    ):
        one = LuenbergerObserver(engine, sensor, dt=2.0, rates=rates)
        belief = quiet = one.around(Gaussian(np.array([20.0, 20.0]), np.eye(2)))
        x, estimates, errors = np.array([90.0, 40.0]), [], []
        for z in readings:
            belief = one.update(one.predict(belief, heat, 2.0), z, sensor).belief
            x = engine.step(x, heat, 2.0)
            quiet = one.update(one.predict(quiet, heat, 2.0), sensor.measure(x), sensor).belief
            estimates.append(belief.mean[0])
            errors.append(abs(quiet.mean[0] - x[0]))
        left.plot(t, estimates, colour, label=f"{name}: {rates[0]} and {rates[1]} per second")
        right.semilogy(t, errors, colour, label=name)
        right.semilogy(t, errors[30] * np.exp(rates[0] * (t - t[30])), f"{colour}:", label=f"exp({rates[0]} t)")
    left.set(xlabel="s", ylabel="°C", title="inner temperature, by readings of the outer one")
    right.set(xlabel="s", ylabel="°C", title="error without noise", ylim=(1e-6, 300))
    for ax in (left, right):
        ax.legend(fontsize=7)
    save(figure, "luenberger_observer")


DRAWN: dict[str, Callable[[], None]] = {
    "consistency": consistency,
    "noise_fitting": noise_fitting,
    "observer": observer,
}


def main() -> None:
    for name in sys.argv[1:] or DRAWN:
        DRAWN[name]()


if __name__ == "__main__":
    main()
