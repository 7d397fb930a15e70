"""Corridor problems solved by OSQP, its workspace kept from one problem to the next of the same size."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import require
from plansim.planning.trajectory.corridor_qp import CorridorProblem, CorridorSolution, bounds, extended


class Osqp:
    """Solves a `CorridorProblem` by operator splitting (Stellato et al. 2020): a second opinion on `InteriorPoint`.

    What is set up once: the matrices, scaled and factorised, for a number of steps and weights; later problems change
    bounds and the linear cost only. The answer fulfils its bounds to `accuracy` at best, and is refused beyond
    `tolerance`, in metres: it may touch a wall by that much. Needs `pip install "plansim[osqp]"`.
    """

    def __init__(self, accuracy: float = 1e-5, tolerance: float = 1e-3):
        self.accuracy, self.tolerance = accuracy, tolerance
        self._workspaces: dict[tuple, tuple] = {}

    def solve(self, problem: CorridorProblem) -> CorridorSolution:
        points, rounds, solved = extended(problem), 0, True
        for axis in range(points.shape[1]):
            y = points[:, axis] / problem.unit[axis]
            answer, used, right = self._solve_axis(problem, axis, y)
            points[3:-3, axis] = answer * problem.unit[axis]
            rounds, solved = rounds + used, solved and right
        return CorridorSolution(solved, points[1:-1], rounds)

    def _solve_axis(self, problem: CorridorProblem, axis: int, y: Array) -> tuple[Array, int, bool]:
        weights = (1.0, problem.effort * problem.dt**2, problem.hold * problem.dt**6)
        solver, P, A = self._workspace(len(y), weights)
        fixed = np.where(np.arange(len(y)) % (len(y) - 3) < 3, y, 0.0)
        low, high = rows_of(problem, axis)
        shift = A @ fixed
        linear = (P @ fixed - weights[2] * y)[3:-3]
        solver.update(q=linear, l=low - shift, u=high - shift)
        result = solver.solve(raise_error=False)
        found = result.info.status == "solved"
        full = fixed.copy()
        full[3:-3] = result.x if found else y[3:-3]
        out = np.maximum(A @ full - high, low - A @ full).max() * problem.unit[axis]
        return full[3:-3], int(result.info.iter), bool(found and out <= self.tolerance)

    def _workspace(self, count: int, weights: tuple[float, ...]):
        key = (count, *weights)
        if key not in self._workspaces:
            osqp = require("osqp", extra="osqp")
            from scipy.sparse import csc_matrix

            P, A = matrices(count, weights)
            solver = osqp.OSQP()
            free = slice(3, count - 3)
            wide = np.full(A.shape[0], np.inf)
            solver.setup(
                csc_matrix(P[free, free]), np.zeros(count - 6), csc_matrix(A[:, free]), -wide, wide,
                eps_abs=self.accuracy, eps_rel=self.accuracy, max_iter=20000, verbose=False,
            )  # fmt: skip
            self._workspaces[key] = (solver, P, A)
        return self._workspaces[key]


def matrices(count: int, weights: tuple[float, ...]):
    """P and A of `corridor_qp_kernels` over all unknowns, sparse, with a row for every joint there may be."""
    from scipy.sparse import eye_array, vstack

    one = eye_array(count, format="csr")
    d1 = one[1:] - one[:-1]
    d2 = d1[1:] - d1[:-1]
    d3 = d2[1:] - d2[:-1]
    P = weights[0] * d3.T @ d3 + weights[1] * d2.T @ d2 + weights[2] * one
    return P.tocsc(), vstack((one[3:-3], (one[1:] + one[:-1]) / 2, d1[2:-2], d2[1:-1], d3)).tocsc()


def rows_of(problem: CorridorProblem, axis: int) -> tuple[Array, Array]:
    """`bounds`, with rows that say nothing for the joints that are none."""
    low, high = bounds(problem, axis)
    free, joints = len(problem.low) - 4, len(problem.joints)
    every = len(problem.low) + 1
    out = []
    for values, nothing in ((low, -np.inf), (high, np.inf)):
        between = np.full(every, nothing)
        between[problem.joints + 1] = values[free : free + joints]
        out.append(np.concatenate((values[:free], between, values[free + joints :])))
    return out[0], out[1]
