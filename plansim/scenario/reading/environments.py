"""Gymnasium environments by their id: what a scenario may set in them."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium

from plansim.core.errors import MalformedInput, near_miss
from plansim.scenario import registry
from plansim.scenario.reading.check import check_arguments
from plansim.scenario.reading.nodes import REFUSED, Node, describe
from plansim.scenario.reading.problems import Report, below
from plansim.scenario.reading.recipe import BROKEN, FAILED, Call, Recipe, Value, Workshop
from plansim.scenario.reading.signature import Parameter, Signature, signature

# what the runner hands over by itself
_OURS = ("render_mode", "max_episode_steps", "num_envs", "autoreset_mode", "id")


def find(env_id: str) -> Any:
    """The `gymnasium.envs.registration.EnvSpec` of an id; `module:Id-v0` imports the module first."""
    failed = load_plugins()
    module, _, name = env_id.rpartition(":")
    if module:
        registry.load_module(module)
    spec = gymnasium.registry.get(name)
    if spec is None:
        hint = near_miss(name, gymnasium.registry) or near_miss(name, registered())
        excuses = "".join(f" (the plug-in {plugin!r} cannot be imported: {why})" for plugin, why in failed.items())
        raise MalformedInput(f"there is no environment {name!r}{hint}{excuses}")
    return spec


def registered() -> dict[str, str]:
    """Every id that does not come with Gymnasium itself, and `module:class` of its environment."""
    load_plugins()
    points = {i: spec.entry_point or spec.vector_entry_point for i, spec in gymnasium.registry.items()}
    addresses = {i: p if isinstance(p, str) else registry.address(p) for i, p in points.items()}
    return {i: where for i, where in addresses.items() if not where.startswith(("gymnasium.", "shimmy."))}


@functools.cache
def load_plugins() -> dict[str, str]:
    """Imports every package of the group `plansim.envs`: plug-in -> reason, of those that cannot be imported."""
    points = dict(registry.entry_points("plansim.envs"))
    if importlib.util.find_spec("plansim_envs"):  # a checkout that is not installed has no metadata
        points.setdefault("plansim", "plansim_envs")
    failed = {}
    for name, module in points.items():
        try:
            importlib.import_module(module.partition(":")[0])
        except Exception as error:  # a broken plug-in must not take the others with it
            failed[name] = f"{type(error).__name__}: {error}"
    return failed


@dataclasses.dataclass(frozen=True, eq=False)
class Environment:
    """A checked environment: its id, its class and the arguments of `gymnasium.make`."""

    id: str
    spec: Any
    creator: Callable[..., Any]
    call: Call  # of the dataclass of its parameters, or of the class itself

    def plain(self, folder: Path | None = None) -> dict[str, Any]:
        return {"id": self.id, **self.call.plain(folder)}

    def make(self, workshop: Workshop) -> Any:
        """The arguments as objects, or FAILED where they are refused.

        They are tried on the dataclass of the environment's parameters. Where it has none, on the environment itself.
        """
        made = {name: argument.make(workshop) for name, argument in self.call.arguments.items()}
        known = self.spec.kwargs if self.call.target is self.creator else self.call.schema.parameters
        preset = {name: value for name, value in self.spec.kwargs.items() if name not in made and name in known}
        arguments = {name: Value(value, None) for name, value in (preset | made).items()}
        tried = dataclasses.replace(self.call, arguments=arguments).make(workshop)
        if isinstance(tried, gymnasium.Env):
            tried.close()
        return FAILED if tried is FAILED else made

    def attempt(self, workshop: Workshop) -> None:
        """Makes the environment itself and throws it away: a map without room is only found by looking at it."""
        arguments = self.make(workshop)
        if arguments is FAILED:
            return
        try:
            gymnasium.make(self.id, disable_env_checker=True, **arguments).close()
        except MalformedInput as error:
            workshop.report.add(self.call.place, self.call.path, str(error))


def check_environment(node: Node, path: str, report: Report, folder: Path) -> Environment | Recipe:
    """`{id: plansim/GridWorld-v0, ...}` against the parameters of that environment."""
    name = node.value.get("id") if isinstance(node.value, dict) else node
    if node.value is REFUSED or (name is not None and name.value is REFUSED):
        return BROKEN
    if name is None or not isinstance(name.value, str):
        found = describe(name or node)
        report.add((name or node).place, path, f"an environment is a mapping with an 'id', found {found}")
        return BROKEN
    try:
        spec = find(name.value)
        creator = creator_of(spec.entry_point or spec.vector_entry_point)
        schema = schema_of(spec)
    except MalformedInput as error:
        report.add(name.place, path if name is node else below(path, "id"), str(error))
        return BROKEN
    if name is node:
        node = Node({}, node.place)
    arguments, whole = check_arguments(node, schema, name.value, path, report, folder, skip=("id",))
    target = _described_by(creator)
    return Environment(name.value, spec, creator, Call(target, None, "env", schema, arguments, node.place, path, whole))


def creator_of(point: Any) -> Any:
    """The class or function of an entry point: `module:attribute`, itself, or None."""
    return registry.load(point) if isinstance(point, str) else point


def _described_by(creator: Any) -> Any:
    """The dataclass of its parameters where it has one, else the creator itself."""
    parameters = getattr(creator, "parameters", None)
    return parameters if dataclasses.is_dataclass(parameters) else creator


def schema_of(spec: Any) -> Signature:
    """What the constructor takes, with the defaults of the registration, without what the runner sets itself."""
    found = signature(_described_by(creator_of(spec.entry_point or spec.vector_entry_point)))
    own = {
        name: dataclasses.replace(p, default=spec.kwargs.get(name, p.default)) for name, p in found.parameters.items()
    }
    added = {name: Parameter(name, Any, value) for name, value in spec.kwargs.items() if found.open and name not in own}
    return Signature({n: p for n, p in (own | added).items() if n not in _OURS}, found.open)
