"""Overtaking by search: the fastest manoeuvre that is safe whatever comes from where it cannot see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.road import Road
from plansim.driving.scene import Driver, Overtaker, Scene, following
from plansim.driving.traffic import LENGTH, NUMBER, SPEED, WIDTH, S
from plansim.planning.trajectory.lane_search import LaneSearch, PassingProblem


@dataclass
class OptimalOvertaking:
    """Overtakes as `LaneSearch` finds fastest, and waits behind while there is no safe way.

    It searches anew at every step of the search's lattice. So it takes a run-up behind the truck, is faster beside it,
    and needs less of the other lane than the rule. On its way it keeps to the last plan where the search finds none.

    >>> driver = OptimalOvertaking(Road())
    >>> observation = {"state": [20.0, -1.75, 0.0, 10.0], "vehicles": np.zeros((1, 6)), "seen": np.zeros(1)}
    >>> bool(driver.act(observation)[0] > 0)  # nobody is ahead
    True
    """

    road: Road
    driver: Driver = Driver()
    planner: LaneSearch = LaneSearch()
    _now: Overtaker = field(init=False, repr=False)

    def __post_init__(self) -> None:
        planner, driver = self.planner, self.driver
        if abs(planner.dt / driver.dt - self._ticks) > 1e-9:
            raise MalformedInput(
                f"the planner's dt is {planner.dt} s, but must be a multiple of the driver's {driver.dt}"
            )
        lasts = planner.changing * planner.dt
        if abs(lasts - driver.change_time) > 1e-9:
            raise MalformedInput(f"a change of lane takes the planner {lasts} s, but the driver {driver.change_time} s")
        self.reset()

    @property
    def dt(self) -> float:
        return self.driver.dt

    @property
    def _ticks(self) -> int:
        return max(round(self.planner.dt / self.driver.dt), 1)

    def reset(self, seed: int | None = None) -> None:
        self._now = Overtaker(self.road, self.driver)
        self._passing: Array = np.empty(0)  # rows of the observation that are being passed
        self._controls: Array | None = None  # (T, 2) of the plan, from now on
        self._phase = self._searches = self._expanded = 0

    def act(self, observation: Mapping[str, Any]) -> Array:
        now = self._now
        scene = now.look(observation)
        if now.steps % self._ticks == 0:
            self._decide(scene)
        acceleration = following(scene, self.driver) if self._controls is None else float(self._controls[0, 0])
        return now.control(scene, acceleration)

    def metrics(self) -> dict[str, float]:
        """How often it began to overtake, after how many seconds at first, searches, and states that they looked at."""
        return {**self._now.metrics(), "searches": self._searches, "expanded": self._expanded}

    def trace(self) -> dict[str, Array]:
        return self._now.trace()

    def _decide(self, scene: Scene) -> None:
        """What to do until the lattice's next step."""
        self._advance()
        if self._phase == 0:
            self._passing = scene.platoon(self.driver)[:, NUMBER]
        if self._phase or self._now.waits(scene):
            found = self._search(scene)
            if found is not None:
                self._controls = found
            elif self._phase == 0:
                self._controls = None
        elif self._controls is not None:
            self._controls = None
        outward = self._controls is not None and bool(self._controls[0, 1])
        if outward and not self._now.out and self._phase == 0:
            self._now.begin()
        self._now.out = outward

    def _advance(self) -> None:
        """The phase and the plan after the step that was carried out."""
        if self._controls is None:
            return
        n, outward = self.planner.changing, self._now.out
        stays = (self._phase == 0 and not outward) or (self._phase == n and outward)
        self._phase = self._phase if stays else (self._phase + 1) % (2 * n)
        came_back = self._phase == 0 and not stays
        self._controls = None if came_back or len(self._controls) < 2 else self._controls[1:]

    def _search(self, scene: Scene) -> Array | None:
        passing = np.isin(scene.lane[:, NUMBER], self._passing)
        beyond = (scene.lane[:, S] > scene.lane[passing, S].max(initial=-np.inf)) & ~passing
        if not passing.any():
            return None
        now, ahead = self._now, np.concatenate((scene.lane[passing], scene.lane[beyond]))
        plan = self.planner.plan(PassingProblem(
            scene.s, float(scene.state[3]), now.home + self.driver.peek, (now.home, now.other),
            ahead[:, [S, SPEED, LENGTH, WIDTH]], scene.clear_until, self.driver.oncoming_speed,
            int(passing.sum()), self._phase,
        ))  # fmt: skip
        self._searches, self._expanded = self._searches + 1, self._expanded + plan.stats.expanded
        return plan.controls if plan.solved else None
