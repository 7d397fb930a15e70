"""Steps of one belief as functions of mean, covariance and what is new; None where they fail: batches say why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import asarray, empty

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.kalman import belief_entries
from plansim.estimation.kalman.belief_entries import WRONG
from plansim.estimation.kalman.deviation_steps import workspace
from plansim.estimation.kalman.equation_steps import Program
from plansim.estimation.kalman.gaussian_steps import turns

Predict = Callable[[Array, Array, Array | None], Gaussian | None]  # mean, cov, control
Correct = Callable[[Array, Array, Array], Update | None]  # mean, cov, measurement
new = tuple.__new__  # a NamedTuple without its constructor, which takes a tenth of a step


def predict_by_equations(program: Program, n: int, m: int, N: int) -> Predict:
    (kernel, table), square, work, no_control = program, (n, n), workspace(n, 0, m, N), np.zeros(m)
    compiled = belief_entries.predict_entry(kernel, n, m, work)

    def predict(x, P, u):
        mean, cov = empty(n), empty(square)
        try:
            failed = compiled(x, P, no_control if u is None else u, table, mean, cov, empty(work))
        except WRONG:
            return None
        return None if failed else new(Gaussian, (mean, cov))

    return predict


def correct_by_equations(program: Program, n: int, k: int, N: int) -> Correct:
    (kernel, table), square, measured_square, work = program, (n, n), (k, k), workspace(n, k, 0, N)
    compiled = belief_entries.correct_entry(kernel, n, k, work)

    def correct(x, P, z):
        mean, cov, v, S = empty(n), empty(square), empty(k), empty(measured_square)
        try:
            log_likelihood = compiled(z, x, P, table, mean, cov, v, S, empty(work))
        except WRONG:
            return None
        return _update(mean, cov, v, S, log_likelihood)

    return correct


def predict_by_functions(motion: Any, jacobian: Callable[..., Array], dt: float) -> Predict:
    """The motion is asked anew each time."""
    angles, n, step, noise_cov = turns(motion.state), len(motion.state), motion.step, motion.noise_cov
    square, work, compiled = (n, n), workspace(n), belief_entries.propagate_entry()
    m = len(motion.control)
    none = np.zeros(m) if m else None

    def predict(x, P, u):
        if u is None or not m:
            u = none
        elif type(u) is not np.ndarray or u.shape != (m,):
            return None
        mean, cov = empty(n), empty(square)
        try:
            value, F, Q = step(x, u, dt), asarray(jacobian(x, u, dt), float), asarray(noise_cov(x, u, dt), float)
            failed = compiled(value, F, P, Q, angles, mean, cov, empty(work))
        except WRONG:
            return None
        return None if failed else new(Gaussian, (mean, cov))

    return predict


def correct_by_functions(sensor: Any, jacobian: Callable[[Array], Array], state: Layout) -> Correct:
    """The sensor is asked anew each time."""
    angles, measured_angles = turns(state), turns(sensor.measurement)
    n, k = len(angles), len(measured_angles)
    square, measured_square, work = (n, n), (k, k), workspace(n, k)
    compiled = belief_entries.correct_linear_entry()

    def correct(x, P, z):
        mean, cov, v, S = empty(n), empty(square), empty(k), empty(measured_square)
        try:
            expected, H, R = sensor.measure(x), asarray(jacobian(x), float), asarray(sensor.cov, float)
            log_likelihood = compiled(z, expected, H, R, x, P, angles, measured_angles, mean, cov, v, S, empty(work))
        except WRONG:
            return None
        return _update(mean, cov, v, S, log_likelihood)

    return correct


def _update(mean: Array, cov: Array, v: Array, S: Array, log_likelihood: float) -> Update | None:
    if log_likelihood != log_likelihood:  # NaN: there is no answer
        return None
    return new(Update, (new(Gaussian, (mean, cov)), v, S, log_likelihood))
