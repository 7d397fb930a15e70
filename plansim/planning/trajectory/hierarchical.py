"""Plans of a point mass in three layers: a coarse search, a corridor around its path, the smoothest way through it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from plansim.core.arrays import Array, numbers
from plansim.core.errors import MalformedInput
from plansim.core.trajectory import arc_length
from plansim.planning.base import Budget, Plan, Planner, Problem, Status, Stopwatch, no_plan
from plansim.planning.grid.astar import AStar
from plansim.planning.grid.space import GridSpace
from plansim.planning.trajectory.corridor import Corridor, safe_corridor
from plansim.planning.trajectory.corridor_qp import CorridorSolution, CorridorSolver, InteriorPoint
from plansim.planning.trajectory.corridor_timing import corridor_problem
from plansim.planning.trajectory.shortcut import shortcut


@dataclass(frozen=True)
class Hierarchical:
    """A smooth trajectory around any trap: the search decides on which side, the quadratic program how.

    Coarse path by `planner`, its line-of-sight shortcut, boxes of free space around that, and the least jerk within
    them under limits on speed, acceleration and jerk, each along an axis of the map. The trajectory lies in the
    corridor everywhere, not at its samples alone: see `CorridorProblem`. Where the time is too short for the limits it
    is stretched; a problem for which that does not help ends with BUDGET_SPENT.

    Start and goal: x y, at rest, or x y and velocities. States: x y vx vy, every `dt`; controls: the accelerations of a
    point mass, held over dt; times from 0. The cost is in metres.

    >>> from plansim.core.grid import OccupancyGrid
    >>> space = GridSpace(OccupancyGrid(np.zeros((4, 9))))
    >>> plan = Hierarchical().plan(Problem(space, np.array([0.5, 0.5]), np.array([8.5, 3.5])))
    >>> plan.status.name, plan.states.shape[1], plan.states[-1].round(6).tolist()
    ('SOLVED', 4, [8.5, 3.5, 0.0, 0.0])
    """

    planner: Planner = AStar()
    max_speed: float = 1.5  # m/s, along each axis
    max_acceleration: float = 1.0  # m/s^2, likewise
    max_jerk: float = 2.0  # m/s^3, change of acceleration over dt
    dt: float = 0.1  # s
    reach: float = 10.0  # m that a box may grow to each side
    patience: float = 1.15  # times the shortest duration without a limit on jerk: above 1, slower and smoother
    stretches: int = 10  # tries, each with a quarter more time
    solver: CorridorSolver = field(default_factory=InteriorPoint)

    def __post_init__(self) -> None:
        for name in ("max_speed", "max_acceleration", "max_jerk", "dt", "reach"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be finite and above 0")
        if not (self.patience >= 1 and self.stretches >= 1):
            raise MalformedInput(f"patience is {self.patience} and stretches {self.stretches}: both must be at least 1")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        watch = Stopwatch()
        start, goal = ends_of(problem)
        coarse = self.planner.plan(problem, budget, rng)
        if not coarse.solved:
            return no_plan(coarse.status, 4, coarse.stats._replace(seconds=watch.seconds))
        if np.array_equal(start, goal):
            return coarse._replace(states=start[None], cost=0.0, controls=np.empty((0, 2)), times=np.zeros(1))
        path = shortcut(problem.space, _joined(start, coarse.states, goal))
        corridor = safe_corridor(problem.space, path, self.reach)
        limits = np.array([self.max_speed, self.max_acceleration, self.max_jerk])
        solution, tried = None, 0
        while tried < self.stretches and (budget.seconds is None or not tried or watch.seconds < budget.seconds):
            stretch = self.patience * 1.25**tried
            solution = self.solver.solve(corridor_problem(corridor, path, start, goal, limits, self.dt, stretch))
            tried += 1
            if solution.solved and leaves_nothing(corridor, problem.space, solution, self.dt):
                break
            solution = None
        stats = coarse.stats._replace(
            seconds=watch.seconds,
            engine=f"{len(corridor.boxes)} boxes, {tried} tries" + ("" if solution else ", none of which was solved"),
        )
        if solution is None:
            return no_plan(Status.BUDGET_SPENT, 4, stats)._replace(expanded=coarse.expanded)
        return self._timed(corridor, solution, start)._replace(stats=stats, expanded=coarse.expanded)

    def _timed(self, corridor: Corridor, solution: CorridorSolution, start: Array) -> Plan:
        turned = Corridor(corridor.boxes, np.array([0.0, 0.0, corridor.frame[2]]))  # for what has no place
        states = solution.states(self.dt)
        states = np.concatenate((corridor.to_world(states[:, :2]), turned.to_world(states[:, 2:])), axis=-1)
        states[0] = start
        controls = turned.to_world(solution.accelerations(self.dt))
        times = self.dt * np.arange(len(states))
        cost = float(arc_length(states[:, :2])[-1])
        return Plan(Status.SOLVED, states, cost, controls, times=times)


def leaves_nothing(corridor: Corridor, space: GridSpace, solution: CorridorSolution, dt: float) -> bool:
    """Whether every step's triangle of spline points lies in one box, so that all between them does, too."""
    c = solution.control_points
    p = (c[:-1] + c[1:]) / 2
    triangles = np.stack((p[:-1], c[1:-1], p[1:]), axis=1)[:, :, None]
    # 1e-9 m: the start and the goal may lie on a box's edge
    inside = ((triangles >= corridor.boxes[:, 0] - 1e-9) & (triangles <= corridor.boxes[:, 1] + 1e-9)).all((1, 3))
    points = corridor.to_world(p)
    return bool(inside.any(-1).all() and space.edge_free(points[:-1], points[1:]).all())


def ends_of(problem: Problem) -> tuple[Array, Array]:
    """Start and goal as x y vx vy, (4,); at rest where no velocity is given."""
    if not isinstance(problem.space, GridSpace):
        raise MalformedInput(f"the space must be a GridSpace, not a {type(problem.space).__name__}")
    ends = []
    for name in ("start", "goal"):
        found = numbers(name, getattr(problem, name))
        if found.ndim != 1 or len(found) < 2 or not np.isfinite(found).all():
            raise MalformedInput(f"{name} is {found.tolist()}, but must be finite: x y, or x y vx vy")
        if not problem.space.grid.contains(found):
            raise MalformedInput(f"{name} {found[:2].tolist()} lies outside the map")
        ends.append(np.concatenate((found[:2], found[2:4] if len(found) >= 4 else np.zeros(2))))
    return ends[0], ends[1]


def _joined(start: Array, states: Array, goal: Array) -> Array:
    """The coarse path (T, 2), which runs over the centres of cells, between the very start and goal."""
    path = np.concatenate((start[None, :2], states[:, :2], goal[None, :2]))
    return path[np.concatenate(([True], (np.diff(path, axis=0) != 0).any(-1)))]
