"""Plays episodes, many side by side where the environment has a vector form.

World slots are refilled as their episodes end. An episode depends on its seed alone, so neither its slot nor its
neighbours change it. What breaks many worlds at once is played again one by one, so that only the guilty one fails.
"""

from __future__ import annotations

import contextlib
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from plansim.scenario.playing.actions import action_check
from plansim.scenario.playing.timeout import TimedOut, alarms, clock_for, within
from plansim.scenario.playing.trial import Failed, Finished, Rules, Trial, first_line
from plansim.scenario.playing.worlds import make_worlds

if TYPE_CHECKING:
    from plansim.scenario.build import Simulation

HEARTBEAT = 1.0  # s; a rollout yields None about so often while no episode ends


def rollout(simulation: Simulation, seeds: Sequence[int], rules: Rules, batch: int = 64) -> Iterator[Finished | None]:
    """The episodes of these seeds, in the order in which they end; None now and then is a sign of life."""
    with alarms(rules.timeout is not None) as alarm:
        yield from _rollout(simulation, deque(seeds), rules, batch, alarm)


def _rollout(simulation: Simulation, queue: deque[int], rules: Rules, batch: int, alarm: bool):
    while queue:
        stage = _Stage(simulation, rules, min(batch, len(queue)), alarm)
        try:
            yield from stage.play(queue)
        except _Broken as broken:
            if stage.worlds.size == 1:
                yield from (trial.fail(broken.failed(trial)) for trial in stage.trials.values())
            else:
                unfinished = deque(trial.seed for trial in stage.trials.values())
                yield from _rollout(simulation, unfinished, rules, 1, alarm)
        finally:
            stage.close()


class _Broken(Exception):
    """The worlds, or a policy that acts for all of them, cannot go on."""

    def __init__(self, error: BaseException, who: str):
        super().__init__(str(error))
        self.error, self.who = error, who
        self.details = "".join(traceback.format_exception(error))

    def failed(self, trial: Trial) -> Failed:
        if isinstance(self.error, TimedOut):
            return trial.late()
        return Failed("crashed", f"{self.who} raised {first_line(self.error)} at step {trial.log.steps}", self.details)


class _Stage:
    """Worlds, the policies that act in them, and the episodes that are going on: one a slot."""

    def __init__(self, simulation: Simulation, rules: Rules, size: int, alarm: bool):
        self.simulation, self.rules, self.alarm = simulation, rules, alarm
        self.worlds, self.clock = make_worlds(simulation, size), clock_for(rules.timeout)
        self.check = action_check(self.worlds.action_space)
        self.policies: dict[int, Any] = {}
        self.shared = self._shared_policy()
        self.trials: dict[int, Trial] = {}

    def _shared_policy(self) -> Any:
        """A policy that says `batched = True` keeps nothing between calls, and acts for all worlds at once."""
        policy = self.policies[0] = self.simulation.make_policy()
        return policy if getattr(policy, "batched", False) else None

    def play(self, queue: deque[int]) -> Iterator[Finished | None]:
        beat = self.clock()
        while True:
            yield from self._fill(queue)
            if not self.trials:
                return
            actions: dict[int, Any] = {}
            yield from self._act(actions)
            if not actions:
                continue
            self._in_the_world(self.worlds.step, actions)
            for slot in actions:
                yield from self._take(slot)
            if self.clock() - beat > HEARTBEAT:
                beat = self.clock()
                yield None

    def _fill(self, queue: deque[int]) -> Iterator[Finished]:
        """Begins an episode in every free slot."""
        while queue and len(self.trials) < self.worlds.size:
            free = [slot for slot in range(self.worlds.size) if slot not in self.trials][: len(queue)]
            for slot in free:
                self.trials[slot] = self._trial(slot, queue.popleft())
            self._in_the_world(self.worlds.reset, free, [self.trials[slot].seed for slot in free])
            for slot in free:
                try:
                    self.trials[slot].begin(self.worlds, slot)
                except Failed as failed:
                    yield self._drop(slot, failed)

    def _trial(self, slot: int, seed: int) -> Trial:
        policy = self.shared
        if policy is None:
            policy = self.policies.get(slot) or self.policies.setdefault(slot, self.simulation.make_policy())
        return Trial(seed, policy, self.check, self.rules, alarm=self.alarm)

    def _act(self, actions: dict[int, Any]) -> Iterator[Finished]:
        if self.shared is None:
            decisions: list[tuple[int, Any, tuple]] = [(slot, trial.act, ()) for slot, trial in self.trials.items()]
        else:
            rows = self._act_together()
            trials = self.trials.items()
            decisions = [(slot, trial.accept, (row,)) for (slot, trial), row in zip(trials, rows, strict=True)]
        for slot, decide, row in decisions:
            try:
                actions[slot] = decide(*row)
            except Failed as failed:
                yield self._drop(slot, failed)

    def _act_together(self) -> Sequence[Any]:
        trials = list(self.trials.values())
        began = self.clock()
        try:
            return within(self._patience(), self.shared.act, _stacked([trial.observation for trial in trials]))
        except (Exception, SystemExit, TimedOut) as error:
            raise _Broken(error, "policy") from error
        finally:
            share = (self.clock() - began) / len(trials)
            for trial in trials:
                trial.log.seconds += share
                trial.log.act_seconds += share

    def _in_the_world(self, function: Any, *args: Any) -> None:
        """Runs the environment; its time is shared by the episodes in it."""
        began = self.clock()
        try:
            within(self._patience(), function, *args)
        except (Exception, SystemExit, TimedOut) as error:
            raise _Broken(error, "environment") from error
        finally:
            share = (self.clock() - began) / len(self.trials)
            for trial in self.trials.values():
                trial.log.seconds += share

    def _patience(self) -> float | None:
        remaining = [trial.remaining for trial in self.trials.values() if trial.remaining is not None]
        return max(remaining) if self.alarm and remaining else None

    def _take(self, slot: int) -> Iterator[Finished]:
        trial = self.trials[slot]
        try:
            if trial.step(self.worlds, slot):
                finished = trial.finish()
                del self.trials[slot]
                yield finished
        except Failed as failed:
            yield self._drop(slot, failed)

    def _drop(self, slot: int, failed: Failed) -> Finished:
        """Ends an episode that failed; its policy is in no state to be trusted again."""
        if self.shared is None:
            self.policies.pop(slot, None)
        return self.trials.pop(slot).fail(failed)

    def close(self) -> None:
        with contextlib.suppress(Exception):  # what broke may not close either
            self.worlds.close()


def _stacked(observations: list[Any]) -> Any:
    """Observations of many worlds as one, (B, ...)."""
    first = observations[0]
    if isinstance(first, dict):
        return {key: _stacked([observation[key] for observation in observations]) for key in first}
    if isinstance(first, tuple):
        return tuple(_stacked(list(part)) for part in zip(*observations, strict=True))
    return np.stack(observations)
