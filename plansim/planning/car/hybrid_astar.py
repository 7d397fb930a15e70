"""Hybrid A*: ways for a car, forwards and backwards, through narrow places to an exact pose."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, pi, tan

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.models.car import Car
from plansim.models.vehicle import Vehicle
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch, no_plan
from plansim.planning.car.driving import drive
from plansim.planning.car.hybrid_search import Question, find_way
from plansim.planning.car.space import CarSpace, pose_of, shared_space
from plansim.planning.car.two_trees import Way
from plansim.planning.grid.space import GridSpace


@dataclass(frozen=True)
class HybridAStar:
    """A way for a car's whole body over a map, by arcs of its own turning circle, to the goal's exact pose.

    Dolgov, Thrun, Montemerlo & Diebel 2010, "Path planning for autonomous vehicles in unknown semi-structured
    environments", with two trees: a car drives backwards what it drives forwards, so the goal's bay is left as the
    start's is. The heuristic is the larger of the distance around the obstacles and that for the turning circle, and
    Reeds-Shepp shots join the trees. The way found is shortened by further shots. The problem's space is a `CarSpace`,
    or a `GridSpace` where the planner has a `body`; states are (x, y, heading), controls those of the robot, one for
    each `dt`. The cost is in metres with the extra costs below; the way is good, not optimal, and `lower_bound` says
    how good at least. There is no path where a disc inside the body has none. A tree that holds all cells it can reach
    (if they are few, of an eighth of the size as well) proves nothing: then the plan ends in the nearest state.
    The budget's iterations are expansions; spent, the plan leads as near as the start's tree came.

    >>> from plansim.core.grid import OccupancyGrid
    >>> body = ((-0.2, -0.2), (0.7, -0.2), (0.7, 0.2), (-0.2, 0.2))
    >>> space = CarSpace(OccupancyGrid(np.zeros((60, 60)), 0.1), body)
    >>> plan = HybridAStar().plan(Problem(space, np.array([2.0, 3.0, 0.0]), np.array([2.0, 3.6, 3.1])))
    >>> plan.status.name, bool((plan.controls[:, 0] < 0).any()), plan.states[-1].round(6).tolist()
    ('SOLVED', True, [2.0, 3.6, 3.1])
    """

    robot: Vehicle = field(default_factory=Car)  # one with a wheelbase, driven by speed and steering
    body: Array | None = None  # m, radius, or corners (P, 2) around the middle of the rear axle; None: the space's
    max_steering: float = 0.6  # rad
    speed: float = 1.0  # m/s, at most
    dt: float = 0.1  # s that a control is held
    heading_bins: int = 72
    cell_size: float | None = None  # m, side of a cell; None: that of the map's
    step_length: float = 0.25  # turning radii, of an arc of the coarsest search
    reverse_cost: float = 1.2  # times the metres driven backwards
    steering_cost: float = 1.05  # times the metres driven in an arc
    gear_change_cost: float = 0.25  # turning radii, for each change between forwards and backwards
    weight: float = 2.0  # of the distance still to go
    keep_expanded: bool = False  # hand out the states that were looked at and both trees, for pictures

    def __post_init__(self) -> None:
        if [*self.robot.control.names] != ["speed", "steering"] or [*self.robot.state.names] != ["x", "y", "heading"]:
            raise MalformedInput(
                f"robot is a {type(self.robot).__name__} with state {' '.join(self.robot.state.names)!r} and control "
                f"{' '.join(self.robot.control.names)!r}, but must be a car: 'x y heading' and 'speed steering'"
            )
        limits = {"max_steering": (0.0, pi / 2), "speed": (0.0, inf), "dt": (0.0, inf), "step_length": (0.0, 3.0)}
        for name, (low, high) in limits.items():
            if not low < getattr(self, name) < high:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be above {low:g} and below {high:g}")
        least = {"heading_bins": 8, "reverse_cost": 1.0, "steering_cost": 1.0, "gear_change_cost": 0.0, "weight": 1.0}
        for name, low in least.items():
            if not low <= getattr(self, name) < inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be at least {low:g}")
        if self.cell_size is not None and not 0.0 < self.cell_size < inf:
            raise MalformedInput(f"cell_size is {self.cell_size}, but must be a positive number of metres")

    @property
    def turning_radius(self) -> float:
        """Metres."""
        return self.robot.wheelbase / tan(self.max_steering)  # type: ignore[attr-defined]

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        watch, space = Stopwatch(), self.space_of(problem)
        start, goal = pose_of(space, "start", problem.start), pose_of(space, "goal", problem.goal)
        for pose, status in ((start, Status.INVALID_START), (goal, Status.INVALID_GOAL)):
            if not space.is_free(pose):
                return no_plan(status, 3, Stats(seconds=watch.seconds))
        way = find_way(self._question(space, start, goal), budget)
        stats = Stats(expanded=way.expanded, checks=way.shots, engine=f"two trees, level {way.level}")
        plan = no_plan(way.status, 3)
        if way.course is not None:
            longest = min(self.speed * self.dt, self.turning_radius / 16.0)  # rk4 drives these exactly, to 1e-8
            states, controls = drive(self.robot, start, way.course, longest, self.dt)
            times = np.arange(len(states)) * self.dt
            least = min(float(space.distance(start, goal)), way.cost) if way.status is Status.SOLVED else 0.0
            plan = Plan(way.status, states, way.cost, controls, lower_bound=least, times=times)
        return self._with_seen(plan, space, way)._replace(stats=stats._replace(seconds=watch.seconds))

    def space_of(self, problem: Problem) -> CarSpace:
        """The problem's space, with the planner's own body and turning radius."""
        space = problem.space
        if problem.is_free is not None:
            raise MalformedInput("Hybrid A* asks its space what is free: draw the obstacles of is_free into the map")
        if isinstance(space, CarSpace):
            if self.body is None and np.isclose(space.turning_radius, self.turning_radius):
                return space
            body = space.body if self.body is None else self.body
            return shared_space(space.map, body, self.turning_radius, space.unknown_is_free)
        if isinstance(space, GridSpace) and self.body is not None:
            return shared_space(space.grid, self.body, self.turning_radius, space.unknown_is_free)
        raise MalformedInput(
            f"the problem's space is {type(space).__name__}, but Hybrid A* needs a CarSpace, "
            "or a GridSpace and a planner with a body"
        )

    def _question(self, space: CarSpace, start: Array, goal: Array) -> Question:
        radius = self.turning_radius
        return Question(
            space=space,
            roots=np.stack((space.in_map(start), space.in_map(goal))),
            radius=radius,
            headings=self.heading_bins,
            side=self.cell_size or space.map.resolution,
            step=self.step_length * radius,
            weight=self.weight,
            prices=(float(self.reverse_cost), float(self.steering_cost), self.gear_change_cost * radius),
            keep=self.keep_expanded,
        )

    def _with_seen(self, plan: Plan, space: CarSpace, way: Way) -> Plan:
        if way.looked_at is None or way.grown is None:
            return plan
        return plan._replace(expanded=space.in_world(way.looked_at), tree=space.in_world(way.grown))
