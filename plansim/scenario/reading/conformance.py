"""Is a component what the place asks for? Told by its class, before anything is built."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_origin

from plansim.scenario.registry import address


def complaint(target: Callable[..., Any], annotation: Any) -> str:
    """Why what `target` makes cannot stand where `annotation` is asked for; empty where it can, or nobody knows."""
    wanted = get_origin(annotation) or annotation
    if not isinstance(target, type) or not isinstance(wanted, type) or wanted in (Any, list, tuple):
        return ""
    if getattr(wanted, "_is_protocol", False):
        missing = [name for name in _methods(wanted) if not hasattr(target, name)]
        return f"{target.__name__} is no {wanted.__name__}: it has no {missing[0]!r}" if missing else ""
    if issubclass(target, wanted) or address(target) == address(wanted):
        return ""
    return f"expected {wanted.__name__}, found {target.__name__}"


def _methods(protocol: type) -> list[str]:
    """Its functions. Attributes may be set as late as in the constructor, so nothing is said about them."""
    classes = [c for c in protocol.__mro__ if getattr(c, "_is_protocol", False)]
    named = {name: value for c in classes for name, value in vars(c).items() if not name.startswith("_")}
    return [name for name, value in named.items() if inspect.isfunction(value)]
