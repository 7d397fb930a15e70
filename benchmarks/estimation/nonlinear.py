"""Extended and unscented Kalman filters of a car (state 4, measurement 2): plansim and filterpy, equal answers.

x, y, heading and speed of a car by a radar. filterpy's filters get plain Python functions of one state, and its
unscented filter those for angles that its documentation asks for; ours get the same functions in the rows "a user's
functions". Ours give the log-likelihood with every answer, filterpy's on demand: hence its two rows.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from math import atan2, cos, hypot, pi, sin, tan
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[threads] = "1"
sys.path.insert(0, str(Path(__file__).parent.parent.parent))

import numpy as np  # noqa: E402
from filterpy.kalman import ExtendedKalmanFilter as TheirExtended  # noqa: E402
from filterpy.kalman import MerweScaledSigmaPoints  # noqa: E402
from filterpy.kalman import UnscentedKalmanFilter as TheirUnscented  # noqa: E402

from benchmarks.record import record  # noqa: E402
from plansim.core.beliefs import Gaussian  # noqa: E402
from plansim.core.layout import layout  # noqa: E402
from plansim.estimation.kalman.extended import ExtendedKalmanFilter  # noqa: E402
from plansim.estimation.kalman.sequence import filter_sequence  # noqa: E402
from plansim.estimation.kalman.unscented import UnscentedKalmanFilter  # noqa: E402
from plansim.models.bicycle import Bicycle  # noqa: E402
from plansim.models.disturbed import Disturbed  # noqa: E402
from plansim.models.radar import Radar  # noqa: E402

STEPS, TRACKS, DT, U, WHEELBASE = 5000, 1000, 0.1, np.array([0.0, 0.05]), 2.5
MOTION = Disturbed(Bicycle(WHEELBASE, integrator="euler"), state_std=(0.1, 0.1, 0.02, 0.2))
SENSOR = Radar(range_std=1.0, bearing_std=0.01)
START = Gaussian(np.array([300.0, 350.0, 0.1, 5.0]), np.diag([4.0, 3.0, 0.02, 0.5]))
Q = np.array(MOTION.noise_cov(START.mean, U, DT))


def move(x, dt=DT):
    return np.array(
        [x[0] + dt * x[3] * cos(x[2]), x[1] + dt * x[3] * sin(x[2]), x[2] + dt * x[3] * tan(U[1]) / WHEELBASE, x[3]]
    )


def move_jacobian(x):
    c, s = DT * cos(x[2]), DT * sin(x[2])
    turn = DT * tan(U[1]) / WHEELBASE
    return np.array([[1, 0, -s * x[3], c], [0, 1, c * x[3], s], [0, 0, 1, turn], [0, 0, 0, 1.0]])


def read(x):
    return np.array([hypot(x[0], x[1]), atan2(x[1], x[0])])


def read_jacobian(x):
    squared = x[0] * x[0] + x[1] * x[1]
    r = squared**0.5
    return np.array([[x[0] / r, x[1] / r, 0.0, 0.0], [-x[1] / squared, x[0] / squared, 0.0, 0.0]])


def difference(angle: int):
    """Of two vectors with an angle at this place, for filterpy."""

    def subtract(a, b):
        d = a - b
        d[angle] = (d[angle] + pi) % (2 * pi) - pi
        return d

    return subtract


def mean(angle: int):
    """Of points with an angle at this place, for filterpy."""

    def average(points, weights):
        d = points - points[0]
        d[:, angle] = (d[:, angle] + pi) % (2 * pi) - pi
        return points[0] + weights @ d

    return average


class UsersMotion:
    """The same functions as a model; sigma points come as a batch, and go one by one."""

    state, control = MOTION.state, MOTION.control

    def step(self, x, u, dt):
        return move(x) if x.ndim == 1 else np.array([move(one) for one in x])

    def jacobian(self, x, u, dt):
        return move_jacobian(x)

    def noise_cov(self, x, u, dt):
        return Q


class UsersRadar:
    measurement, cov = layout("range bearing", angles="bearing"), np.array(SENSOR.cov)

    def measure(self, x):
        return read(x) if x.ndim == 1 else np.array([read(one) for one in x])

    def jacobian(self, x):
        return read_jacobian(x)


class TheirCar(TheirExtended):
    def predict_x(self, u=0):
        self.x = move(self.x)


def their_extended(z, likelihood=False):
    one, found, residual = TheirCar(dim_x=4, dim_z=2), [], difference(1)
    one.x, one.P, one.Q, one.R = START.mean.copy(), START.cov.copy(), Q, SENSOR.cov
    for row in z:
        one.F = move_jacobian(one.x)
        one.predict()
        one.update(row, read_jacobian, read, residual=residual)
        found.append((one.x, one.P, one.log_likelihood) if likelihood else (one.x, one.P))
    return found


def their_unscented(z, likelihood=False):
    points, found = MerweScaledSigmaPoints(4, 1.0, 2.0, 0.0), []
    angles = {"x_mean_fn": mean(2), "z_mean_fn": mean(1), "residual_x": difference(2), "residual_z": difference(1)}
    one = TheirUnscented(4, 2, DT, read, move, points, **angles)
    one.x, one.P, one.Q, one.R = START.mean.copy(), START.cov.copy(), Q, SENSOR.cov
    for row in z:
        one.predict()
        one.update(row)
        found.append((one.x, one.P, one.log_likelihood) if likelihood else (one.x, one.P))
    return found


def call_by_call(estimator, sensor):
    def run(z):
        belief, found = estimator.around(START), []
        for row in z:
            update = estimator.update(estimator.predict(belief, U, DT), row, sensor)
            belief = update.belief
            found.append((*belief, update.log_likelihood))
        return found

    return run


def whole_log(estimator):
    def run(z):
        found = filter_sequence(estimator, START, z, SENSOR, DT, np.tile(U, (len(z), 1)))
        return found.mean, found.cov, found.log_likelihood

    return run


def many_at_once(estimator):
    """One step of many filters, from Python."""

    def run(z):
        many = np.tile(z[:, None], (1, TRACKS, 1))
        belief = Gaussian(np.tile(START.mean, (TRACKS, 1)), np.tile(START.cov, (TRACKS, 1, 1)))
        found = []
        for rows in many:
            update = estimator.update(estimator.predict(belief, U, DT), rows, SENSOR)
            belief = update.belief
            found.append((belief.mean[-1], belief.cov[-1], update.log_likelihood[-1]))
        return found

    return run


def microseconds(f, z, repeats: int) -> float:
    """Median time of a step."""
    f(z[:2])
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        f(z)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) / len(z) * 1e6


def agree(found, expected) -> float:
    """The largest difference of means, covariances and log-likelihoods."""
    ours = found if isinstance(found, tuple) else [np.array(column) for column in zip(*found, strict=True)]
    theirs = [np.array(column)[: len(ours[0])] for column in zip(*expected, strict=True)]
    gaps = [MOTION.state.difference(ours[0], theirs[0]), *(a - b for a, b in zip(ours[1:], theirs[1:], strict=True))]
    return max(float(np.abs(gap).max()) for gap in gaps)


def log(count: int) -> np.ndarray:
    rng, x, z = np.random.default_rng(0), START.mean, []
    for _ in range(count):
        x = MOTION.state.wrap(move(x))
        z.append(read(x) + rng.normal(size=2) * [1.0, 0.01])
    return np.array(z)


def main() -> None:
    z, rows = log(STEPS), []
    short = z[:500]
    for name, peer, make in (
        ("extended", their_extended, ExtendedKalmanFilter),
        ("unscented", their_unscented, UnscentedKalmanFilter),
    ):
        ours, users = make(MOTION), make(UsersMotion())
        forms = {
            "call by call": (call_by_call(ours, SENSOR), short),
            "a user's functions, call by call": (call_by_call(users, UsersRadar()), short),
            f"{TRACKS:,} filters at once, a step of one": (many_at_once(ours), short[:20]),
            "a whole log": (whole_log(ours), z),
        }
        expected = peer(z, likelihood=True)
        base, full = microseconds(peer, short, 7), microseconds(partial(peer, likelihood=True), short, 5)
        rows.append({"filter": name, "form": "filterpy", "µs a step": base})
        rows.append({"filter": name, "form": "filterpy, with its log-likelihood", "µs a step": full})
        for form, (run, given) in forms.items():
            gap = agree(run(given), expected)
            assert gap < 1e-9, (name, form, gap)
            took = microseconds(run, given, 7) / (TRACKS if "at once" in form else 1)
            ratios = {"filterpy is slower": f"{base / took:.1f} x", "with likelihood": f"{full / took:.1f} x"}
            rows.append({"filter": name, "form": form, "µs a step": took, **ratios, "difference": f"{gap:.0e}"})
    note = (
        f"{len(z)} steps; the difference is the largest one of means, covariances and log-likelihoods from filterpy's."
    )
    record("Extended and unscented Kalman filters", "python benchmarks/estimation/nonlinear.py", rows, note)


if __name__ == "__main__":
    main()
