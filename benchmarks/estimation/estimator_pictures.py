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
    CubatureKalmanFilter,
    DeadReckoning,
    EnsembleKalmanFilter,
    ExtendedKalmanFilter,
    FixedLagSmoother,
    Gated,
    InteractingMultipleModel,
    IteratedExtendedKalmanFilter,
    KalmanFilter,
    RauchTungStriebel,
    SquareRootKalmanFilter,
    SquareRootUnscentedKalmanFilter,
    TimedFilter,
    UnscentedKalmanFilter,
    filter_sequence,
)
from plansim.estimation.kalman.sigma_points import ScaledPoints, root, unscented_transform
from plansim.models.beacon import Beacon
from plansim.models.kinematic import ConstantVelocity, CoordinatedTurn
from plansim.models.linear_motion import LinearSystem
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


def sharp_sensor() -> None:
    """A place known roughly, a distance read sharply: the exact posterior, and what each filter makes of it."""
    prior = Gaussian(np.array([1.2, 0.6]), np.diag([0.8, 0.8]) ** 2)
    sensor, z = Beacon((0.0, 0.0), range_std=0.05), np.array([2.2])
    x, y = np.meshgrid(np.linspace(-0.8, 3.4, 500), np.linspace(-1.6, 2.8, 500))
    points = np.stack((x, y), -1)
    misfit = (np.hypot(x, y) - z[0]) / 0.05
    density = np.exp(-0.5 * (misfit**2 + (((points - prior.mean) / 0.8) ** 2).sum(-1)))
    still = LinearSystem("x y", np.zeros((2, 2)), noise_density=1e-9 * np.eye(2))
    filters = {
        "extended": ExtendedKalmanFilter(still),
        "iterated": IteratedExtendedKalmanFilter(still),
        "unscented": UnscentedKalmanFilter(still),
        "square-root unscented": SquareRootUnscentedKalmanFilter(still),
        "cubature": CubatureKalmanFilter(still),
        "ensemble, 200": EnsembleKalmanFilter(still, members=200),
    }
    figure, axes = plt.subplots(2, 3, figsize=(8.4, 5.6), sharex=True, sharey=True, constrained_layout=True)
    for ax, (name, estimator) in zip(axes.flat, filters.items(), strict=True):
        rng = np.random.default_rng(0)
        mean, cov = estimator.update(estimator.around(prior, rng), z, sensor, rng).belief.gaussian(still.state)
        ax.contourf(x, y, density, levels=6, cmap="Greys")
        ax.plot(*ring(prior), "C2:", lw=1.2, label="before")
        ax.plot(*ring(Gaussian(mean, cov)), "C3-", lw=1.6, label="after")
        ax.plot(*mean, "C3+", ms=10)
        ax.set(title=name, aspect="equal")
    axes[0, 0].legend(fontsize=8, loc="lower left")
    save(figure, "sharp_sensor")


def ring(belief: Gaussian, radius: float = 2.0) -> np.ndarray:
    """Points (2, 200) of the ellipse of so many standard deviations."""
    angle = np.linspace(0, 2 * np.pi, 200)
    return belief.mean[:, None] + radius * np.linalg.cholesky(belief.cov) @ np.stack((np.cos(angle), np.sin(angle)))


def late() -> None:
    """A camera that sees well and answers late: left out, taken for new, or inserted where it belongs."""
    motion, delay = ConstantVelocity(dimension=1, acceleration_density=2.0), 0.8
    often, camera = (LinearSensor("x", [[1.0, 0.0]], [[std**2]]) for std in (1.5, 0.1))
    rng, x, truth = np.random.default_rng(2), np.array([0.0, 3.0]), []
    ways = {"left out": [], "taken for new": [], "inserted": []}
    start = Gaussian(np.array([0.0, 0.0]), np.diag([9.0, 9.0]))
    estimator = KalmanFilter(motion)
    plain = {name: start for name in ("left out", "taken for new")}
    timed = TimedFilter(estimator, {"often": often, "camera": camera}, start, time=0.0, horizon=2.0)
    pending: list[tuple[float, np.ndarray]] = []
    for k in range(1, 121):
        now, x = 0.1 * k, motion.sample(x, None, 0.1, rng)
        truth.append(x)
        reading = often.measure(x) + rng.normal(0, 1.5, 1)
        plain = {
            name: estimator.update(estimator.predict(b, None, 0.1), reading, often).belief for name, b in plain.items()
        }
        timed.observe(now, reading, "often")
        if k % 5 == 0:
            pending.append((now, camera.measure(x) + rng.normal(0, 0.1, 1)))
        while pending and pending[0][0] <= now - delay:
            then, seen = pending.pop(0)
            plain["taken for new"] = estimator.update(plain["taken for new"], seen, camera).belief
            timed.observe(then, seen, "camera")
        for name, belief in {**plain, "inserted": timed.estimate(now)}.items():
            ways[name].append(belief.mean[0])
    t, truth = 0.1 * np.arange(1, 121), np.array(truth)
    figure, ax = plt.subplots(figsize=(7.5, 3.2), constrained_layout=True)
    for (name, places), style in zip(ways.items(), ("C7-", "C3-", "C0-"), strict=True):
        error = np.array(places) - truth[:, 0]
        ax.plot(t, error, style, lw=1.4, label=f"{name}: {np.sqrt((error**2).mean()):.2f} m")
    ax.axhline(0, color="k", lw=0.6)
    ax.set(xlabel="time (s)", ylabel="error of the position (m)", title="a sharp reading that is 0.8 s late")
    ax.legend(fontsize=8)
    save(figure, "late")


def kalman_bells() -> None:
    """One update as bells, and a position that is followed through a gap in the readings."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", width_ratios=[1, 1.3])
    motion, sensor = ConstantVelocity(1, 0.05), LinearSensor("x", [[1.0, 0.0]], [[0.6**2]])
    estimator, x = KalmanFilter(motion), np.linspace(-3, 5, 400)
    prior = Gaussian(np.array([0.0, 1.0]), np.array([[1.0, 0.3], [0.3, 0.4]]))
    posterior = estimator.update(prior, np.array([2.0]), sensor).belief
    bells = {
        "prior": (prior.mean[0], prior.cov[0, 0], "tab:blue"),
        "measurement": (2.0, sensor.cov[0, 0], "tab:orange"),
        "posterior": (posterior.mean[0], posterior.cov[0, 0], "tab:green"),
    }
    for name, (mean, variance, colour) in bells.items():
        bell = np.exp(-0.5 * (x - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)
        left.plot(x, bell, color=colour, label=f"{name}, std {np.sqrt(variance):.2f} m")
        left.fill_between(x, bell, color=colour, alpha=0.15)
    left.set(xlabel="position (m)", ylabel="density (1/m)", title="the posterior is their product")
    left.legend(fontsize=8)
    rng, t = np.random.default_rng(2), np.arange(1, 41)
    truth = np.sin(t / 8) * 6 + 0.3 * t
    z = truth[:, None] + rng.normal(0, 0.6, (40, 1))
    z[18:27] = np.nan
    found = filter_sequence(estimator, Gaussian(np.zeros(2), np.eye(2)), z, sensor, 1.0)
    wide = 2 * np.sqrt(found.cov[:, 0, 0])
    mean = found.mean[:, 0]
    right.fill_between(t, mean - wide, mean + wide, color="tab:green", alpha=0.25, label="±2 std")
    right.plot(t, mean, color="tab:green", label="estimate")
    right.plot(t, truth, "k--", lw=1, label="truth")
    right.plot(t, z[:, 0], ".", color="tab:orange", label="readings")
    right.set(xlabel="time (s)", ylabel="position (m)", title="without readings it knows less and less")
    right.legend(fontsize=8)
    save(figure, "kalman_bells")


def steady_state() -> None:
    """The gain of a random walk's filter: from whatever start to the golden ratio, and how soon."""
    walk = LinearSystem("x", [[0.0]], noise_density=[[1.0]])
    sensor, estimator = LinearSensor("x", [[1.0]], [[1.0]]), KalmanFilter(walk)
    figure, ax = plt.subplots(figsize=(6.0, 3.0), constrained_layout=True)
    for variance, style in ((100.0, "C0o-"), (1.0, "C1o-"), (0.01, "C2o-")):
        belief, gains = Gaussian(np.zeros(1), np.array([[variance]])), []
        for _ in range(8):
            belief = estimator.predict(belief, None, 1.0)
            gains.append(belief.cov[0, 0] / (belief.cov[0, 0] + 1.0))
            belief = estimator.update(belief, np.zeros(1), sensor).belief
        ax.plot(np.arange(1, 9), gains, style, ms=4, label=f"variance at the start {variance:g}")
    ax.axhline((np.sqrt(5) - 1) / 2, color="k", ls=":", label="steady state, 0.618034")
    ax.set(xlabel="step", ylabel="gain")
    ax.legend(fontsize=8)
    save(figure, "steady_state")


def square_root() -> None:
    """The least variance that is left after many sharp readings: by the textbook's subtraction, and by roots."""
    motion, sensor = (
        ConstantVelocity(dimension=1, acceleration_density=1e-12),
        LinearSensor("x", [[1.0, 0.0]], [[1e-12]]),
    )
    F, H, R, Q = motion.transition(1.0), sensor.matrix, sensor.cov, motion.noise_cov(None, None, 1.0)
    start = Gaussian(np.zeros(2), 1e6 * np.eye(2))
    filters = {"roots": SquareRootKalmanFilter(motion), "Kalman filter": KalmanFilter(motion)}
    beliefs = {name: one.around(start) for name, one in filters.items()}
    textbook, least = start.cov, {name: [] for name in ("P - K H P", *filters)}
    for _ in range(12):
        textbook = F @ textbook @ F.T + Q
        textbook = textbook - textbook @ H.T @ np.linalg.solve(H @ textbook @ H.T + R, H @ textbook)
        least["P - K H P"].append(np.linalg.eigvalsh(textbook)[0])
        for name, one in filters.items():
            beliefs[name] = one.update(one.predict(beliefs[name], None, 1.0), np.zeros(1), sensor).belief
            least[name].append(np.linalg.eigvalsh(beliefs[name].gaussian(motion.state).cov)[0])
    figure, ax = plt.subplots(figsize=(6.5, 3.0), constrained_layout=True)
    for (name, values), style in zip(least.items(), ("C3.", "C0-", "C2--"), strict=True):
        ax.plot(values, style, label=name)
    ax.axhline(0, color="k", lw=0.6)
    ax.set_yscale("symlog", linthresh=1e-14)
    ax.set(
        xlabel="step", ylabel="least eigenvalue of the covariance", title="variance 10⁶ at the start, readings of 10⁻¹²"
    )
    ax.legend(fontsize=8)
    save(figure, "square_root")


def gating() -> None:
    """One reading in twelve is nonsense: a filter that believes it, and one that does not."""
    rng, motion, sensor = np.random.default_rng(1), ConstantVelocity(1, 0.05), LinearSensor("x", [[1.0, 0.0]], [[1.0]])
    x, truth, readings = np.array([0.0, 1.0]), [], []
    for k in range(80):
        x = motion.sample(x, None, 1.0, rng)
        truth.append(x[0])
        readings.append(x[:1] + (rng.normal(0, 1.0, 1) if k % 12 != 9 else rng.uniform(-60, 60, 1)))
    filters = {"all believed": KalmanFilter(motion), "gate of 99 %": Gated(KalmanFilter(motion), 0.99)}
    figure, ax = plt.subplots(figsize=(7.0, 3.2), constrained_layout=True)
    ax.plot(np.ravel(readings), "k.", ms=4, label="readings")
    ax.plot(truth, "k-", lw=0.8, label="truth")
    for (name, one), style in zip(filters.items(), ("C3-", "C0-"), strict=True):
        belief, places = one.around(Gaussian(np.array([0.0, 1.0]), np.eye(2))), []
        for z in readings:
            belief = one.update(one.predict(belief, None, 1.0), z, sensor).belief
            places.append(belief.mean[0])
        ax.plot(places, style, lw=1.4, label=f"{name}: {np.sqrt(np.mean((np.array(places) - truth) ** 2)):.2f} m")
    ax.set(xlabel="step", ylabel="position (m)")
    ax.legend(fontsize=8)
    save(figure, "gating")


DRAWN: dict[str, Callable[[], None]] = {
    "kalman_bells": kalman_bells,
    "polar_to_cartesian": polar_to_cartesian,
    "sharp_sensor": sharp_sensor,
    "steady_state": steady_state,
    "square_root": square_root,
    "gating": gating,
    "late": late,
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
