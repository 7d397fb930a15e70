"""One episode while it runs: the policy's side of it, what is kept, and how it ends."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from plansim.core.layout import Layout
from plansim.scenario.episode_log import Log
from plansim.scenario.metrics import columns_for, is_wall_clock, measure
from plansim.scenario.playing.actions import BadAction, Check
from plansim.scenario.playing.record import keep, to_record
from plansim.scenario.playing.timeout import TimedOut, clock_for, within
from plansim.scenario.playing.worlds import Worlds
from plansim.scenario.result import Episode, Record


@dataclass(frozen=True)
class Rules:
    """What holds for every episode of a run."""

    metrics: tuple[str, ...]
    max_steps: int | None = None
    timeout: float | None = None  # s an episode
    recorded: frozenset[int] = frozenset()  # seeds
    variant: str = ""
    dt: float | None = None  # s, the environment's step, where a metric asks for it
    state: Layout | None = None  # of the environment's info "state", likewise


class Finished(NamedTuple):
    episode: Episode
    record: Record | None = None
    traceback: str = ""


class Failed(Exception):
    """An episode cannot go on: its status, the cause in one line, and what is kept for a closer look."""

    def __init__(self, status: str, cause: str, details: str = ""):
        super().__init__(cause)
        self.status, self.cause, self.details = status, cause, details


def policy_seed(seed: int) -> int:
    """The policy's own luck: a stream apart from the environment's."""
    return int(np.random.SeedSequence(seed, spawn_key=(1,)).generate_state(1, np.uint64)[0] >> np.uint64(1))


class Trial:
    def __init__(self, seed: int, policy: Any, check: Check, rules: Rules, *, alarm: bool):
        self.seed, self.policy, self.check, self.rules, self.alarm = seed, policy, check, rules, alarm
        self.log, self.clock = Log(dt=rules.dt, state=rules.state), clock_for(rules.timeout)
        self.recorded = seed in rules.recorded
        wanted = columns_for(rules.metrics)
        self._keeps_actions = self.recorded or "action" in wanted
        self._info_keys = [name[5:] for name in wanted if name.startswith("info.")]
        self._trace_keys = [name[6:] for name in wanted if name.startswith("trace.")]
        self._trace = getattr(policy, "trace", None) if self.recorded or self._trace_keys else None
        self.observation: Any = None

    def begin(self, worlds: Worlds, slot: int) -> None:
        """Takes the first observation, and lets the policy forget everything."""
        self._look(worlds, slot)
        if hasattr(self.policy, "reset"):
            self.ask(lambda: self.policy.reset(seed=policy_seed(self.seed)))

    def act(self) -> Any:
        """The policy's action, held against its space."""
        return self.accept(self.ask(self.policy.act, self.observation))

    def accept(self, action: Any) -> Any:
        try:
            action = self.check(action)
        except BadAction as error:
            place = f" {error.place}" if error.place else ""
            raise self._crash(f"policy returned {error.what} at step {self.log.steps}{place}") from error
        except Exception as error:
            raise self._crash(f"policy returned no action at step {self.log.steps}: {first_line(error)}") from error
        if self._trace is not None:
            self._keep_trace(self.ask(self._trace))
        if self._keeps_actions:
            keep(self.log.columns, "action", action)
        return action

    def _keep_trace(self, said: dict[str, Any]) -> None:
        if not self.recorded:
            said = {key: said[key] for key in self._trace_keys if key in said}
        keep(self.log.columns, "trace", said)

    def step(self, worlds: Worlds, slot: int) -> bool:
        """Takes in what one step of the world has brought; True when the episode is over."""
        reward, terminated, truncated = worlds.outcome(slot)
        self.log.steps += 1
        self.log.total_reward += reward
        if self.recorded:
            keep(self.log.columns, "reward", reward)
        self._look(worlds, slot)
        cut = self.rules.max_steps is not None and self.log.steps >= self.rules.max_steps
        over = terminated or truncated or cut
        if over:
            self.log.info = worlds.info(slot)
            # the environment's own time limit says how it ended; that of the scenario can only say that it did
            self.log.out_of_time = cut and not terminated and "is_success" not in self.log.info
        if not over and self.remaining is not None and self.remaining <= 0:
            raise self.late()
        return over

    def _look(self, worlds: Worlds, slot: int) -> None:
        self.observation = worlds.observation(slot)
        if self.recorded:
            keep(self.log.columns, "observation", self.observation)
            keep(self.log.columns, "info", worlds.info(slot))
            return
        for key in self._info_keys:
            value = worlds.info_value(slot, key)
            if value is not None:
                keep(self.log.columns, f"info.{key}", value)

    # --- time and failure ----------------------------------------------------------------------------------

    @property
    def remaining(self) -> float | None:
        return None if self.rules.timeout is None else self.rules.timeout - self.log.seconds

    def ask(self, question: Callable[..., Any], *args: Any) -> Any:
        """Asks the policy something, within the episode's time; whatever it raises ends this episode alone."""
        began = self.clock()
        try:
            return within(self.remaining if self.alarm else None, question, *args)
        except TimedOut:
            raise self.late() from None
        except (Exception, SystemExit) as error:
            raise self._crash(f"policy raised {first_line(error)} at step {self.log.steps}") from error
        finally:
            spent = self.clock() - began
            self.log.seconds += spent
            self.log.act_seconds += spent

    def late(self) -> Failed:
        limit = f"{self.rules.timeout:g} s"
        return Failed("timeout", f"not over after {limit}", f"the episode was cut at step {self.log.steps}\n")

    def _crash(self, cause: str) -> Failed:
        return Failed("crashed", cause, traceback.format_exc())

    # --- the end -------------------------------------------------------------------------------------------

    def finish(self) -> Finished:
        """Measures an episode that came to its end."""
        if hasattr(self.policy, "metrics"):
            self.log.policy = self.ask(self.policy.metrics)
        values = {name: measure(name, self.log) for name in self.rules.metrics}
        plain, timing = self._split(values)
        return Finished(Episode(self.rules.variant, self.seed, "ok", self._failure(), plain, timing), self._record())

    def fail(self, failed: Failed) -> Finished:
        """Keeps what there is of an episode that broke off: it measured nothing, and was no success."""
        plain, timing = self._split({name: 0 if name == "success" else None for name in self.rules.metrics})
        episode = Episode(self.rules.variant, self.seed, failed.status, failed.cause, plain, timing)
        return Finished(episode, self._record(), failed.details)

    def _split(self, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        timing = {"seconds": self.log.seconds, "seconds_per_step": self.log.act_seconds / max(self.log.steps, 1)}
        timing |= {name: value for name, value in values.items() if is_wall_clock(name)}
        return {name: value for name, value in values.items() if not is_wall_clock(name)}, timing

    def _failure(self) -> str:
        """The environment's word for an episode that is over without success, and what the policy remarks on it."""
        if self.log.info.get("is_success", True) and not self.log.out_of_time:
            return ""
        outcome = "out of time" if self.log.out_of_time else str(self.log.info.get("outcome", "no success"))
        remark = self.ask(self.policy.remark) if hasattr(self.policy, "remark") else ""
        return f"{outcome}: {remark}" if remark else outcome

    def _record(self) -> Record | None:
        return to_record(self.log.columns, self.log.steps) if self.recorded else None


def first_line(error: BaseException) -> str:
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
