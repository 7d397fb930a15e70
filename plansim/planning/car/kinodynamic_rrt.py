"""Kinodynamic RRT: a tree of what a vehicle can really drive, grown towards random states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from plansim.core.arrays import Array, numbers
from plansim.core.errors import MalformedInput
from plansim.core.random import stream
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch, no_plan
from plansim.planning.car.kinodynamic_growth import FOUND, FULL, NEAREST_ROW, SAMPLES, growth
from plansim.planning.car.kinodynamic_python import grow_by_asking
from plansim.planning.car.kinodynamic_tree import Tree, drive

NEEDED = ("motion", "control_low", "control_high", "low", "high", "distance", "sample", "is_free")
BETWEEN_CLOCKS = 64  # samples


@dataclass(frozen=True)
class KinodynamicRRT:
    """What a vehicle can really drive, by its own equations, from the start into the goal: found by drawing controls.

    LaValle and Kuffner (2001), "Randomized kinodynamic planning": controls are drawn, and held, from the tree's state
    nearest to a sample; the one that leads nearest to it is kept.

    The space is a `VehicleSpace`, or has its names. The plan's controls, each held for dt, drive the vehicle's own
    `step` through its states into the goal. Its cost is its duration in seconds. Probabilistically complete, not
    optimal; it cannot tell that there is no path: after `most_samples` it answers with the nearest it came.

    >>> from plansim.core.shapes import Shapes
    >>> from plansim.planning.car.vehicle_space import VehicleSpace
    >>> space = VehicleSpace(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 7]]]))
    >>> problem = Problem(space, np.array([1.0, 1.0, 0.0]), np.array([9.0, 1.0, 0.0]), goal_radius=0.5)
    >>> KinodynamicRRT().plan(problem).status.name
    'SOLVED'
    """

    dt: float = 0.1  # s, a step of the plan
    longest: int = 20  # steps that a control is held at most
    candidates: int = 5  # controls drawn for each sample
    goal_bias: float = 0.05  # share of samples that are the goal itself
    most_samples: int = 50_000
    keep_tree: bool = False

    def __post_init__(self) -> None:
        for name in ("dt", "longest", "candidates"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be above 0")
        if not 0.0 <= self.goal_bias <= 1.0:
            raise MalformedInput(f"goal_bias is {self.goal_bias}, but must be a share, 0 to 1")
        if not self.most_samples >= 0:
            raise MalformedInput(f"most_samples is {self.most_samples}, but must not be negative")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        watch, rng = Stopwatch(), rng or np.random.default_rng(0)
        start, goal = checked(problem)
        space: Any = problem.space
        is_free = asking(problem)
        if not is_free(start[None])[0]:
            return no_plan(Status.INVALID_START, len(start), Stats(seconds=watch.seconds))
        if problem.goal_radius == 0 and not is_free(goal[None])[0]:
            return no_plan(Status.INVALID_GOAL, len(start), Stats(seconds=watch.seconds))
        if float(space.distance(start, goal)) <= problem.goal_radius:
            plan = Plan(Status.SOLVED, start[None], 0.0, np.empty((0, len(space.control_low))), times=np.zeros(1))
            return plan._replace(stats=Stats(seconds=watch.seconds))
        tree = Tree(start, len(space.control_low))
        compiled = problem.is_free is None and hasattr(space, "kernels") and hasattr(space, "arrays")
        grow = self._grow_compiled if compiled else self._grow_asking
        found, samples, row, checks = grow(problem, goal, tree, budget, rng, watch)
        status = Status.SOLVED if found else Status.NEAREST
        if not found and samples < self.most_samples:
            status = Status.BUDGET_SPENT
        controls = tree.controls_to(row)
        states = drive(space.motion, start, controls, self.dt)
        times = self.dt * np.arange(len(states))
        engine = "compiled" if compiled else "is_free is asked for many states at once"
        stats = Stats(tree.size, samples, checks, watch.seconds, engine)
        edges = tree.edges() if self.keep_tree else None
        return Plan(status, states, float(times[-1]), controls, stats, tree=edges, times=times)

    def _limit(self, budget: Budget) -> int:
        return self.most_samples if budget.iterations is None else min(budget.iterations, self.most_samples)

    def _grow_compiled(
        self,
        problem: Problem,
        goal: Array,
        tree: Tree,
        budget: Budget,
        rng: np.random.Generator,
        watch: Stopwatch,
    ) -> tuple[bool, int, int, int]:
        space: Any = problem.space
        tree.search_by(space.metric)
        bounds, control_bounds = np.stack((space.low, space.high)), np.stack((space.control_low, space.control_high))
        numbers = float(self.goal_bias), float(self.dt), int(self.longest), int(self.candidates)
        task = (bounds, space.metric, control_bounds, space.parameters, goal, float(problem.goal_radius), *numbers)
        grow, progress, limit = growth(*space.kernels), np.zeros(2, dtype=np.int64), self._limit(budget)
        draws = stream(int(rng.integers(1 << 63)))
        while progress[SAMPLES] < limit and (budget.seconds is None or watch.seconds < budget.seconds):
            until = limit if budget.seconds is None else min(int(progress[SAMPLES]) + BETWEEN_CLOCKS, limit)
            outcome = grow(tree.arrays, progress, draws, task, space.arrays, until)
            if outcome == FOUND:
                return True, int(progress[SAMPLES]), int(progress[NEAREST_ROW]), 0
            if outcome == FULL:
                tree.enlarge()
        return False, int(progress[SAMPLES]), int(progress[NEAREST_ROW]), 0

    def _grow_asking(
        self,
        problem: Problem,
        goal: Array,
        tree: Tree,
        budget: Budget,
        rng: np.random.Generator,
        watch: Stopwatch,
    ) -> tuple[bool, int, int, int]:
        def spent() -> bool:
            return budget.seconds is not None and watch.seconds >= budget.seconds

        return grow_by_asking(self, problem, goal, tree, self._limit(budget), spent, rng, asking(problem))


def checked(problem: Problem) -> tuple[Array, Array]:
    """The start and the goal (n,); a malformed problem raises."""
    space: Any = problem.space
    missing = [name for name in NEEDED if not hasattr(space, name)]
    if missing:
        raise MalformedInput(
            f"the problem's space is {type(space).__name__}, which has no {missing[0]!r}: a kinodynamic planner needs "
            "a plansim.planning.car.vehicle_space.VehicleSpace"
        )
    return _state(space, "start", problem.start), _state(space, "goal", problem.goal)


def _state(space: Any, name: str, state: Array) -> Array:
    x = numbers(name, state)
    names = space.motion.state.names
    if x.shape != (len(names),) or not np.isfinite(x).all():
        raise MalformedInput(f"{name} is {x.tolist()}, but must be finite numbers for {', '.join(names)}")
    for value, low, high, component in zip(x, space.low, space.high, names, strict=True):
        if component not in space.motion.state.angles and not low <= value <= high:
            raise MalformedInput(f"{name} has {component} {value:g}, outside {low:g} to {high:g}")
    return x


def asking(problem: Problem):
    """states (N, n) -> (N,) bool: free of the space's obstacles and the problem's."""

    def is_free(states: Array) -> Array:
        free = np.asarray(problem.space.is_free(states))
        if problem.is_free is not None and free.any():
            free = free & problem.asked(states)
        return free

    return is_free
