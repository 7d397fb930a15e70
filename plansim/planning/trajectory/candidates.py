"""Thousands of candidate trajectories along a road, judged at once for safety, comfort and efficiency."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.kernel import Kernel, kernel
from plansim.core.reference_line import ReferenceLine
from plansim.models.bicycle import Bicycle
from plansim.models.vehicle import compiled_step
from plansim.planning.base import Budget, Plan, Stats, Status, Stopwatch
from plansim.planning.trajectory.candidate_kernels import ACCELERATION, CURVATURE, FRAME, SPEED, Limits, score
from plansim.planning.trajectory.frenet import by_time, to_cartesian, to_frenet
from plansim.planning.trajectory.polynomials import held, quartic, quintic, squared_jerk


@dataclass(frozen=True, eq=False)
class LaneProblem:
    """A car on a road, and where everything else will be."""

    line: ReferenceLine
    start: Array  # (6,) x, y, heading, speed, acceleration, curvature of the middle of the rear axle
    obstacles: Array  # (Q, T + 1, 3) x, y, heading of their middles at the planner's times
    sizes: Array  # (Q, 2) m, length and width
    lanes: Array  # (L,) m, offsets of the middles of the lanes that may be driven
    edges: tuple[float, float]  # m, offsets of the right and the left edge of the road
    speed: float  # m/s, wanted, and the fastest
    lane: float  # m, offset of the lane that is wanted
    follow: Array = ()  # (K, 2) places on the line, m, and their speeds: where to end, as they move on


class Candidates(NamedTuple):
    """A fan of N longitudinal by M lateral motions and what each combination is worth; a row a longitudinal one."""

    along: Array  # (N, T + 1, 3) s and its derivatives by time
    sideways: Array  # (M, T + 1, 3) the offset and its derivatives, by time; at low speed (M, 6) a quintic of s
    lengths: Array  # (M,) m, of those quintics; empty otherwise
    costs: Array  # (N, M)
    faults: Array  # (N, M) 0 where feasible, else the sum of SPEED, ACCELERATION, ... COLLISION
    hits: Array  # (N, M) the first step in collision, -1 where there is none
    braking: Array  # (N,) whether it brakes to a standstill
    checks: int  # pairs of boxes compared

    @property
    def feasible(self) -> int:
        return int((self.faults == 0).sum())

    def frenet(self, i: Array, j: Array) -> Array:
        """States (..., T + 1, 6), `FRENET`, of longitudinal motions i (...) with lateral motions j (...)."""
        s, v, a = np.moveaxis(self.along[i], -1, 0)
        if len(self.lengths):
            u = np.minimum(s - s[..., :1], self.lengths[j][..., None])
            offset = held_by_distance(self.sideways[j], u, self.lengths[j][..., None])
            return np.stack((s, v, a, *offset), axis=-1)
        d, d_t, d_tt = np.moveaxis(self.sideways[j], -1, 0)
        inverse = np.divide(1.0, v, out=np.zeros_like(v), where=v > 1e-6)
        slope = d_t * inverse
        return np.stack((s, v, a, d, slope, (d_tt - slope * a) * inverse**2), axis=-1)


@dataclass(frozen=True)
class FrenetCandidates:
    """Quintic lateral by quartic and quintic longitudinal motions in the frame of a road, and the cheapest safe one.

    Werling, Ziegler, Kammel, Thrun 2010, "Optimal trajectory generation for dynamic street scenarios in a Frenét
    frame". Each lateral motion ends at rest on an offset, each longitudinal one at a speed (or with what it follows),
    after one of the durations, and goes on so to the horizon. Below `low_speed` the offset is a function of distance.

    The defaults are 50 × 50 candidates of 45 steps. Costs: integrals of squared jerk, squared lateral acceleration and
    squared lack of speed; the end's distance from its lane and from the wanted lane; the worst danger on the way.

    >>> line = ReferenceLine([[0.0, 0.0], [200.0, 0.0]])
    >>> planner = FrenetCandidates()
    >>> nobody = np.empty((0, planner.steps + 1, 3)), np.empty((0, 2))
    >>> start = np.array([0.0, -1.5, 0.0, 10.0, 0.0, 0.0])
    >>> plan = planner.plan(LaneProblem(line, start, *nobody, np.array([-1.75]), (-3.5, 0.0), 12.0, -1.75))
    >>> plan.solved, plan.states.shape, bool(abs(plan.states[-1, 1] + 1.75) < 0.01)
    (True, (46, 4), True)
    """

    dt: float = 0.1  # s, between the steps
    steps: int = 45
    durations: tuple[float, ...] = (2.0, 2.6, 3.2, 3.8, 4.4)  # s, of lateral and of longitudinal motions
    offsets: int = 10  # ends of lateral motions: all lanes, the others evenly across the road
    speeds: int = 10  # ends of longitudinal motions, evenly from 0 to the wanted speed
    length: float = 4.6  # m, of the car
    width: float = 1.9  # m
    wheelbase: float = 2.8  # m; its middle is the car's
    acceleration: float = 3.0  # m/s^2, the strongest
    braking: float = 8.0  # m/s^2, likewise
    lateral_acceleration: float = 4.0  # m/s^2, likewise
    steering: float = 0.3  # rad, likewise
    margin: float = 0.3  # m, kept from obstacles
    edge_margin: float = 0.1  # m, kept from the road's edges
    low_speed: float = 4.0  # m/s
    time_to_collision: float = 4.0  # s, below which a candidate is in danger
    headway: float = 1.2  # s, likewise
    jerk_cost: float = 0.02
    lateral_cost: float = 0.05
    speed_cost: float = 0.3
    centre_cost: float = 3.0  # of an end off the middle of a lane
    lane_cost: float = 0.05  # of an end in another lane than the wanted one
    danger_cost: float = 60.0

    def __post_init__(self) -> None:
        for name in ("dt", "steps", "length", "width", "wheelbase", "low_speed", "time_to_collision", "headway"):
            if not getattr(self, name) > 0:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        if not self.durations or not all(0 < duration <= self.steps * self.dt for duration in self.durations):
            horizon = self.steps * self.dt
            raise MalformedInput(f"durations are {self.durations}, but must lie within the {horizon:g} s of the steps")
        if self.offsets < 1 or self.speeds < 2:
            raise MalformedInput(f"offsets {self.offsets} and speeds {self.speeds} must be at least 1 and 2")

    @property
    def times(self) -> Array:
        return self.dt * np.arange(self.steps + 1)

    def plan(self, problem: LaneProblem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        """The drive (T + 1, 4) x, y, heading, speed of a `Bicycle` with the wheelbase, along the cheapest candidate.

        SOLVED: no fault. NEAREST: every candidate has one; this is the braking one that hits at the lowest speed, and
        latest. Statistics: samples counts the candidates, expanded those without a fault, checks the boxes compared.
        The same work whatever the budget is, and nothing is drawn.
        """
        watch = Stopwatch()
        found = self.evaluate(problem)
        i, j = self.choose(found)
        states, controls = self.drive(problem, found, i, j)
        count = found.costs.size
        stats = Stats(
            found.feasible, count, found.checks, watch.seconds, f"{found.feasible} of {count} candidates are feasible"
        )
        status = Status.SOLVED if found.faults[i, j] == 0 else Status.NEAREST
        return Plan(status, states, float(found.costs[i, j]), controls, stats, times=self.times)

    def evaluate(self, problem: LaneProblem) -> Candidates:
        """All candidates of the problem, with what each is worth."""
        obstacles = self._obstacles(problem)
        start = to_frenet(problem.line, self._start(problem))
        along, haste, braking = self._longitudinal(problem, start)
        sideways, table, lengths, ends, twist = self._lateral(problem, start)
        shape = len(along), len(ends)
        faults, hits = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
        swerving, danger = np.empty(shape), np.empty(shape)
        sizes = np.ascontiguousarray(np.asarray(problem.sizes, dtype=float).reshape(-1, 2) / 2)
        limits, pieces = self._limits(problem, start), problem.line.pieces
        checks = score(pieces, along, table, lengths, obstacles, sizes, limits, faults, hits, swerving, danger)
        astray = np.abs(np.subtract.outer(ends, np.asarray(problem.lanes, dtype=float))).min(-1)
        aside = self.centre_cost * astray**2 + self.lane_cost * (ends - problem.lane) ** 2 + self.jerk_cost * twist
        costs = haste[:, None] + aside + self.lateral_cost * swerving + self.danger_cost * danger**2
        return Candidates(along, sideways, lengths, costs, faults, hits, braking, int(checks))

    def choose(self, found: Candidates) -> tuple[int, int]:
        """The cheapest candidate without a fault; where all have one, the least bad one that brakes."""
        good = found.faults == 0
        if good.any():
            order = np.where(good, found.costs, np.inf)
        else:
            drivable = (found.faults & (SPEED | ACCELERATION | CURVATURE | FRAME)) == 0
            brakes = np.broadcast_to(found.braking[:, None], good.shape)
            pool = next(set for set in (drivable & brakes, drivable, brakes) if set.any())
            hit_at = np.where(found.hits >= 0, found.hits, self.steps)
            impact = np.where(found.hits >= 0, np.take_along_axis(found.along[..., 1], hit_at, 1), 0.0)
            rank = np.lexsort((found.costs.ravel(), -hit_at.ravel(), impact.ravel().round(6), ~pool.ravel()))
            return divmod(int(rank[0]), good.shape[1])
        return divmod(int(np.argmin(order)), good.shape[1])

    def drive(self, problem: LaneProblem, found: Candidates, i: int, j: int) -> tuple[Array, Array]:
        """States (T + 1, 4) and controls (T, 2) of the `Bicycle` that has the candidate's headings and speeds."""
        goal = to_cartesian(problem.line, found.frenet(np.array(i), np.array(j)))[:, :4].copy()
        car = Bicycle(self.wheelbase)
        controls = np.ascontiguousarray(car.guess(goal[:-1], goal[1:], self.dt))
        _drive(compiled_step(car))(goal, controls, car.parameters(), float(self.dt))
        return goal, controls

    # --- the fan ------------------------------------------------------------------------------------------------------

    def _longitudinal(self, problem: LaneProblem, start: Array) -> tuple[Array, Array, Array]:
        """Motions (N, T + 1, 3), what they cost (N,), and whether they brake to a standstill."""
        T = np.array(self.durations)
        ends = np.linspace(0.0, problem.speed, self.speeds)
        speed, T_speed = (grid.ravel() for grid in np.meshgrid(ends, T, indexing="ij"))
        motions = quartic(start[:3], np.stack((speed, 0 * speed), -1), T_speed)
        place, pace = np.asarray(problem.follow, dtype=float).reshape(-1, 2).T
        reached = place[:, None] + pace[:, None] * T
        followed = np.stack((reached, *np.broadcast_arrays(pace[:, None], 0 * reached)), axis=-1).reshape(-1, 3)
        motions = np.concatenate((motions, quintic(start[:3], followed, np.tile(T, len(place)))))
        durations = np.concatenate((T_speed, np.tile(T, len(place))))
        along = held(motions, durations, self.times)
        lack = ((along[..., 1] - problem.speed) ** 2).sum(-1) * self.dt
        braking = np.concatenate((speed == 0.0, np.repeat(pace == 0.0, len(T))))
        return along, self.jerk_cost * squared_jerk(motions, durations) + self.speed_cost * lack, braking

    def _lateral(self, problem: LaneProblem, start: Array) -> tuple[Array, Array, Array, Array, Array]:
        """Motions, the same as the kernel's table, their lengths, ends (M,) and squared jerk (M,)."""
        lanes = np.asarray(problem.lanes, dtype=float)[: self.offsets]
        room = self.width / 2 + self.edge_margin
        others = np.linspace(problem.edges[0] + room, problem.edges[1] - room, self.offsets - len(lanes))
        ends, T = (g.ravel() for g in np.meshgrid(np.concatenate((lanes, others)), self.durations, indexing="ij"))
        goal = np.stack((ends, 0 * ends, 0 * ends), axis=-1)
        if start[1] >= self.low_speed:
            motions = quintic(by_time(start), goal, T)
            table = held(motions, T, self.times)
            return table, np.ascontiguousarray(table.transpose(2, 1, 0)), np.empty(0), ends, squared_jerk(motions, T)
        lengths = self.low_speed * T
        motions = quintic(start[3:], goal, lengths)
        table = np.ascontiguousarray(motions.T.reshape(2, 3, -1).transpose(1, 0, 2))
        return motions, table, lengths, ends, self.low_speed**5 * squared_jerk(motions, lengths)

    def _limits(self, problem: LaneProblem, start: Array) -> Limits:
        # a car that is over the edge already may come back
        turn = np.arctan2(start[4], 1.0)
        middle = start[3] + self.wheelbase / 2 * np.sin(turn)
        reach = (self.width * np.cos(turn) + self.length * abs(np.sin(turn))) / 2
        right, left = problem.edges[0] + self.edge_margin, problem.edges[1] - self.edge_margin
        return Limits(
            float(self.dt), self.length / 2, self.width / 2, self.wheelbase / 2,
            max(float(problem.speed), float(self._start(problem)[3])) + 0.5,
            float(self.acceleration), float(self.braking), float(self.lateral_acceleration),
            float(np.tan(self.steering) / self.wheelbase),
            float(min(right, middle - reach - 0.05)), float(max(left, middle + reach + 0.05)),
            float(self.margin), float(self.time_to_collision), float(self.headway),
        )  # fmt: skip

    def _start(self, problem: LaneProblem) -> Array:
        start = np.asarray(problem.start, dtype=float)
        if start.shape != (6,) or not np.isfinite(start).all():
            raise MalformedInput(
                f"start is {start.tolist()}, but must be x, y, heading, speed, acceleration, curvature"
            )
        return start

    def _obstacles(self, problem: LaneProblem) -> Array:
        """Obstacles (Q, T + 1, 6): x, y, cosine and sine of the heading, velocity."""
        poses, count = np.asarray(problem.obstacles, dtype=float), len(problem.sizes)
        if poses.shape != (count, self.steps + 1, 3) or not np.isfinite(poses).all():
            right = (count, self.steps + 1, 3)
            raise MalformedInput(f"obstacles have shape {poses.shape}, but must be finite and have {right}")
        velocity = np.diff(poses[..., :2], axis=1) / self.dt
        velocity = np.concatenate((velocity, velocity[:, -1:]), axis=1)
        return np.concatenate((poses[..., :2], np.cos(poses[..., 2:]), np.sin(poses[..., 2:]), velocity), axis=-1)


@functools.cache
def _drive(step: Kernel) -> Kernel:
    @kernel
    def drive(states, controls, p, dt):
        for k in range(controls.shape[0]):
            step(states[k], controls[k], p, dt, states[k + 1])

    return drive


def held_by_distance(motions: Array, u: Array, lengths: Array) -> Array:
    """Offset, slope and bend (3, ..., T) of quintics (..., 6) at distances u (..., T) that end at their lengths."""
    c = np.moveaxis(motions, -1, 0)[..., None]
    offset = c[0] + u * (c[1] + u * (c[2] + u * (c[3] + u * (c[4] + u * c[5]))))
    slope = c[1] + u * (2 * c[2] + u * (3 * c[3] + u * (4 * c[4] + u * 5 * c[5])))
    bend = np.where(u < lengths, 2 * c[2] + u * (6 * c[3] + u * (12 * c[4] + u * 20 * c[5])), 0.0)
    return np.stack((offset, slope, bend))
