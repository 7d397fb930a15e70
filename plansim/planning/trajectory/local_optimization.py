"""Trajectory optimisation by itself: what happens without a search that decides on which side to pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.trajectory import arc_length
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch, no_plan
from plansim.planning.grid.search import grid_space
from plansim.planning.grid.space import GridSpace
from plansim.planning.trajectory.hierarchical import ends_of
from plansim.planning.trajectory.timing import sweep_free


@dataclass(frozen=True)
class TrajectoryOptimization:
    """The straight line to the goal, bent by gradient descent until it is smooth and clear of obstacles, or stuck.

    Minimises jerk and a penalty for being near or within obstacles, by the distance to their borders (Ratliff et al.
    2009, CHOMP: gradient optimization techniques), with L-BFGS over the control points of a `CorridorProblem`. A local
    method: around a bulge it finds its way, in a concave trap it ends, and then says NEAREST: its path leads as far as
    it is free, and comes to rest there. A baseline; `Hierarchical` has no such traps.
    """

    max_speed: float = 1.5  # m/s, along each axis of the map
    max_acceleration: float = 1.0  # m/s^2, likewise
    dt: float = 0.1  # s
    clearance: float = 0.3  # m, nearer than which an obstacle pushes
    obstacle_weight: float = 50.0  # of the penalty, beside jerk
    patience: float = 1.6  # times the time of the straight line
    iterations: int = 500

    def __post_init__(self) -> None:
        for name in ("max_speed", "max_acceleration", "dt", "clearance", "obstacle_weight", "patience"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be finite and above 0")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        watch = Stopwatch()
        start, goal = ends_of(problem)
        space = grid_space(problem)
        for end, status in ((start, Status.INVALID_START), (goal, Status.INVALID_GOAL)):
            if not space.is_free(end[:2]):
                return no_plan(status, 4, Stats(seconds=watch.seconds))
        if np.array_equal(start, goal):
            return Plan(Status.SOLVED, start[None], 0.0, np.empty((0, 2)), times=np.zeros(1))
        points, rounds = self._optimise(space, start, goal, budget)
        p, v = (points[:-1] + points[1:]) / 2, np.diff(points, axis=0) / self.dt
        states = np.concatenate((p, v), axis=-1)
        states[0] = start
        status = Status.SOLVED
        if not sweep_free(space, states, self.dt):
            states, status = _as_far_as_free(space, states, self.max_acceleration, self.dt), Status.NEAREST
        controls = np.diff(states[:, 2:], axis=0) / self.dt
        cost = float(arc_length(states[:, :2])[-1])
        stats = Stats(expanded=rounds, seconds=watch.seconds, engine="L-BFGS from the straight line")
        return Plan(status, states, cost, controls, stats, times=self.dt * np.arange(len(states)))

    def _optimise(self, space: GridSpace, start: Array, goal: Array, budget: Budget) -> tuple[Array, int]:
        """Control points (N + 2, 2) and the rounds that they took."""
        from scipy.optimize import minimize

        away = np.abs(goal[:2] - start[:2]).max()
        seconds = self.patience * max(away / self.max_speed + self.max_speed / self.max_acceleration, 1.0)
        count, dt = max(int(np.ceil(seconds / self.dt)), 8), self.dt
        share = np.linspace(0.0, 1.0, count + 2)[:, None]
        share = share**3 * (10 - 15 * share + 6 * share**2)  # from rest to rest
        points = start[:2] + share * (goal[:2] - start[:2])
        points[:2] = start[:2] - start[2:] * dt / 2, start[:2] + start[2:] * dt / 2
        points[-2:] = goal[:2] - goal[2:] * dt / 2, goal[:2] + goal[2:] * dt / 2
        depth = SignedDistance(space)

        def cost(flat: Array) -> tuple[float, Array]:
            points[2:-2] = flat.reshape(-1, 2)
            jerk = np.diff(points, 3, axis=0) / dt**3
            total, slope = 0.5 * dt * (jerk**2).sum(), np.zeros_like(points)
            for k, weight in enumerate((-1.0, 3.0, -3.0, 1.0)):
                slope[k : k + len(jerk)] += weight * jerk / dt**2
            distance, gradient = depth(points)
            near = self.clearance - distance
            push = np.clip(near / self.clearance, 0.0, 1.0)
            total += self.obstacle_weight * dt * np.where(near > self.clearance, near - self.clearance / 2,
                                                          push * near / 2).clip(0.0).sum()  # fmt: skip
            slope -= self.obstacle_weight * dt * push[:, None] * gradient
            return total, slope[2:-2].ravel()

        most = self.iterations if budget.iterations is None else min(self.iterations, budget.iterations)
        found = minimize(cost, points[2:-2].ravel(), jac=True, method="L-BFGS-B", options={"maxiter": most})
        points[2:-2] = found.x.reshape(-1, 2)
        return points, int(found.nit)


class SignedDistance:
    """Metres to the border of what is not free, negative within, and its gradient: bilinear between cells' centres."""

    def __init__(self, space: GridSpace):
        from scipy.ndimage import distance_transform_edt

        self.grid, wall = space.grid, np.pad(space.blocked, 1, constant_values=True)
        field = distance_transform_edt(~wall) - distance_transform_edt(wall)
        self.field = (field - 0.5 * np.sign(field)) * space.grid.resolution

    def __call__(self, points: Array) -> tuple[Array, Array]:
        uv = np.clip(self.grid.columns_rows(points) + 0.5, 0.0, np.array(self.field.shape[::-1]) - 1.001)
        c, r = np.floor(uv).astype(int).T
        s, t = (uv - np.floor(uv)).T
        f = self.field
        a, b, d, e = f[r, c], f[r, c + 1], f[r + 1, c], f[r + 1, c + 1]
        along, up = (b - a) * (1 - t) + (e - d) * t, (d - a) * (1 - s) + (e - b) * s
        cos, sin = np.cos(self.grid.origin[2]), np.sin(self.grid.origin[2])
        gradient = np.stack((cos * along - sin * up, sin * along + cos * up), axis=-1) / self.grid.resolution
        return a * (1 - s) * (1 - t) + b * s * (1 - t) + d * (1 - s) * t + e * s * t, gradient


def _as_far_as_free(space: GridSpace, states: Array, max_acceleration: float, dt: float) -> Array:
    """The states up to the last one from which braking keeps free, and the braking."""
    free = space.edge_free(states[:-1, :2], states[1:, :2])
    for i in range(int(np.argmin(free)) if not free.all() else len(states) - 1, -1, -1):
        v = states[i, 2:]
        count = max(int(np.ceil(np.abs(v).max() / (max_acceleration * dt))), 1)
        slower = v * (1 - np.arange(1, count + 1) / count)[:, None]
        moves = (np.concatenate((v[None], slower[:-1])) + slower) / 2 * dt
        braking = np.concatenate((states[i, :2] + np.cumsum(moves, axis=0), slower), axis=-1)
        path = np.concatenate((states[: i + 1], braking))
        if sweep_free(space, path, dt):
            return path
    return np.concatenate((states[:1, :2], np.zeros((1, 2))), axis=-1)
