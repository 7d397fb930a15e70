"""When and how to pass slower vehicles on the lane of those who come against: the best safe way on a lattice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.planning.base import Budget, Plan, Stats, Status, Stopwatch, no_plan
from plansim.planning.trajectory.lane_search_kernels import search
from plansim.planning.trajectory.polynomials import held, quintic


@dataclass(frozen=True, eq=False)
class PassingProblem:
    """A car behind slower vehicles on a lane, beside a lane of vehicles that come against it; s along the road."""

    s: float  # m, of the car's middle
    speed: float  # m/s
    offset: float  # m, where in its lane it drives while it waits
    lanes: tuple[float, float]  # m, offsets of the middles of its own and of the other lane
    ahead: Array  # (K, 4) vehicles of its own lane, the nearest first: s, speed, length, width
    clear_until: float  # m, s up to which the other lane is empty; nothing is known beyond
    oncoming_speed: float  # m/s, the fastest with which something may come from there
    passing: int = 1  # how many of those ahead are to be passed
    phase: int = 0  # how far the car is: 0 in its own lane, `changing` in the other one, 2 changing - 1 nearly back


@dataclass(frozen=True)
class LaneSearch:
    """The fastest way past what is ahead that is safe whatever comes from beyond the clear part of the other lane.

    Dynamic programming over time, phase of the manoeuvre, speed and place, exact on its lattice: accelerations are
    multiples of 2 m/s² held for steps of `dt`, so that speeds and places fall on multiples of 2 dt and dt². At worst
    a vehicle is just where the clear part ends, and comes at `oncoming_speed`: while the car is in the way of the
    other lane, it and `margin` before it stay clear of that. The plan ends in the car's own lane, ahead of what it has
    passed.

    >>> import dataclasses
    >>> truck = np.array([[40.0, 7.0, 12.0, 2.5]])
    >>> sees = PassingProblem(0.0, 7.0, -0.8, (-1.75, 1.75), truck, clear_until=320.0, oncoming_speed=14.0)
    >>> plan = LaneSearch().plan(sees)
    >>> plan.solved, bool(plan.states[-1, 0] > 40.0)
    (True, True)
    >>> LaneSearch().plan(dataclasses.replace(sees, clear_until=120.0)).status.name
    'NO_PATH'
    """

    dt: float = 0.5  # s
    horizon: float = 13.0  # s
    top_speed: float = 20.0  # m/s
    acceleration: float = 2.0  # m/s^2, the strongest
    braking: float = 4.0  # m/s^2, likewise
    changing: int = 5  # steps that a change of lane takes
    length: float = 4.6  # m, of the car
    width: float = 1.9  # m, of every car
    margin: float = 12.0  # m, to what may come, at any time
    gap: float = 6.0  # m, ahead of what was passed, and behind what is ahead
    side: float = 0.3  # m, between vehicles that are beside each other

    def __post_init__(self) -> None:
        for name in ("dt", "horizon", "top_speed", "acceleration", "braking", "changing", "length", "width"):
            if not getattr(self, name) > 0:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        if self.acceleration < 2.0 or self.changing < 2:
            raise MalformedInput(f"acceleration {self.acceleration} and changing {self.changing} must be at least 2")

    def plan(self, problem: PassingProblem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        """States (T + 1, 3) s, offset, speed; controls (T, 2) acceleration and whether to be on the way out (1) or not.

        Cost: metres behind a drive at top speed at the horizon, a little for braking and for time in the other lane.
        The lower bound is that of the lattice. NO_PATH: nothing safe within the horizon.
        """
        watch = Stopwatch()
        ahead = np.asarray(problem.ahead, dtype=float).reshape(-1, 4)
        if not 1 <= problem.passing <= len(ahead) or not 0 <= problem.phase < 2 * self.changing:
            found = f"passing is {problem.passing} of {len(ahead)} ahead, phase {problem.phase}"
            raise MalformedInput(f"{found}, but must be at least 1 of them, and 0 .. {2 * self.changing - 1}")
        steps = round(self.horizon / self.dt)
        offsets, own, other = self.phases(problem)
        room = np.column_stack((ahead[:, 0] - problem.s, ahead[:, 1], (ahead[:, 2] + self.length) / 2))
        accelerations = 2.0 * np.arange(-int(self.braking // 2), int(self.acceleration // 2) + 1)
        reach = problem.clear_until - problem.s - self.length / 2 - self.margin
        cost, chosen, phases, expanded = search(
            float(problem.speed), float(self.top_speed), float(self.dt), steps, problem.phase, self.changing,
            accelerations, room, problem.passing, own, other, float(reach), float(problem.oncoming_speed),
            float(self.gap), float(self.braking),
        )  # fmt: skip
        stats = Stats(expanded=int(expanded), seconds=watch.seconds)
        if not np.isfinite(cost):
            return no_plan(Status.NO_PATH, 3, stats)
        a = accelerations[chosen]
        speed = problem.speed + self.dt * np.concatenate(([0.0], np.cumsum(a)))
        s = problem.s + np.concatenate(([0.0], np.cumsum(self.dt * (speed[:-1] + speed[1:]) / 2)))
        outward = (phases[1:] > 0) & (phases[1:] <= self.changing)
        controls = np.column_stack((a, outward.astype(float)))
        offset = np.where((phases == 0) & (np.cumsum(phases) > 0), problem.lanes[0], offsets[phases])
        states = np.column_stack((s, offset, speed))
        return Plan(
            Status.SOLVED, states, float(cost), controls, stats, float(cost), times=self.dt * np.arange(steps + 1)
        )

    def phases(self, problem: PassingProblem) -> tuple[Array, Array, Array]:
        """By phase: the offset at its beginning, and whether the car is in the way of its own and of the other lane."""
        n, (home, out) = self.changing, problem.lanes
        T = np.array(n * self.dt)
        t = np.linspace(0.0, float(T), 10 * n + 1)
        ways = [
            held(quintic(np.array([a, 0.0, 0.0]), np.array([b, 0.0, 0.0]), T)[None], T[None], t)[0, :, 0]
            for a, b in ((problem.offset, out), (out, home))
        ]
        offset = np.concatenate([way[:-1] for way in ways]).reshape(2 * n, 10)
        ends = np.concatenate((offset, np.concatenate([way[10::10] for way in ways])[:, None]), axis=1)
        ahead = np.asarray(problem.ahead, dtype=float).reshape(-1, 4)
        wide = (ahead[:, 3].max() + self.width) / 2 + self.side
        own = (ends < home + wide).any(1)
        other = (ends > out - self.width - self.side).any(1)
        return offset[:, 0], own, other
