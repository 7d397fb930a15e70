"""What models say, found once and remembered, so that a call for one belief is compiled code and little else."""

from __future__ import annotations

import functools
from typing import Any

from numpy import ndarray

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.estimation.base import Update
from plansim.estimation.kalman.belief_steps import (
    Correct,
    Predict,
    correct_by_equations,
    correct_by_functions,
    predict_by_equations,
    predict_by_functions,
)
from plansim.estimation.kalman.equation_steps import motion_program, sensor_program
from plansim.estimation.kalman.gaussian_steps import check_dt
from plansim.estimation.kalman.jacobians import Derivative, chosen, motion_jacobian, sensor_jacobian
from plansim.estimation.kalman.sigma_points import SigmaPoints, UnitPoints
from plansim.models.linearisation import compiled_motion, compiled_sensor

REMEMBERED = 256  # dts, and sensors


class SingleSteps:
    """The steps of a filter by derivatives, or by sigma points where there are some, for one belief.

    None for batches and for what cannot be compiled, and where a step fails: the steps of batches then say why. The
    equations of a frozen model, and their parameters for a dt, are asked for once.
    """

    def __init__(self, motion: Any, points: SigmaPoints | None = None, jacobian: Derivative = "auto") -> None:
        self.motion, self.points, self.jacobian = motion, points, jacobian
        self.predicts: dict[float, tuple[Any, Predict]] = {}
        self.corrects: dict[int, tuple[Any, Correct]] = {}  # by the id of a sensor that is in the value, and so remains

    def __reduce__(self) -> tuple:
        return SingleSteps, (self.motion, self.points, self.jacobian)  # a copy finds its own

    def predict(self, belief: Gaussian, control: Array | None, dt: float) -> Gaussian | None:
        x, P = belief
        if type(x) is not ndarray or x.ndim != 1:
            return None
        try:
            _, predict = self.predicts[dt]
        except (KeyError, TypeError):  # a dt may be an array of one number
            predict = self._predict(dt)
        return predict(x, P, control)

    def update(self, belief: Gaussian, measurement: Array, sensor: Any) -> Update | None:
        x, P = belief
        if type(x) is not ndarray or x.ndim != 1:
            return None
        try:
            _, correct = self.corrects[id(sensor)]
        except KeyError:
            correct = self._correct(sensor)
        return correct(x, P, measurement)

    def _predict(self, dt: float) -> Predict:
        check_dt(dt)
        motion, how, dt = self.motion, self.jacobian, float(dt)
        if how == "auto" and compiled_motion(motion) is not None:
            program = motion_program(motion, self._unit, dt)
            if program is None:
                return _never
            predict = predict_by_equations(program, len(motion.state), len(motion.control), _count(self._unit))
            return _remembered(self.predicts, dt, motion, predict) if _frozen(motion) else predict
        if self.points is not None:
            return _remembered(self.predicts, dt, motion, _never)
        derivative = functools.partial(motion_jacobian, motion, how=how)
        if chosen(motion, how) == "analytic":
            derivative = motion.jacobian
        return _remembered(self.predicts, dt, motion, predict_by_functions(motion, derivative, dt))

    def _correct(self, sensor: Any) -> Correct:
        state, how = self.motion.state, self.jacobian
        if how == "auto" and compiled_sensor(sensor, len(state)) is not None:
            program = sensor_program(sensor, self._unit, state)
            if program is None:
                return _never
            correct = correct_by_equations(program, len(state), len(sensor.measurement), _count(self._unit))
            return _remembered(self.corrects, id(sensor), sensor, correct) if _frozen(sensor) else correct
        if self.points is not None:
            return _remembered(self.corrects, id(sensor), sensor, _never)
        derivative = functools.partial(sensor_jacobian, sensor, how=how)
        if chosen(sensor, how) == "analytic":
            derivative = sensor.jacobian
        return _remembered(self.corrects, id(sensor), sensor, correct_by_functions(sensor, derivative, state))

    @functools.cached_property
    def _unit(self) -> UnitPoints | None:
        return None if self.points is None else self.points.unit(len(self.motion.state))


def _never(*_: Any) -> None:
    """There is no compiled step."""


def _count(unit: UnitPoints | None) -> int:
    return 0 if unit is None else len(unit.offsets)


def _frozen(model: Any) -> bool:
    parameters = getattr(model, "__dataclass_params__", None)
    return parameters is not None and parameters.frozen


def _remembered(steps: dict, key: Any, model: Any, step: Any) -> Any:
    if len(steps) >= REMEMBERED:
        steps.clear()
    steps[key] = model, step
    return step
