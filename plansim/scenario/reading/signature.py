"""What a class or function takes: the schema of every component, read from its constructor."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from plansim.core.errors import MalformedInput

REQUIRED = inspect.Parameter.empty
SPACES = ("action_space", "observation_space")  # what a component may ask of the environment that it is built for
ARRAY = ("plansim.core.arrays", "Array")


@dataclasses.dataclass(frozen=True)
class Parameter:
    name: str
    annotation: Any  # typing.Any where it has none, or none that can be evaluated
    default: Any = REQUIRED

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


@dataclasses.dataclass(frozen=True)
class Signature:
    parameters: Mapping[str, Parameter]
    open: bool = False  # takes any further name: **kwargs
    spaces: tuple[str, ...] = ()  # handed over by the environment, never written in a scenario
    late: bool = False  # it needs one of them: it cannot be made before there is an environment

    @property
    def required(self) -> list[str]:
        return [name for name, parameter in self.parameters.items() if parameter.required]


@functools.lru_cache(maxsize=1024)
def signature(target: Callable[..., Any]) -> Signature:
    """The named parameters of a class or function, their annotations evaluated, defaults of factories made."""
    try:
        found = inspect.signature(target)
    except (ValueError, TypeError) as error:
        raise MalformedInput(f"{getattr(target, '__qualname__', target)} does not say what it takes") from error
    fields = {field.name: field for field in dataclasses.fields(target)} if _is_dataclass(target) else {}  # type: ignore[arg-type]
    parameters = {}
    for name, parameter in found.parameters.items():
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            owner = _owner(target, name)
            default = fields[name].default_factory() if _has_factory(fields.get(name)) else parameter.default  # type: ignore
            parameters[name] = Parameter(name, _evaluated(parameter.annotation, owner), default)
    spaces = tuple(name for name in SPACES if name in parameters)
    own = {name: parameter for name, parameter in parameters.items() if name not in spaces}
    late = any(parameters[name].required for name in spaces)
    return Signature(own, any(p.kind is p.VAR_KEYWORD for p in found.parameters.values()), spaces, late)


def _is_dataclass(target: Any) -> bool:
    return isinstance(target, type) and dataclasses.is_dataclass(target)


def _has_factory(field: dataclasses.Field[Any] | None) -> bool:
    return field is not None and field.default_factory is not dataclasses.MISSING


def _owner(target: Any, name: str) -> Any:
    """Whose module the annotation is written in: the class that declares the field, or the constructor's."""
    if _is_dataclass(target):
        return next((c for c in target.__mro__ if name in inspect.get_annotations(c)), target)
    return target.__init__ if isinstance(target, type) and inspect.isfunction(target.__init__) else target  # type: ignore[misc]


def _evaluated(annotation: Any, owner: Any) -> Any:
    if annotation is REQUIRED:
        return Any
    if not isinstance(annotation, str):
        return annotation
    module = sys.modules.get(getattr(owner, "__module__", ""))
    try:
        return eval(annotation, {"__builtins__": builtins.__dict__}, _Names(module))
    except Exception:  # whatever an annotation may hold: it is not for us to judge
        return Any


class _Names(dict):  # type: ignore[type-arg]
    """The names of a module, those that it imports for type checkers alone included."""

    def __init__(self, module: Any) -> None:
        super().__init__(vars(module) if module else {})
        self.module = module
        if self.get("Array") is Any:  # plansim's alias, which would say nothing
            self["Array"] = np.ndarray

    def __missing__(self, name: str) -> Any:
        where = _for_type_checkers(self.module.__file__).get(name) if self.module else None
        if where is None:
            raise KeyError(name)
        return np.ndarray if where == ARRAY else getattr(importlib.import_module(where[0]), where[1])


@functools.lru_cache(maxsize=256)
def _for_type_checkers(path: str) -> dict[str, tuple[str, str]]:
    """name -> (module, attribute) of what a file imports under `if TYPE_CHECKING:`."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    guarded = [node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    imports = [node for block in guarded for node in block.body if isinstance(node, ast.ImportFrom)]
    return {a.asname or a.name: (node.module, a.name) for node in imports for a in node.names if node.module}
