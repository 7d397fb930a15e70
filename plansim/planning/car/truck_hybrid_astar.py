"""Hybrid A* for a truck: ways for a tractor with its trailer, forwards and backwards, into a bay."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, pi, tan

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.models.truck import TruckTrailer
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch, no_plan
from plansim.planning.car.driving import play
from plansim.planning.car.space import pose_of
from plansim.planning.car.truck_path import end_of, follow
from plansim.planning.car.truck_search import TruckQuestion, find_truck_way
from plansim.planning.car.truck_space import TruckSpace

_SPARE = 0.98  # of curvature and speed: what the corrections of the way may need
_EXACT = 1e-9  # m and rad
_MOST_CHANGE = 0.01  # share of the speed, rad of steering, in one step of a correction


@dataclass(frozen=True)
class TruckHybridAStar:
    """A way for both bodies of a truck over a map to the goal's exact state: it backs into bays.

    Hybrid A* (Dolgov et al. 2010) over x, y, both headings, in two trees: the way into the bay is grown as the way out
    of it, which is stable to drive. Trees are joined by curves of the trailer's axle, a flat output of the truck
    (Rouchon et al. 1993), so that they end in the exact state without simulation; see `truck_motion`. The problem's
    space is a `TruckSpace`, controls are speed and steering, one for each `dt`, and `states` is what the robot's own
    equations make of them. The way is good, not optimal, `lower_bound` says how good at least.
    There is no path where a disc inside one of the bodies has none. A tree of the finest of three searches that holds
    all cells it can reach proves nothing: then the plan ends in the nearest state.

    >>> from plansim.core.grid import OccupancyGrid
    >>> space = TruckSpace(OccupancyGrid(np.zeros((120, 200)), 0.25))
    >>> start, goal = np.array([12.0, 15.0, 0.0, 0.0]), np.array([25.0, 12.0, 1.57, 1.57])
    >>> plan = TruckHybridAStar().plan(Problem(space, start, goal))
    >>> plan.status.name, plan.states[-1].round(5).tolist()
    ('SOLVED', [25.0, 12.0, 1.57, 1.57])
    """

    robot: TruckTrailer = field(default_factory=TruckTrailer)
    max_steering: float = 0.6  # rad
    speed: float = 1.0  # m/s, at most
    dt: float = 0.1  # s that a control is held
    heading_bins: int = 72  # of the tractor's heading; the bend has bins as wide
    cell_size: float = 0.5  # m, side of a cell
    step_length: float = 3.0  # m, of an arc of the coarsest search
    reverse_cost: float = 1.2  # times the metres driven backwards
    gear_change_cost: float = 3.0  # m, for each change between forwards and backwards
    weight: float = 2.0  # of the distance still to go
    keep_expanded: bool = False  # hand out the states that were looked at and both trees, for pictures

    def __post_init__(self) -> None:
        if not isinstance(self.robot, TruckTrailer) or self.robot.hitch_offset != 0.0:
            raise MalformedInput(f"robot is {self.robot}, but must be a TruckTrailer hitched at its rear axle")
        limits = {"max_steering": (0.0, pi / 2), "speed": (0.0, inf), "dt": (0.0, inf)}
        limits |= {"cell_size": (0.0, inf), "step_length": (0.0, inf)}
        for name, (low, high) in limits.items():
            if not low < getattr(self, name) < high:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be above {low:g} and below {high:g}")
        for name, least in {"heading_bins": 8, "reverse_cost": 1.0, "gear_change_cost": 0.0, "weight": 1.0}.items():
            if not least <= getattr(self, name) < inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be at least {least:g}")

    @property
    def turning_radius(self) -> float:
        """Metres, of the tractor."""
        return self.robot.wheelbase / tan(self.max_steering)

    @property
    def _spacing(self) -> float:
        return min(_SPARE * self.speed * self.dt, self.turning_radius / 16.0)

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        watch, space = Stopwatch(), self._space(problem)
        start, goal = pose_of(space, "start", problem.start), pose_of(space, "goal", problem.goal)
        for state, status in ((start, Status.INVALID_START), (goal, Status.INVALID_GOAL)):
            if not space.is_free(state):
                return no_plan(status, 4, Stats(seconds=watch.seconds))
        way = find_truck_way(self._question(space, start, goal), budget)
        stats = Stats(expanded=way.expanded, checks=way.shots, engine=f"two trees, level {way.level}")
        plan = no_plan(way.status, 4)
        if way.course is not None:
            controls = self._controls(way.course)
            states = play(self.robot, start, controls, self.dt)
            if not space.edge_free(states[:-1], states[1:]).all():  # what is driven must be free, not what was wanted
                free = int(np.argmin(space.edge_free(states[:-1], states[1:])))
                states, controls, way = states[: free + 1], controls[:free], way._replace(status=Status.NEAREST)
            times, least = np.arange(len(states)) * self.dt, 0.0
            if way.status is Status.SOLVED:
                least = min(float(np.hypot(*(goal - start)[:2])), way.cost)
            plan = Plan(way.status, states, way.cost, controls, lower_bound=least, times=times)
        if way.looked_at is not None and way.grown is not None:
            plan = plan._replace(expanded=space.in_world(way.looked_at), tree=space.in_world(way.grown))
        return plan._replace(stats=stats._replace(seconds=watch.seconds))

    def _space(self, problem: Problem) -> TruckSpace:
        space = problem.space
        if not isinstance(space, TruckSpace):
            raise MalformedInput(f"the problem's space is {type(space).__name__}, but must be a TruckSpace")
        if problem.is_free is not None:
            raise MalformedInput("Hybrid A* asks its space what is free: draw the obstacles of is_free into the map")
        if space.trailer_length != self.robot.trailer_length:
            raise MalformedInput(
                f"the space's trailer_length is {space.trailer_length}, but the robot's is {self.robot.trailer_length}"
            )
        return space

    def _question(self, space: TruckSpace, start: Array, goal: Array) -> TruckQuestion:
        return TruckQuestion(
            space=space,
            roots=space.in_map(np.stack((start, goal))),
            curvature=_SPARE / self.turning_radius,
            headings=self.heading_bins,
            side=max(self.cell_size, space.map.resolution),
            step=self.step_length,
            spacing=self._spacing,
            weight=self.weight,
            prices=(float(self.reverse_cost), float(self.gear_change_cost)),
            keep=self.keep_expanded,
        )

    def _controls(self, wanted: Array) -> Array:
        """Controls along dense states (T + 1, 4), corrected piece by piece, so that none of them is missed by much.

        Backwards, what a trailer misses grows by a factor of e for each of its lengths.
        """
        truck = (self.robot.trailer_length, pi, inf)
        length = max(int(1.5 * self.robot.trailer_length / self._spacing), 8)
        count = max(round((len(wanted) - 1) / length), 1)
        cuts = np.linspace(0, len(wanted) - 1, count + 1).astype(int)
        state, pieces = wanted[0], [np.empty((0, 2))]
        for begin, end in pairwise(cuts):
            piece = np.concatenate((state[None], wanted[begin + 1 : end + 1]))
            pieces.append(self._corrected(piece, follow(piece, self.robot.wheelbase, self.dt, truck)))
            state = end_of(state, pieces[-1], self.robot.wheelbase, self.dt, truck)
        return np.concatenate(pieces)

    def _corrected(self, states: Array, controls: Array) -> Array:
        """Controls that end in the last state, by Newton's method on the length of each gear and waves of steering."""
        truck, most = (self.robot.trailer_length, pi, inf), np.array([self.speed, self.max_steering])
        if len(controls) == 0:
            return controls
        share = (np.arange(len(controls)) + 0.5) / len(controls)
        waves = np.array([np.sin(pi * k * share) for k in (1, 2, 3)])
        # what is steered there and back again undoes itself: each gear has waves of its own
        ahead = controls[:, 0] > 0.0
        gears = np.array([gear for gear in (ahead, ~ahead) if gear.any()], dtype=float)
        waves = (gears[:, None] * waves).reshape(-1, len(controls))

        def changed(c: Array) -> Array:
            lengths, turns = c[: len(gears)], c[len(gears) :]
            speed, steering = controls[:, 0] * (1.0 + lengths @ gears), controls[:, 1] + turns @ waves
            return np.clip(np.stack((speed, steering), axis=-1), -most, most)

        def miss(c: Array) -> Array:
            end = end_of(states[0], changed(c), self.robot.wheelbase, self.dt, truck)
            return self.robot.state.difference(end, states[-1])

        c, h = np.zeros(len(gears) + len(waves)), 1e-6
        error = miss(c)
        for _ in range(10):
            if np.abs(error).max() < _EXACT:
                break
            slope = np.stack([(miss(c + h * e) - error) / h for e in np.eye(len(c))], axis=-1)
            change = -np.linalg.lstsq(slope, error, rcond=1e-6)[0]
            change *= min(1.0, _MOST_CHANGE / np.abs(change).max())  # no way into what is beside the way
            better = miss(c + change)
            if not np.abs(better).max() < np.abs(error).max():
                break
            c, error = c + change, better
        return changed(c)
