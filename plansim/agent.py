"""A robot that finds its way: an estimator, a planner and a controller become one policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plansim.control.base import Policy
from plansim.control.grid_moves import GridMoves
from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput, near_miss
from plansim.core.geometry import POSE, compose
from plansim.core.grid import OccupancyGrid
from plansim.core.layout import wrap_angle
from plansim.core.trajectory import closest_on_path
from plansim.estimation.base import Estimator
from plansim.estimation.localization.clusters import SHARE_OF_A_PLACE, clusters
from plansim.estimation.localization.seen_cells import with_seen
from plansim.estimation.localization.unmapped import NO_MARKS, Marks, UnmappedObstacles
from plansim.models.base import LikelihoodModel
from plansim.planning.base import Plan, Planner, Problem
from plansim.planning.grid.space import GridSpace
from plansim.planning.route import is_blocked, plan_route


@dataclass
class Agent:
    """Plans on the map to the observation's "goal" and lets the controller follow the path; replans when it must.

    Without an estimator the observation's "state" is believed, and the planner's path is followed as it is: a world of
    cells; where the observation shows the cells "around", the map is corrected by them on the way. With one, the robot
    is a disc that knows its pose by "odometry" (forward, left, turn since the last step), by "lidar", whose `sensor`
    weighs its ranges, and at first by "start". Of several places where it may be it believes the heaviest, after it has
    looked around for `look_around` seconds at most; when it finds that it was elsewhere, it forgets what it saw from
    there, and plans anew. It keeps `radius + margin` from walls, shortens its path, marks what the
    map does not know, and plans anew when that is in its way. Where there is no path it stands still and says so in its
    metrics. A planner with a `replanner()` remembers its search between plans.

    The controller acts on the observation with "state" (the estimate) and "path" (T, 2) added, and with an estimator
    also "clearance", the metres that are free around the robot.

    >>> agent = Agent(AStar(), PurePursuit(Unicycle()), grid, MonteCarloLocalization(grid), sensor)  # doctest: +SKIP
    >>> agent.reset(seed=0)                                                                          # doctest: +SKIP
    >>> action = agent.act(observation)                                                              # doctest: +SKIP
    """

    planner: Planner
    controller: Policy
    map: OccupancyGrid = field(repr=False)
    estimator: Estimator | None = None
    sensor: LikelihoodModel | None = None
    radius: float = 0.25  # m, of the robot
    margin: float = 0.1  # m, for errors of the estimate and of the controller
    start_known: bool = True  # False: it begins anywhere on the map, and looks around first
    start_std: tuple[float, float, float] = (0.1, 0.1, 0.05)  # m, m, rad: of the "start" that it is told
    update_distance: float = 0.1  # m; a robot at rest learns nothing from the same scan again
    update_angle: float = 0.1  # rad
    lost_above: float = 0.5  # m, std of the position from which on it does not drive
    sure_from: float = 0.6  # weight of the heaviest of several places, below which it looks around before it drives
    look_around: float = 6.0  # s, at most: what turning does not tell, driving may
    obstacle_distance: float = 0.3  # m, from the map's walls, beyond which a lidar point is something unknown
    replan_every: float = 0.5  # s, at most
    dt: float = 0.1  # s, of a step

    def __post_init__(self) -> None:
        if (self.estimator is None) != (self.sensor is None):
            raise MalformedInput("an agent needs an estimator and its sensor, or neither")
        for name in ("radius", "margin", "update_distance", "update_angle", "sure_from", "look_around", "replan_every"):
            if not getattr(self, name) >= 0:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be 0 or more")
        if not self.dt > 0 or getattr(self.controller, "dt", self.dt) != self.dt:
            raise MalformedInput(f"dt is {self.dt} s, but must be positive and that of the controller")
        if len(self.start_std) != 3 or not np.isfinite(self.start_std).all() or not self.lost_above > 0:
            raise MalformedInput(f"start_std {self.start_std} must be three, lost_above {self.lost_above} positive")
        lidar = getattr(self.sensor, "lidar", None)
        self._unmapped = lidar and UnmappedObstacles(self.map, lidar, distance=self.obstacle_distance)
        if (
            isinstance(self.controller, GridMoves)
            and abs(wrap_angle(self.controller.heading - self.map.origin[2])) > 1e-6
        ):
            raise MalformedInput(
                f"grid-moves has heading {self.controller.heading}, but the map {self.map.origin[2]} rad"
            )
        robot = getattr(self.controller, "robot", None)
        self._has_speed = robot is not None and "speed" in robot.state.names
        self._now = _Episode(None, self.map)

    def reset(self, seed: int | None = None) -> None:
        self.controller.reset(seed)
        self._now = _Episode(seed, self.map)

    def act(self, observation: Mapping[str, Any]) -> Any:
        now, goal = self._now, _numbers(observation, "goal")[:2]
        state = self._localise(observation)
        now.since_plan += self.dt
        if self._lost:
            now.lost_steps += 1
            now.looked_around += self.dt
            path = self._look_around(state)
        else:
            if self._must_plan(state[:2], goal):
                self._plan(state[:2], goal)
            now.blocked_steps += now.path is None
            if now.path is not None:
                path = now.path
            else:  # beams that stay where they are never tell that what they do not meet has gone
                path = self._look_around(state) if now.avoided else state[None, :2]
        added = {"state": state, "path": path} | (
            {} if self.estimator is None else {"clearance": self._clearance(state)}
        )
        return self.controller.act({**observation, **added})

    def metrics(self) -> dict[str, float]:
        """What it has to say of the episode: the first plan's cost in metres, times in seconds."""
        now = self._now
        return {
            "plans": len(now.plans),
            "plans_failed": sum(not plan.solved for plan in now.plans),
            "plan_cost": float(now.plans[0].cost) if now.plans else float("nan"),
            "expanded": sum(plan.stats.expanded for plan in now.plans),
            "plan_seconds": sum(plan.stats.seconds for plan in now.plans),
            "blocked_steps": now.blocked_steps,
            "lost_steps": now.lost_steps,
            "particles": float(np.mean(now.counts)) if now.counts else float("nan"),
            "most_places": max(now.places, default=0),
        }

    def remark(self) -> str:
        """Why it does not move, in a planner's words; empty where its last plan was solved."""
        plans = self._now.plans
        return "" if not plans or plans[-1].solved else plans[-1].status.value

    def trace(self) -> dict[str, Array]:
        """Its inner numbers of this step: pose and cov of the estimate, path, at most 100 particles, obstacles; and
        what the planner looked at, if it keeps that."""
        now = self._now
        trace = {"path": np.empty((0, 2)) if now.path is None else now.path}
        if now.plans and now.plans[-1].expanded is not None:
            trace["expanded"] = now.plans[-1].expanded
        if now.pose is not None:
            trace |= {"pose": now.pose.mean, "cov": now.pose.cov, "obstacles": now.obstacles}
        if _is_cloud(now.belief):
            count = len(now.belief.states)
            trace["particles"] = now.belief.states[np.linspace(0, count - 1, min(count, 100)).astype(int)]
            trace |= {"particle_count": np.float64(count), "places": np.float64(now.places[-1])}
        return trace

    # --- where am I ---------------------------------------------------------------------------------------------------

    def _localise(self, observation: Mapping[str, Any]) -> Array:
        """The state that the controller is to believe."""
        if self.estimator is None:
            state = _numbers(observation, "state")
            self._correct_map(state, observation)
            return state
        now, increment, ranges = self._now, _numbers(observation, "odometry"), _numbers(observation, "lidar")
        if now.belief is None:
            now.belief = self._first_belief(self.estimator, observation)
        else:
            now.belief = self.estimator.predict(now.belief, increment, self.dt, now.estimator_rng)
            now.moved += np.hypot(increment[0], increment[1])
            now.turned += abs(increment[2])
        if now.moved >= self.update_distance or now.turned >= self.update_angle:
            update = self.estimator.update(now.belief, ranges, self.sensor, now.estimator_rng)
            now.belief, now.astray = update.belief, bool(update.log_likelihood == -np.inf)
            now.moved = now.turned = 0.0
        pose = self._believe(increment).mean
        if self._unmapped and not self._lost:
            now.marks = self._unmapped.observe(now.marks, pose, ranges, self.dt)
            now.obstacles = self._unmapped.points(now.marks)
        return np.append(pose, increment[0] / self.dt) if self._has_speed else pose

    def _believe(self, increment: Array) -> Gaussian:
        """The heaviest place, where there are several; what was seen from a place that was wrong is forgotten."""
        now, before = self._now, self._now.pose
        if _is_cloud(now.belief):
            places = clusters(now.belief)
            pose, now.weight = places[0].gaussian(POSE), places[0].weight
            now.places.append(sum(place.weight > SHARE_OF_A_PLACE for place in places))
            now.counts.append(len(now.belief.states))
        else:
            pose = now.belief.gaussian(POSE)
        now.pose = pose
        if now.weight >= self.sure_from:
            now.looked_around = 0.0
        if before is not None and np.hypot(*(compose(before.mean, increment) - pose.mean)[:2]) > self.lost_above:
            now.marks, now.obstacles, now.goal = NO_MARKS, np.empty((0, 2)), None
        return pose

    def _first_belief(self, estimator: Any, observation: Mapping[str, Any]) -> Any:
        if not (self.start_known and "start" in observation):
            return estimator.everywhere(self._now.estimator_rng)
        start = Gaussian(np.asarray(observation["start"], dtype=float), np.diag(np.square(self.start_std)))
        return estimator.around(start, self._now.estimator_rng) if hasattr(estimator, "around") else start

    def _correct_map(self, state: Array, observation: Mapping[str, Any]) -> None:
        """By the cells that are seen around the robot, where the environment shows them."""
        now = self._now
        known = now.map if "around" not in observation else with_seen(now.map, state, _numbers(observation, "around"))
        if known is not now.map:
            now.map, path = known, now.path
            now.sees_otherwise = path is None or not GridSpace(known).edge_free(path[:-1], path[1:]).all()

    @property
    def _lost(self) -> bool:
        now, pose = self._now, self._now.pose
        if now.astray or (pose is not None and pose.cov[0, 0] + pose.cov[1, 1] > self.lost_above**2):
            return True
        return now.weight < self.sure_from and now.looked_around < self.look_around

    def _look_around(self, state: Array) -> Array:
        """A path that leaves backwards, for which a robot turns on the spot; a car, which cannot, stands still."""
        back = state[:2] - [np.cos(state[2]), np.sin(state[2])]
        return state[None, :2] if self._has_speed else np.array([state[:2], back])

    def _clearance(self, state: Array) -> float:
        """From the robot's edge to the nearest thing that the map or the lidar knows."""
        wall = _to_occupied(self.map, state)
        found = np.hypot(*(self._now.obstacles - state[:2]).T).min(initial=np.inf)
        return float(min(wall, found)) - self.radius

    # --- where to go --------------------------------------------------------------------------------------------------

    def _must_plan(self, position: Array, goal: Array) -> bool:
        now = self._now
        if now.goal is None or not np.array_equal(goal, now.goal):
            return True
        if self.estimator is None:
            return now.sees_otherwise
        if now.since_plan < self.replan_every:
            return False
        if now.path is None:
            return now.avoided  # what the lidar saw may go away; walls do not
        along, aside = closest_on_path(now.path, position)
        ahead = along + self.radius  # what is beside the robot is being passed
        return aside > 1.5 * self.margin or is_blocked(now.path, ahead, now.obstacles, self.radius + 0.5 * self.margin)

    def _plan(self, position: Array, goal: Array) -> None:
        now = self._now
        if self.estimator is None:
            plan = self._planner(0.0).plan(Problem(GridSpace(now.map), position, goal), rng=now.planner_rng)
        else:
            plan = self._plan_route(position, goal)
        now.goal, now.since_plan, now.avoided, now.sees_otherwise = goal, 0.0, len(now.obstacles) > 0, False
        now.path = plan.states if plan.solved else None
        now.plans.append(plan._replace(states=plan.states[:0]))

    def _plan_route(self, position: Array, goal: Array) -> Plan:
        """With all the margin there is: a narrow way is better than none."""
        now = self._now
        for margin in (self.margin, 0.5 * self.margin, 0.0):
            # of an obstacle only the front is seen: a wide berth now saves a turn in front of it later
            berths = self.radius + margin, self.radius + max(2 * margin, 0.5 * self.margin)
            planner = self._planner(margin)
            plan = plan_route(planner, self.map, position, goal, now.obstacles, *berths, rng=now.planner_rng)
            if plan.solved:
                break
        return plan

    def _planner(self, margin: float) -> Planner:
        """The planner itself, or the one that remembers what it searched with this margin."""
        if not hasattr(self.planner, "replanner"):
            return self.planner
        planners = self._now.planners
        if margin not in planners:
            planners[margin] = self.planner.replanner()
        return planners[margin]


def _numbers(observation: Mapping[str, Any], name: str) -> Array:
    if name not in observation:
        raise MalformedInput(f"the observation has no {name!r}{near_miss(name, observation)}")
    numbers = np.asarray(observation[name], dtype=float)
    if name != "lidar" and not np.isfinite(numbers).all():
        raise MalformedInput(f"the observation's {name!r} is {numbers.tolist()}, but must be finite")
    return numbers


def _is_cloud(belief: Any) -> bool:
    return hasattr(belief, "states") and hasattr(belief, "log_weights")


def _to_occupied(map: OccupancyGrid, state: Array) -> float:
    """Metres from a state's position to the nearest occupied cell's edge, exact below a metre; 0 off the map."""
    centres = float(map.distance(state))  # of two cells: a point and an edge are at most a diagonal nearer
    if not 0.0 < centres < 1.0 + 2 * map.resolution:
        return max(centres - np.sqrt(2) * map.resolution, 0.0)
    reach = int(np.ceil(centres / map.resolution)) + 2
    row, column = map.cells(state)
    low = np.maximum((row - reach, column - reach), 0)
    near = np.argwhere(map.occupied[low[0] : row + reach + 1, low[1] : column + reach + 1]) + low
    off = np.abs(near[:, ::-1] + 0.5 - map.columns_rows(state)) - 0.5
    return map.resolution * float(np.hypot(*np.maximum(off, 0.0).T).min())


class _Episode:
    """All that an agent forgets at a reset."""

    def __init__(self, seed: int | None, map: OccupancyGrid) -> None:
        # streams by fixed keys: one part's draws do not change the other's
        self.estimator_rng, self.planner_rng = (
            np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,))) for key in (0, 1)
        )
        self.belief: Any = None
        self.pose: Gaussian | None = None
        self.weight = 1.0  # of the place that it believes to be at
        self.counts: list[int] = []  # of particles, step by step
        self.places: list[int] = []  # where it may be, step by step
        self.looked_around = 0.0  # s, since it was sure
        self.astray = False  # whether nothing that it believed possible explains what it saw last
        self.moved = self.turned = np.inf  # m, rad since the last update: the first scan always counts
        self.marks: Marks = NO_MARKS
        self.obstacles: Array = np.empty((0, 2))
        self.map = map  # corrected by the cells that were seen
        self.sees_otherwise = False  # whether what was seen since the last plan concerns its path
        self.planners: dict[float, Planner] = {}  # with a memory, by the margin that they plan with
        self.goal: Array | None = None
        self.path: Array | None = None
        self.avoided = False  # whether the last plan went around something that the map does not know
        self.since_plan = np.inf  # s
        self.plans: list[Plan] = []  # without their paths
        self.blocked_steps = self.lost_steps = 0
