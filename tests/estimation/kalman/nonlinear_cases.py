"""Systems that the tests of nonlinear filters share."""

from __future__ import annotations

import numpy as np

from plansim.core.beliefs import Gaussian
from plansim.core.layout import layout
from plansim.estimation.kalman.cubature import CubatureKalmanFilter
from plansim.estimation.kalman.ensemble import EnsembleKalmanFilter
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.iterated import IteratedExtendedKalmanFilter
from plansim.estimation.kalman.sigma_points import JulierPoints, ScaledPoints, SimplexPoints
from plansim.estimation.kalman.square_root_unscented import SquareRootUnscentedKalmanFilter
from plansim.estimation.kalman.unscented import UnscentedKalmanFilter
from plansim.models.kinematic import ConstantVelocity

EXACT = {  # those that are the Kalman filter on a linear system
    "extended": ExtendedKalmanFilter,
    "iterated": IteratedExtendedKalmanFilter,
    "iterated once": lambda motion: IteratedExtendedKalmanFilter(motion, iterations=1),
    "unscented": UnscentedKalmanFilter,
    "unscented, negative weight": lambda motion: UnscentedKalmanFilter(motion, ScaledPoints(0.5, 2.0, 0.0)),
    "Julier's": lambda motion: UnscentedKalmanFilter(motion, JulierPoints()),
    "simplex": lambda motion: UnscentedKalmanFilter(motion, SimplexPoints(0.2)),
    "square root": SquareRootUnscentedKalmanFilter,
    "square root, negative weight": lambda motion: SquareRootUnscentedKalmanFilter(motion, ScaledPoints(0.5, 2.0, 0.0)),
    "square root, simplex": lambda motion: SquareRootUnscentedKalmanFilter(motion, SimplexPoints()),
    "cubature": CubatureKalmanFilter,
}
ALL = EXACT | {"ensemble": lambda motion: EnsembleKalmanFilter(motion, members=400)}

START = Gaussian(np.array([30.0, 40.0, 1.0, -0.5]), np.diag([4.0, 3.0, 0.2, 0.5]))


class PlainMotion:
    """Constant velocity as a user writes it: no equations, no Jacobian."""

    state, control = layout("x y vx vy"), layout("")

    def step(self, x, u, dt):
        return np.stack([x[..., 0] + dt * x[..., 2], x[..., 1] + dt * x[..., 3], x[..., 2], x[..., 3]], -1)

    def noise_cov(self, x, u, dt):
        return ConstantVelocity().noise_cov(None, None, dt)


class PlainRadar:
    """Range and bearing as a user writes them."""

    measurement, cov = layout("range bearing", angles="bearing"), np.diag([1.0, 1e-4])

    def measure(self, x):
        return np.stack([np.hypot(x[..., 0], x[..., 1]), np.arctan2(x[..., 1], x[..., 0])], -1)


def radar_log(count: int, seed: int = 0, motion=None, sensor=None, dt: float = 0.5):
    """True states (count, 4) and readings (count, 2) of a target that flies by."""
    from plansim.models.radar import Radar

    motion, sensor, rng = motion or ConstantVelocity(), sensor or Radar(), np.random.default_rng(seed)
    x, states, readings = START.mean, [], []
    for _ in range(count):
        x = motion.sample(x, None, dt, rng)
        states.append(x)
        noise = rng.normal(size=len(sensor.measurement)) * np.sqrt(np.diagonal(sensor.cov))
        readings.append(sensor.measurement.add(sensor.measure(x), noise))
    return np.array(states), np.array(readings)
