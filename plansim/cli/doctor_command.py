"""`plansim doctor`: what is installed, what is missing, and the line that brings it."""

from __future__ import annotations

import argparse
import ctypes.util
import importlib.util
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from plansim.cli.extras import EXTRAS

EPILOG = """\
Looks without loading: nothing is compiled, no window is opened.
exit status: 0 plansim can run scenarios, 1 something that it needs is missing.
"""

_CORE = ("numpy", "scipy", "numba", "networkx", "PyYAML", "pillow")
_RUNNER = ("gymnasium", "pydantic")  # no scenario runs without them

Row = tuple[str, str, str]  # what, how it is, what to do


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def command(options: argparse.Namespace) -> int:
    from plansim.cli import MET, NOT_MET
    from plansim.cli.tables import aligned

    rows = [*_versions(), *_extras(), *_graphics(), *_folders()]
    sys.stdout.write(aligned(["what", "found", "to mend"], rows) + "\n")
    usable = all(importlib.util.find_spec(name) for name in _RUNNER) and all(version(name) for name in _CORE)
    return MET if usable else NOT_MET


def version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _versions() -> Iterator[Row]:
    from plansim import __version__

    yield "plansim", __version__, ""
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}", ""
    for name in _CORE:
        yield name, version(name) or "missing", "" if version(name) else f"pip install {name}"


def _extras() -> Iterator[Row]:
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        found = ", ".join(f"{d} {version(d) or ''}".strip() for m, d in modules.items() if m not in missing)
        mend = f"pip install 'plansim[{extra}]'" if missing else ""
        yield f"extra {extra}", "; ".join(filter(None, [found, *(f"no {name}" for name in missing)])), mend


def _graphics() -> Iterator[Row]:
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    yield "display", display or "none", "" if display else "pictures and videos need none; a window does"
    for name, library, package in (
        ("OpenGL", "GL", "libgl1"),
        ("EGL", "EGL", "libegl1"),
        ("OSMesa", "OSMesa", "libosmesa6"),
    ):
        found = ctypes.util.find_library(library)
        yield name, found or "none", "" if found else f"for MuJoCo's and PyBullet's cameras: apt install {package}"
    chosen = os.environ.get("MUJOCO_GL")
    hint = "" if chosen or display or not ctypes.util.find_library("EGL") else "without a display: export MUJOCO_GL=egl"
    yield "MUJOCO_GL", chosen or "not set", hint


def _folders() -> Iterator[Row]:
    cache = kernel_cache()
    usable = writable(cache)
    mend = "" if usable else "export NUMBA_CACHE_DIR=<a folder that you may write to>, or every start compiles anew"
    yield "compiled kernels", f"{cache}, {_kernels(cache)} kept" + ("" if usable else ", not writable"), mend
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        yield "NUMBA_DISABLE_JIT", "set: kernels run as plain Python, slowly", "unset NUMBA_DISABLE_JIT"
    data = os.environ.get("PLANSIM_DATA", "")
    there = bool(data) and Path(data).is_dir()
    found = data if there else f"{data}, absent" if data else "not set"
    yield "data (PLANSIM_DATA)", found, "" if there else "only scenarios on recorded maps need it"


def kernel_cache() -> Path:
    """Where machine code is kept between runs: numba's folder if one is set, else beside the sources."""
    import plansim

    chosen = os.environ.get("NUMBA_CACHE_DIR")
    return Path(chosen) if chosen else Path(plansim.__file__).parent


def _kernels(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.nbi")) if folder.is_dir() else 0


def writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder if folder.exists() else folder.parent):
            return True
    except OSError:
        return False
