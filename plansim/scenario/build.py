"""A scenario becomes what a runner needs: environments and policies, made as often as it asks."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from plansim.control.base import Policy
from plansim.core.errors import MalformedInput, near_miss
from plansim.scenario.reading.environments import creator_of
from plansim.scenario.reading.parts import Parts
from plansim.scenario.reading.problems import Report
from plansim.scenario.reading.recipe import Workshop
from plansim.scenario.reading.resolve import parts_of
from plansim.scenario.reading.signature import SPACES, signature
from plansim.scenario.schema import Scenario

if TYPE_CHECKING:
    import gymnasium


@dataclasses.dataclass(frozen=True)
class Simulation:
    """One variant of a scenario, ready to run. Maps and models are made once and shared; policies are fresh."""

    scenario: Scenario  # as the variant has it
    variant: str = ""
    parts: Parts = dataclasses.field(repr=False, compare=False, kw_only=True)

    @functools.cached_property
    def env_arguments(self) -> dict[str, Any]:
        """What the environment is given."""
        return self._made(self.parts.env)

    @functools.cached_property
    def spaces(self) -> dict[str, Any]:
        """The action_space and observation_space of the environment."""
        env = self.make_env()
        found = {name: getattr(env, name) for name in SPACES}
        env.close()
        return found

    def make_env(self, render_mode: str | None = None) -> gymnasium.Env:
        """A new environment. Who runs it checks the actions, so Gymnasium's own checker is left out."""
        import gymnasium

        arguments = {**self.env_arguments, **self._limit}
        return gymnasium.make(self.parts.env.id, render_mode=render_mode, disable_env_checker=True, **arguments)

    def make_vector_env(self, num_envs: int) -> gymnasium.vector.VectorEnv | None:
        """So many worlds in one that resets none by itself; None where the environment has no such form."""
        import gymnasium
        from gymnasium.vector import AutoresetMode

        creator = creator_of(self.parts.env.spec.vector_entry_point)
        if creator is None or "autoreset_mode" not in signature(creator).parameters:
            return None
        arguments = {**self.env_arguments, **self._limit, "autoreset_mode": AutoresetMode.DISABLED}
        return gymnasium.make_vec(self.parts.env.id, num_envs, vectorization_mode="vector_entry_point", **arguments)

    @property
    def _limit(self) -> dict[str, int]:
        """The scenario's limit in place of the one that the environment is registered with; else the runner stops."""
        limit = self.scenario.max_steps
        return {} if limit is None or self.parts.env.spec.max_episode_steps is None else {"max_episode_steps": limit}

    def make_policy(self) -> Policy:
        """A new policy that shares nothing with others but maps and models, which never change."""
        return self._made(self.parts.policy)

    def _made(self, recipe: Any) -> Any:
        report = Report()
        made = recipe.make(Workshop(self.scenario.shared, report, lambda name: self.spaces[name]))
        report.raise_if_any()
        return made


def build(scenario: Scenario, variant: str = "") -> Simulation:
    """The scenario, or one of its variants. Raises InvalidScenario for what cannot be built."""
    if variant and variant not in scenario.variants:
        raise MalformedInput(f"there is no variant {variant!r}{near_miss(variant, scenario.variants)}")
    parts = parts_of(scenario, variant)
    varied = dataclasses.replace(scenario, **parts.written, **parts.limits)
    varied.shared.update(scenario.shared)
    simulation = Simulation(varied, variant, parts=parts)
    report = Report()
    parts.env.attempt(Workshop(varied.shared, report))
    report.raise_if_any()
    simulation.make_policy()
    scenario.shared.update(varied.shared)
    return simulation
