"""Simulates robots that sense, estimate, plan and act.

`plansim.run("scenario.yaml")` is the command line's `plansim run` in Python; robot code imports what it needs
from `plansim.planning`, `plansim.estimation` and their neighbours, and loads no simulator by that.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Result", "build", "load", "run"]

_LAZY = {
    "Result": "plansim.scenario.result",
    "build": "plansim.scenario.build",
    "load": "plansim.scenario.load",
    "run": "plansim.scenario.run",
}

if TYPE_CHECKING:
    from plansim.scenario.build import build
    from plansim.scenario.load import load
    from plansim.scenario.result import Result
    from plansim.scenario.run import run


def __getattr__(name: str):
    if name not in _LAZY:
        raise AttributeError(f"module 'plansim' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LAZY[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
