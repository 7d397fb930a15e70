"""The smoothest trajectory through a corridor: a quadratic program whose answer cannot leave it between its samples."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from plansim.core.arrays import Array
from plansim.planning.trajectory.corridor_qp_kernels import smooth

_ROUNDS = 60  # of the interior-point method; a feasible problem takes 10 to 20


class CorridorProblem(NamedTuple):
    """Control points c (N + 2, d) of a uniform quadratic spline over N steps of dt, along each axis by itself.

    Acceleration is held over a step, so a point mass that plays it moves exactly along the spline:
    p_i = (c_i + c_i+1) / 2, v_i = (c_i+1 - c_i) / dt, a_i = (c_i+2 - 2 c_i+1 + c_i) / dt^2. Over step i it lies in the
    triangle p_i, c_i+1, p_i+1, hence in every convex set that holds the three. Jerk is the change of acceleration over
    dt. The cost is the sum of jerk^2 + effort acceleration^2 + hold |c - reference|^2.
    """

    dt: float
    start: Array  # (3, d) position, velocity, acceleration before the first step
    goal: Array  # (3, d) position, velocity, acceleration after the last step
    low: Array  # (N + 2, d) lowest control points; the first and the last two follow from the ends
    high: Array
    joints: Array  # (S,) int: the positions p_i that must lie in two boxes, with their bounds
    joint_low: Array  # (S, d)
    joint_high: Array
    limits: Array  # (3, d) greatest velocity, acceleration, jerk along each axis
    reference: Array  # (N + 2, d)
    effort: float = 0.02  # 1/s^2
    hold: float = 1e-3  # 1/s^6

    @property
    def unit(self) -> Array:
        """(d,) m: control points are counted in what the greatest jerk brings about in a step."""
        return self.limits[2] * self.dt**3


class CorridorSolution(NamedTuple):
    solved: bool  # False: infeasible, or not solved to the accuracy asked
    control_points: Array  # (N + 2, d)
    iterations: int

    def states(self, dt: float) -> Array:
        """Position and velocity at each of the N + 1 times, (N + 1, 2 d)."""
        c = self.control_points
        return np.concatenate(((c[:-1] + c[1:]) / 2, np.diff(c, axis=0) / dt), axis=-1)

    def accelerations(self, dt: float) -> Array:
        """Held over each step, (N, d)."""
        return np.diff(self.control_points, 2, axis=0) / dt**2


class CorridorSolver(Protocol):
    def solve(self, problem: CorridorProblem) -> CorridorSolution: ...


class InteriorPoint:
    """Solves a `CorridorProblem` by Mehrotra's method over banded matrices (Rao, Wright & Rawlings 1998), compiled.

    Of a point within all bounds it is certain: the answer is checked row by row.
    """

    def __init__(self, gap: float = 1e-3):
        self.gap = gap  # of the objective to the optimum, relative

    def solve(self, problem: CorridorProblem) -> CorridorSolution:
        points, rounds, solved = extended(problem), 0, True
        for axis in range(points.shape[1]):
            low, high = bounds(problem, axis)
            y = points[:, axis] / problem.unit[axis]
            weights = np.array([1.0, problem.effort * problem.dt**2, problem.hold * problem.dt**6])
            used = smooth(y, y.copy(), problem.joints + 1, low, high, weights, self.gap, _ROUNDS)
            points[:, axis] = y * problem.unit[axis]
            rounds, solved = rounds + abs(used), solved and used > 0
        return CorridorSolution(solved, points[1:-1], rounds)


def extended(problem: CorridorProblem) -> Array:
    """Control points (N + 4, d) with one more at each end, for the accelerations there; three at each end are fixed."""
    points = np.empty((len(problem.low) + 2, problem.low.shape[1]))
    points[1:-1] = problem.reference
    dt = problem.dt
    for ends, (p, v, a) in ((points[:3], problem.start), (points[::-1][:3], problem.goal * [[1], [-1], [1]])):
        ends[1], ends[2] = p - v * dt / 2, p + v * dt / 2
        ends[0] = 2 * ends[1] - ends[2] + a * dt * dt
    return points


def bounds(problem: CorridorProblem, axis: int) -> tuple[Array, Array]:
    """Lowest and highest values of all rows of an axis, in units: free control points, joints, differences 1 to 3."""
    unit, dt = problem.unit[axis], problem.dt
    count = len(problem.low) + 2
    velocity, acceleration, _ = problem.limits[:, axis] * [dt, dt**2, dt**3] / unit
    reach = np.repeat([velocity, acceleration, 1.0], [count - 5, count - 4, count - 3])
    low = (problem.low[2:-2, axis] / unit, problem.joint_low[:, axis] / unit, -reach)
    high = (problem.high[2:-2, axis] / unit, problem.joint_high[:, axis] / unit, reach)
    return np.concatenate(low), np.concatenate(high)
