"""A policy that plans once, from the first state it sees, and then plays the plan: what planners are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput, near_miss
from plansim.models.point import Point
from plansim.models.vehicle import Vehicle
from plansim.planning.base import Budget, PathProcessor, Plan, Planner, Problem, Stopwatch
from plansim.planning.grid.cost_to_come import cost_to_come
from plansim.planning.grid.space import GridSpace

MOST_NUMBERED = 400  # states expanded: more numbers than that nobody reads
Control = Callable[[Array, int], Array]  # of the state (n,) that is seen, after so many steps


class PlannedSpace(Protocol):
    """What is asked of a space here; what else it must know, its planner says."""

    def distance(self, a: Array, b: Array) -> Array: ...  # (..., n), (..., n) -> (...)
    def is_free(self, states: Array) -> Array: ...  # (..., n) -> (...) bool


@dataclass
class PlanFollower:
    """Plans from the observation's "state" to its "goal", then drives along the plan; it never plans again.

    A plan with controls is played as it is, each control for its time, which must be a multiple of `dt`. A plan whose
    states have times is tracked by the robot's inverse model. A plan that is only a path is for a point: it goes from
    corner to corner at `speed` and cuts none of them, begins where the point is, and ends at the goal itself where the
    path's last state sees it. Where there is no path the robot stands still, and `remark` says why.

    >>> from plansim.planning.grid.astar import AStar
    >>> from plansim.planning.grid.space import GridSpace
    >>> from plansim.core.grid import OccupancyGrid
    >>> follower = PlanFollower(AStar(), GridSpace(OccupancyGrid(np.zeros((5, 5)))), speed=2.0)
    >>> follower.reset(seed=0)
    >>> follower.act({"state": np.array([0.5, 0.5]), "goal": np.array([4.5, 0.5])}).tolist()
    [2.0, 0.0]
    """

    planner: Planner
    space: PlannedSpace = field(repr=False)
    robot: Vehicle | None = None  # a point where None
    budget_seconds: float | None = None  # s
    budget_iterations: int | None = None
    goal_radius: float = 0.0  # by the space's distance, within which a path may end
    post: list[PathProcessor] = field(default_factory=list)  # what is done to the path, in this order
    speed: float = 1.0  # m/s, on a plan that is only a path
    dt: float = 0.1  # s, of a step
    action_space: Any = field(default=None, repr=False)  # the environment's: nothing beyond its limits is asked for

    def __post_init__(self) -> None:
        for name in ("speed", "dt"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        if not 0 <= self.goal_radius < np.inf:
            raise MalformedInput(f"goal_radius is {self.goal_radius}, but must be 0 or more")
        for name in ("budget_seconds", "budget_iterations"):
            if getattr(self, name) is not None and not getattr(self, name) >= 0:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be 0 or more")
        self._forget(None)

    def reset(self, seed: int | None = None) -> None:
        self._forget(seed)

    def _forget(self, seed: int | None) -> None:
        # streams by fixed keys: what is done to a path does not change the planner's luck
        self._rngs = [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,))) for key in (0, 1)]
        self.plan: Plan | None = None
        self._seconds = float("nan")
        self._control: Control | None = None
        self._trace: dict[str, Array] = {}
        self._steps = 0

    def act(self, observation: Mapping[str, Any]) -> Array:
        state, goal = _numbers(observation, "state"), _numbers(observation, "goal")
        if self.plan is None:
            self._make_plan(state, goal)
        action = self._control(state, self._steps) if self._control else np.zeros(len(self._robot(state).control))
        self._steps += 1
        space = self.action_space
        return action.copy() if space is None else np.clip(action, space.low, space.high)

    def _robot(self, state: Array) -> Vehicle:
        return Point(len(state)) if self.robot is None else self.robot

    def _make_plan(self, state: Array, goal: Array) -> None:
        watch, n = Stopwatch(), getattr(self.space, "dimension", 2)
        problem = Problem(self.space, state[:n], goal[:n], goal_radius=self.goal_radius)
        budget = Budget(self.budget_seconds, self.budget_iterations)
        plan = self.planner.plan(problem, budget, self._rngs[0])
        for processor in self.post if plan.solved else ():
            plan = processor.process(problem, plan, self._rngs[1])
        self.plan, self._seconds, self._trace = plan, watch.seconds, _trace(plan, self.space)
        if plan.solved:
            self._control = self._controller(plan, state, problem)

    def _controller(self, plan: Plan, state: Array, problem: Problem) -> Control:
        robot = self._robot(state)
        if plan.controls is not None:
            return _held(plan.controls, plan.times, self.dt)
        if plan.times is not None:
            return _tracking(robot, plan.states, plan.times, self.dt)
        if isinstance(robot, Point):
            return _along(_route(plan.states, state, problem), self.speed, self.dt)
        kind = type(robot).__name__
        raise MalformedInput(
            f"the plan has neither controls nor times, so it says nothing to a {kind}: take a planner that gives "
            "controls (hybrid-a-star, truck-hybrid-a-star, kinodynamic-rrt), or have it timed (post: [time-optimal])"
        )

    def metrics(self) -> dict[str, float]:
        """What there is to say of the plan; NaN before there is one, and for the cost of no path."""
        plan, nan = self.plan, float("nan")
        if plan is None:
            return dict.fromkeys(_METRICS, nan)
        cost = float(plan.cost) if np.isfinite(plan.cost) else nan
        gap = cost / plan.lower_bound - 1.0 if plan.lower_bound > 0 else nan
        stats, solved = plan.stats, int(plan.solved)
        told = (solved, cost, float(plan.lower_bound), gap, stats.samples, stats.expanded, stats.checks)
        return dict(zip(_METRICS, (*told, len(plan.states), self._seconds), strict=True))

    def remark(self) -> str:
        """Why it stands still, in a planner's words; empty where there is a path."""
        return "" if self.plan is None or self.plan.solved else self.plan.status.value

    def trace(self) -> dict[str, Array]:
        """Its path (T, n); and where the planner keeps them, its tree's edges (E, 4) of x, y, x, y, parents first and
        in order; the states expanded (N, n), for a small search over cells with their cost_to_come (N, 1); and the
        history (K, 2) of samples drawn and cost reached."""
        return self._trace


_METRICS = (
    "planned", "plan_cost", "plan_lower_bound", "plan_gap", "samples", "expanded", "checks", "path_points",
    "plan_seconds",
)  # fmt: skip


def _numbers(observation: Mapping[str, Any], name: str) -> Array:
    if not isinstance(observation, Mapping) or name not in observation:
        raise MalformedInput(f"the observation has no {name!r}{near_miss(name, observation)}")
    return np.asarray(observation[name], dtype=float)


def _trace(plan: Plan, space: PlannedSpace) -> dict[str, Array]:
    trace = {"path": np.array(plan.states, dtype=float)}
    if plan.tree is not None:
        trace["tree"] = np.array(plan.tree[:, :, :2], dtype=np.float32).reshape(-1, 4)
    if plan.expanded is not None:
        trace["expanded"] = np.array(plan.expanded, dtype=float)
        if isinstance(space, GridSpace) and len(plan.expanded) <= MOST_NUMBERED:
            trace["cost_to_come"] = cost_to_come(space, plan.expanded)[:, None].copy()
    if plan.history is not None:
        trace["history"] = np.array(plan.history[:, [0, 2]], dtype=float)  # seconds differ from run to run
    for array in trace.values():
        array.setflags(write=False)  # kept once, not copied at every step
    return trace


def _held(controls: Array, times: Array | None, dt: float) -> Control:
    """Plays controls (T, m), each from its time to the next, and then stands still."""
    controls = np.asarray(controls, dtype=float)
    times = dt * np.arange(len(controls) + 1) if times is None else np.asarray(times, dtype=float)
    counts = np.diff(times) / dt
    whole = np.rint(counts)
    for i in np.flatnonzero(np.abs(counts - whole) > 1e-6)[:1]:
        raise MalformedInput(f"control {i} of the plan lasts {counts[i] * dt:g} s, which is no multiple of dt {dt:g} s")
    played = np.repeat(controls, whole.astype(int), axis=0)
    still = np.zeros(controls.shape[-1])
    return lambda state, step: played[step] if step < len(played) else still


def _tracking(robot: Vehicle, states: Array, times: Array, dt: float) -> Control:
    """Aims at where the trajectory will be after a step; after its end, at its end."""
    n = len(robot.state)
    if states.shape[-1] < n:
        names = " ".join(robot.state.names)
        raise MalformedInput(f"the plan's states have {states.shape[-1]} numbers, but the robot's are '{names}'")
    steps = robot.state.difference(states[1:, :n], states[:-1, :n])  # angles run on
    course = states[0, :n] + np.concatenate((np.zeros((1, n)), np.cumsum(steps, axis=0)))

    def control(state: Array, step: int) -> Array:
        target = np.array([np.interp((step + 1) * dt, times, column) for column in course.T])
        return robot.inverse(state[:n], target, dt)

    return control


def _route(states: Array, start: Array, problem: Problem) -> Array:
    """The corners (V, n) from the robot to the goal: a path over cells begins and ends in their centres."""
    last, goal, space = states[-1], problem.goal, problem.space
    ends = not np.array_equal(last, goal) and space.distance(last, goal) > problem.goal_radius
    corners = [start, *states, *([goal] if ends and space.edge_free(last, goal) else [])]
    return np.array(corners, dtype=float)


def _along(route: Array, speed: float, dt: float) -> Control:
    """The velocity to the next corner, no faster than gets there in one step."""
    scale = 1e-9 * (1.0 + np.abs(route).max())
    corner = 0

    def control(state: Array, step: int) -> Array:
        nonlocal corner
        while corner < len(route) - 1 and np.abs(route[corner] - state).max() <= scale:
            corner += 1
        way = route[corner] - state
        length = float(np.sqrt((way * way).sum()))
        return way / dt if length <= speed * dt else way * (speed / length)

    return control
