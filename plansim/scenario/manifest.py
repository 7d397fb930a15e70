"""What a result says of its making: versions, machine, command."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def manifest(about: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader needs to run it again."""
    import platform
    import shlex

    from plansim import __version__

    return {
        "plansim": __version__,
        "command": shlex.join(sys.argv),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": versions(),
        **about,
    }


def versions() -> dict[str, str]:
    """Of the libraries that are loaded by now, and so may have had a part in the result."""
    from importlib import metadata

    known = ("numpy", "scipy", "numba", "gymnasium", "networkx", "mujoco", "pybullet", "torch")
    return {name: metadata.version(name) for name in known if name in sys.modules}
