"""Draws the pictures of docs/estimators.

python benchmarks/estimation/estimator_pictures.py            # all of them
python benchmarks/estimation/estimator_pictures.py imm        # those named
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import matplotlib
import numpy as np

from plansim.core.beliefs import Gaussian
from plansim.core.layout import layout
from plansim.estimation import (
    DeadReckoning,
    ExtendedKalmanFilter,
    FixedLagSmoother,
    InteractingMultipleModel,
    KalmanFilter,
    RauchTungStriebel,
    UnscentedKalmanFilter,
    filter_sequence,
)
from plansim.estimation.kalman.sigma_points import ScaledPoints, root, unscented_transform
from plansim.models.kinematic import ConstantVelocity, CoordinatedTurn
from plansim.models.linear_sensor import LinearSensor
from plansim.models.odometry import WheelOdometry
from plansim.models.position import Position
from plansim.models.range_bearing import RangeBearing

matplotlib.use("agg")
import matplotlib.pyplot as plt

PICTURES = Path(__file__).parents[2] / "docs/pictures"


def save(figure, name: str) -> None:
    figure.savefig(PICTURES / f"{name}.png", dpi=110)
    plt.close(figure)


def imm() -> None:
    """An aircraft that turns twice: its path, the modes' probabilities, the error beside each model's alone."""
    rng, x, truth = np.random.default_rng(4), np.array([0.0, 0.0, 120.0, 0.0, 0.0]), []
    calm, turn = ConstantVelocity(acceleration_density=0.1), CoordinatedTurn(1.0, 1e-3)
    rates = np.zeros(150)
    rates[40:60], rates[95:120] = 0.08, -0.1
    for rate in rates:
        x = CoordinatedTurn(0.05, 1e-12).sample(np.append(x[:4], rate), None, 1.0, rng)
        truth.append(x)
    truth = np.array(truth)
    z, sensor = truth[:, :2] + rng.normal(0, 30.0, (150, 2)), Position(30.0)
    start = Gaussian(np.array([0.0, 0.0, 120.0, 0.0]), np.diag([100.0, 100.0, 20.0, 20.0]) ** 2)
    filters = KalmanFilter(calm), UnscentedKalmanFilter(turn)
    mixture = InteractingMultipleModel(filters, [[0.97, 0.03], [0.05, 0.95]], own_std={"turn_rate": 0.05})
    wide = Gaussian(np.append(start.mean, 0.0), np.diag([100.0, 100.0, 20.0, 20.0, 0.05]) ** 2)
    found = filter_sequence(mixture, start, z, sensor, 1.0)
    alone = {
        "straight alone": filter_sequence(
            KalmanFilter(ConstantVelocity(acceleration_density=100.0)), start, z, sensor, 1.0
        ),
        "turning alone": filter_sequence(UnscentedKalmanFilter(CoordinatedTurn(20.0, 3e-4)), wide, z, sensor, 1.0),
        "both, mixed": found,
    }
    figure, (path, modes, errors) = plt.subplots(1, 3, figsize=(12, 3.2), constrained_layout=True)
    path.plot(*z.T / 1e3, ".", ms=3, color="0.7", label="readings")
    path.plot(*found.mean[:, :2].T / 1e3, label="estimate")
    path.set(xlabel="x, km", ylabel="y, km", aspect="equal")
    modes.stackplot(np.arange(150), np.exp(found.log_weights).T, labels=["straight", "turning"], alpha=0.7)
    modes.step(np.arange(150), (rates == 0).astype(float), "k", lw=1, label="truth")
    modes.set(xlabel="s", ylim=(0, 1), title="probability of each mode")
    for name, one in alone.items():
        errors.plot(
            np.convolve(np.linalg.norm(one.mean[:, 2:4] - truth[:, 2:4], axis=-1), np.ones(7) / 7, "same"), label=name
        )
    errors.set(xlabel="s", ylabel="m/s", title="error of the velocity")
    for ax in (path, modes, errors):
        ax.legend(fontsize=7)
    save(figure, "imm")


def smoothing() -> None:
    """A walk whose readings stop for a while: what the filter knew, and what the smoother knows."""
    motion, rng, x, truth = ConstantVelocity(1, 0.3), np.random.default_rng(1), np.zeros(2), []
    for _ in range(80):
        x = motion.sample(x, None, 0.5, rng)
        truth.append(x[0])
    z = np.array(truth)[:, None] + rng.normal(0, 1.0, (80, 1))
    z[30:50] = np.nan

    sensor, t = LinearSensor("x", [[1.0, 0.0]], [[1.0]]), 0.5 * np.arange(80)
    filtered = filter_sequence(KalmanFilter(motion), Gaussian(np.zeros(2), np.eye(2)), z, sensor, 0.5)
    smoothed = RauchTungStriebel(motion).smooth(filtered, 0.5)
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.2), sharey=True, constrained_layout=True)
    for ax, (name, one) in zip(axes, {"filtered": filtered, "smoothed": smoothed}.items(), strict=True):
        mean, std = one.mean[:, 0], np.sqrt(one.cov[:, 0, 0])
        ax.fill_between(t, mean - 2 * std, mean + 2 * std, alpha=0.25, lw=0, label="2 standard deviations")
        ax.plot(t, mean, label=name)
        ax.plot(t, truth, "k", lw=1, label="truth")
        ax.plot(t, z, ".", ms=3, color="0.5", label="readings")
        ax.set(xlabel="s", title=name)
        ax.legend(fontsize=7)
    save(figure, "smoothing")


def fixed_lag() -> None:
    """How much a wait of a few steps is worth."""
    motion, sensor, rng = ConstantVelocity(acceleration_density=0.1), Position(1.0), np.random.default_rng(2)
    x, truth = np.zeros((200, 4)), []
    for _ in range(40):
        x = motion.sample(x, None, 1.0, rng)
        truth.append(x)
    truth = np.stack(truth, 1)
    z = truth[..., :2] + rng.normal(0, 1.0, (200, 40, 2))
    smoother, errors = FixedLagSmoother(KalmanFilter(motion), lag=12), np.zeros((13, 4))
    belief = smoother.around(Gaussian(np.zeros((200, 4)), np.tile(np.eye(4), (200, 1, 1))))
    for t in range(40):
        belief = smoother.update(smoother.predict(belief, None, 1.0), z[:, t], sensor).belief
    window = smoother.smoothed(belief).mean
    errors = np.sqrt(np.square(window - truth[:, 40 - 13 :]).mean(0))[::-1]
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), constrained_layout=True)
    for ax, name, columns in zip(axes, ("position, m", "velocity, m/s"), (slice(0, 2), slice(2, 4)), strict=True):
        ax.plot(np.sqrt(np.square(errors[:, columns]).mean(-1)), "o-", ms=3)
        ax.set(xlabel="lag, steps", title=f"error of the {name}", ylim=(0, None))
    save(figure, "fixed_lag")


def dead_reckoning() -> None:
    """A loop driven by wheels alone, with a landmark, and smoothed; and how far wheels alone are off."""
    wheels, rng = WheelOdometry(0.05, 0.02, 0.02, 0.03), np.random.default_rng(5)
    increments, landmark = np.tile([0.3, 0.0, 2 * np.pi / 200], (40, 200, 1)), RangeBearing((0.0, 9.5), 0.1, 0.02)
    poses = [np.zeros((40, 3))]
    for t in range(200):
        poses.append(wheels.sample(poses[-1], increments[:, t], 0.1, rng))
    truth = np.stack(poses, 1)
    seen = landmark.measure(truth[:, 1:]) + rng.normal(0, 1, (40, 200, 2)) * [0.1, 0.02]
    seen = np.where((np.arange(200) % 40 == 39)[:, None], landmark.measurement.wrap(seen), np.nan)
    start = Gaussian(np.zeros((40, 3)), np.tile(1e-12 * np.eye(3), (40, 1, 1)))
    alone = DeadReckoning(wheels).track(start, increments, 0.1)
    filtered = filter_sequence(ExtendedKalmanFilter(wheels), start, seen, landmark, 0.1, increments)
    smoothed = RauchTungStriebel(wheels).smooth(filtered, 0.1, increments)
    figure, (path, drift) = plt.subplots(1, 2, figsize=(9, 3.6), constrained_layout=True)
    path.plot(*truth[0, :, :2].T, "k", lw=1, label="truth")
    path.plot(0.0, 9.5, "k*", label="landmark, seen every 12 m")
    metres = 0.3 * np.arange(1, 201)
    ways = {"wheels alone": alone.mean[:, 1:], "with the landmark": filtered.mean, "smoothed": smoothed.mean}
    for name, means in ways.items():
        path.plot(*means[0, :, :2].T, label=name)
        drift.plot(metres, np.sqrt(np.square(means - truth[:, 1:])[..., :2].sum(-1).mean(0)), label=name)
    drift.plot(
        metres, np.sqrt(np.trace(alone.cov[0, 1:, :2, :2], axis1=-2, axis2=-1)), "C0:", label="as it says itself"
    )
    path.set(aspect="equal", xlabel="x, m", ylabel="y, m")
    drift.set(xlabel="metres driven", ylabel="m", title="root mean square error of 40 drives")
    for ax in (path, drift):
        ax.legend(fontsize=7)
    save(figure, "dead_reckoning")


def polar_to_cartesian() -> None:
    """A range and a bearing become a point: what a linearisation, sigma points and the truth say of it."""
    polar = Gaussian(np.array([1.0, np.pi / 2]), np.diag([0.02**2, np.radians(15.0) ** 2]))

    def cartesian(x):
        return np.stack([x[..., 0] * np.cos(x[..., 1]), x[..., 0] * np.sin(x[..., 1])], -1)

    rule, plane = ScaledPoints(), layout("x y")
    J = np.array([[0.0, -1.0], [1.0, 0.0]])  # of the map, at the mean
    draws = cartesian(np.random.default_rng(0).multivariate_normal(*polar, 20_000))
    ways = {
        "linearised": Gaussian(cartesian(polar.mean), J @ polar.cov @ J.T),
        "unscented": unscented_transform(polar, cartesian, plane, rule),
        "exact": Gaussian(draws.mean(0), np.cov(draws.T)),
    }
    figure, ax = plt.subplots(figsize=(6.5, 3.4), constrained_layout=True)
    ax.plot(*draws[:3000].T, ".", ms=1.5, color="0.8")
    circle = np.stack([np.cos(np.linspace(0, 2 * np.pi, 200)), np.sin(np.linspace(0, 2 * np.pi, 200))])
    for (name, (mean, cov)), style in zip(ways.items(), ("C3-", "C0-", "k--"), strict=True):
        ax.plot(*(mean[:, None] + np.linalg.cholesky(cov) @ circle), style, lw=1.5, label=name)
        ax.plot(*mean, style[:2] + "+", ms=10)
    unit = rule.unit(2)
    ax.plot(*cartesian(polar.mean + unit.offsets @ root(polar.cov).T).T, "C0o", ms=4, label="sigma points")
    ax.set(xlabel="x, m", ylabel="y, m", title="r = 1 m ± 0.02, θ = 90° ± 15°: mean and one standard deviation")
    ax.legend(fontsize=8)
    save(figure, "polar_to_cartesian")


DRAWN: dict[str, Callable[[], None]] = {
    "polar_to_cartesian": polar_to_cartesian,
    "imm": imm,
    "smoothing": smoothing,
    "fixed_lag": fixed_lag,
    "dead_reckoning": dead_reckoning,
}


def main() -> None:
    for name in sys.argv[1:] or DRAWN:
        DRAWN[name]()


if __name__ == "__main__":
    main()
