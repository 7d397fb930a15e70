"""Overtaking by a rule: gap acceptance on the part of the other lane that is surely clear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.road import Road
from plansim.driving.scene import Driver, Overtaker, Scene, distance_in, following, time_to_gain
from plansim.driving.traffic import LENGTH, NUMBER, SPEED, S


@dataclass
class OvertakingRule:
    """Overtakes if the clear part of the other lane is long enough for the whole manoeuvre.

    T is the time that it takes to pass from where it is, speeding up, and to come back. Whatever may come at
    `oncoming_speed` must still be `margin` metres away after T. Once begun, the manoeuvre is carried out. With
    `assume_hidden` False only who is seen counts, as if nobody were where it cannot see.

    >>> driver = OvertakingRule(Road())
    >>> observation = {"state": [20.0, -1.75, 0.0, 10.0], "vehicles": np.zeros((1, 6)), "seen": np.zeros(1)}
    >>> bool(driver.act(observation)[0] > 0)  # nobody is ahead
    True
    """

    road: Road
    driver: Driver = Driver()
    assume_hidden: bool = True
    margin: float = 20.0  # m
    _now: Overtaker = field(init=False, repr=False)
    _passing: Array = field(init=False, repr=False)  # rows of the observation that are being passed

    def __post_init__(self) -> None:
        self.reset()

    @property
    def dt(self) -> float:
        return self.driver.dt

    def reset(self, seed: int | None = None) -> None:
        self._now, self._passing = Overtaker(self.road, self.driver), np.empty(0)

    def act(self, observation: Mapping[str, Any]) -> Array:
        now, driver = self._now, self.driver
        scene = now.look(observation)
        if now.out:
            passed = scene.lane[np.isin(scene.lane[:, NUMBER], self._passing)]
            fronts = passed[:, S] + passed[:, LENGTH] / 2
            now.out = bool((fronts > scene.s - driver.length / 2 - driver.merge_gap).any())
        elif now.waits(scene) and self._accepts(scene):
            now.out, self._passing = True, scene.platoon(driver)[:, NUMBER]
            now.begin()
        return now.control(scene, driver.acceleration if now.out else following(scene, driver))

    def metrics(self) -> dict[str, float]:
        """How often it began to overtake, and after how many seconds at first."""
        return self._now.metrics()

    def trace(self) -> dict[str, Array]:
        return self._now.trace()

    def _accepts(self, scene: Scene) -> bool:
        driver, platoon = self.driver, scene.platoon(self.driver)
        first, last, speed = platoon[0], platoon[-1], float(scene.state[3])
        gap = first[S] - first[LENGTH] / 2 - scene.s - driver.length / 2
        if gap < max(speed - first[SPEED], 0.0) * driver.change_time + 4.0:
            return False
        way = last[S] + last[LENGTH] / 2 + driver.merge_gap + driver.length / 2 - scene.s
        time = time_to_gain(way, speed, last[SPEED], driver) + driver.change_time
        clear = (scene.clear_until if self.assume_hidden else scene.first_oncoming) - scene.s - driver.length / 2
        return bool(clear >= distance_in(time, speed, driver) + driver.oncoming_speed * time + self.margin)
