"""What a result says of its making: versions, machine, command."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def manifest(about: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader needs to run it again."""
    import platform

    from plansim import __version__

    return {
        "plansim": __version__,
        "command": command(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": versions(),
        **about,
    }


def command() -> str:
    """As it was typed; `python -m plansim` shows itself as the path of a file, and is `plansim`."""
    import plansim

    package = Path(plansim.__file__).parent
    program = "plansim" if Path(sys.argv[0]).parent in (package, package / "cli") else sys.argv[0]
    return shlex.join([program, *sys.argv[1:]])


def versions() -> dict[str, str]:
    """Of the libraries that are loaded by now, and so may have had a part in the result."""
    from importlib import metadata

    known = ("numpy", "scipy", "numba", "gymnasium", "networkx", "mujoco", "pybullet", "torch")
    return {name: metadata.version(name) for name in known if name in sys.modules}
