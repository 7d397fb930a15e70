"""The errors that plansim raises: all say where, what was found, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PlansimError(Exception):
    """Whatever plansim itself refuses."""


class MalformedInput(PlansimError, ValueError):
    """An argument or a file that cannot be meant: wrong shape, NaN, outside its bounds."""


class MissingExtra(PlansimError, ImportError):
    """A part that is not installed; the message is the command that mends it."""


def near_miss(word: str, candidates: Iterable[str]) -> str:
    """`; did you mean 'wheelbase'?`, or nothing when no candidate is near."""
    matches = difflib.get_close_matches(str(word), list(candidates), n=1)
    return f"; did you mean '{matches[0]}'?" if matches else ""


def require(module: str, extra: str):
    """Imports an optional module, or says which extra brings it."""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        if error.name is not None and error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingExtra(f"{module} is not installed: pip install 'plansim[{extra}]'") from error
