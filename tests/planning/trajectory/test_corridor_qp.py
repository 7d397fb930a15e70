"""The corridor's quadratic program: never outside, within its limits, and as good as a second opinion."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.trajectory import resample
from plansim.planning.trajectory.corridor import safe_corridor
from plansim.planning.trajectory.corridor_osqp import Osqp, matrices, rows_of
from plansim.planning.trajectory.corridor_qp import CorridorProblem, InteriorPoint, bounds, extended
from plansim.planning.trajectory.corridor_qp_kernels import add_transposed, apply
from plansim.planning.trajectory.corridor_timing import corridor_problem
from plansim.planning.trajectory.shortcut import shortcut
from tests.planning.trajectory.worlds import paths

LIMITS = np.array([1.5, 1.0, 2.0])


def problems(count, dt=0.1, stretch=1.2, seed=0):
    for problem, path in paths(count, seed=seed):
        path = shortcut(problem.space, path)
        corridor = safe_corridor(problem.space, path)
        ends = (np.concatenate((end, np.zeros(2))) for end in path[[0, -1]])
        yield problem.space, corridor, corridor_problem(corridor, path, *ends, LIMITS, dt, stretch)


def objective(problem, points):
    y = (points - problem.reference) / problem.unit
    full = extended(problem) / problem.unit
    full[1:-1] = points / problem.unit
    weights = (1.0, problem.effort * problem.dt**2, problem.hold * problem.dt**6)
    parts = np.diff(full, 3, axis=0), np.diff(full, 2, axis=0), y
    return sum(w * (part**2).sum() for w, part in zip(weights, parts, strict=True))


def free_box(steps, low, high, end):
    """From rest at 0 to rest at `end`, within bounds that are the same at all times."""
    count = steps + 2
    start, goal = np.zeros((3, 1)), np.array([[end], [0.0], [0.0]])
    reference = np.linspace(0.0, end, count)[:, None]
    nothing = np.empty((0, 1))
    return CorridorProblem(0.2, start, goal, np.full((count, 1), low), np.full((count, 1), high),
                           np.empty(0, dtype=int), nothing, nothing, LIMITS[:, None], reference)  # fmt: skip


def test_the_trajectory_never_leaves_the_corridor_not_even_between_its_samples():
    solved = 0
    for space, corridor, problem in problems(40):
        solution = InteriorPoint().solve(problem)
        if solution.solved:
            solved += 1
            p, a = solution.states(problem.dt), solution.accelerations(problem.dt)
            t = np.linspace(0.0, problem.dt, 11)[:, None, None]
            fine = (p[:-1, :2] + p[:-1, 2:] * t + a * t * t / 2).reshape(-1, 2)
            world = corridor.to_world(fine)
            assert space.is_free(world).all()
            assert corridor.contains(world).all()
    assert solved >= 38


def test_limits_and_ends_hold():
    for _, _, problem in problems(15):
        solution = InteriorPoint().solve(problem)
        states, a = solution.states(problem.dt), solution.accelerations(problem.dt)
        jerk = np.diff(np.concatenate((np.zeros((1, 2)), a, np.zeros((1, 2)))), axis=0) / problem.dt
        for values, limit in ((states[:, 2:], LIMITS[0]), (a, LIMITS[1]), (jerk, LIMITS[2])):
            assert np.abs(values).max() <= limit * (1 + 1e-9)
        assert np.allclose(states[0], np.concatenate(problem.start[:2]), atol=1e-9)
        assert np.allclose(states[-1], np.concatenate(problem.goal[:2]), atol=1e-9)


def test_it_is_the_optimum_that_a_general_solver_finds():
    from scipy.optimize import LinearConstraint, minimize

    for low, high, end in ((-1.0, 5.0, 2.0), (-0.02, 2.02, 2.0), (-5.0, 5.0, 3.2)):
        problem = free_box(25, low, high, end)
        solution = InteriorPoint(gap=1e-7).solve(problem)
        assert solution.solved
        y = extended(problem)[:, 0] / problem.unit[0]
        A = matrices(len(y), (1.0, 1.0, 1.0))[1].toarray()
        least, most = rows_of(problem, 0)
        kept, fixed = np.isfinite(least), np.where(np.arange(len(y)) % (len(y) - 3) < 3, y, 0.0)
        rows = LinearConstraint(A[kept][:, 3:-3], (least - A @ fixed)[kept], (most - A @ fixed)[kept])

        ends = extended(problem)[1:-1, 0]

        def cost(x, problem=problem, ends=ends):
            points = np.concatenate((ends[:2], x * problem.unit[0], ends[-2:]))
            return objective(problem, points[:, None])

        found = minimize(cost, y[3:-3], method="SLSQP", constraints=[rows], options={"maxiter": 500, "ftol": 1e-12})
        assert objective(problem, solution.control_points) <= cost(found.x) * (1 + 1e-5)
        assert objective(problem, solution.control_points) == pytest.approx(cost(found.x), rel=1e-3)


def test_a_problem_that_has_no_answer_is_not_solved():
    too_fast = free_box(8, -1.0, 9.0, 8.0)
    assert not InteriorPoint().solve(too_fast).solved
    assert InteriorPoint().solve(free_box(60, -1.0, 9.0, 8.0)).solved
    walled = free_box(60, -1.0, 3.0, 8.0)  # the goal lies behind the wall
    assert not InteriorPoint().solve(walled).solved


def test_solved_or_not_it_says_what_a_linear_program_says():
    from scipy.optimize import linprog

    answers = set()
    for _, _, problem in [*problems(6, stretch=0.8), *problems(6, stretch=1.3)]:
        feasible = True
        for axis in range(2):
            y = extended(problem)[:, axis] / problem.unit[axis]
            A, (low, high) = matrices(len(y), (1.0, 1.0, 1.0))[1].toarray(), rows_of(problem, axis)
            fixed, kept = np.where(np.arange(len(y)) % (len(y) - 3) < 3, y, 0.0), np.isfinite(low)
            rows, shift = A[kept][:, 3:-3], (A @ fixed)[kept]
            limits = np.concatenate((high[kept] - shift, shift - low[kept]))
            found = linprog(np.zeros(rows.shape[1]), np.concatenate((rows, -rows)), limits, bounds=(None, None))
            feasible &= found.status == 0
        assert InteriorPoint().solve(problem).solved == feasible
        answers.add(feasible)
    assert answers == {True, False}


def test_the_transposed_rows_are_the_transposed_rows():
    rng = np.random.default_rng(0)
    y, joints = rng.normal(size=20), np.array([4, 9, 10])
    rows = 4 * len(y) - 18 + len(joints)
    w, out, back = rng.normal(size=rows), np.empty(rows), np.zeros(len(y))
    apply(y, joints, out)
    add_transposed(w, joints, back)
    assert w @ out == pytest.approx(back @ y)
    assert len(bounds(free_box(16, 0, 1, 1), 0)[0]) == rows - len(joints)


def test_osqp_agrees_and_keeps_its_workspace():
    pytest.importorskip("osqp")
    solver, exact = Osqp(accuracy=1e-8), InteriorPoint(gap=1e-6)
    for end in (2.0, 2.5):
        problem = free_box(25, -1.0, 5.0, end)
        ours, theirs = exact.solve(problem), solver.solve(problem)
        assert ours.solved
        assert theirs.solved
        assert np.allclose(ours.control_points, theirs.control_points, atol=2e-3)
        assert objective(problem, ours.control_points) <= objective(problem, theirs.control_points) * 1.001
    assert len(solver._workspaces) == 1
    assert not solver.solve(free_box(8, -1.0, 9.0, 8.0)).solved


def test_the_reference_stays_near_its_path():
    for _, corridor, problem in problems(5):
        gaps = np.linalg.norm(np.diff(problem.reference, axis=0), axis=-1)
        assert gaps.max() <= LIMITS[0] * np.sqrt(2) * problem.dt * 1.2
        assert corridor.contains(corridor.to_world(resample(problem.reference, 0.1))).all()
