"""How long a user waits for the commands that answer at once, from a cold process; and what they must not load."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.record import record

HEAVY = {"torch", "mujoco", "pybullet", "matplotlib", "ray"}
SCENARIO = Path(__file__).parent.parent / "scenarios" / "warehouse_delivery.yaml"


def best_of(code: str, times: int = 7) -> tuple[float, set[str]]:
    """Seconds of a fresh interpreter running the code, the least of several; and the heavy modules that it loads."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    spying = f"import sys\ntry:\n    exec({code!r})\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    loaded = subprocess.run([sys.executable, "-c", spying], check=True, capture_output=True, text=True).stderr
    return min(seconds), HEAVY & set(loaded.splitlines()[-1].split())


def main() -> None:
    start = "from plansim.cli import main; main"
    commands = {
        "python alone": ("pass", None),
        "import plansim": ("import plansim", 0.25),
        "plansim --help": (f"{start}(['--help'])", 0.35),
        "plansim check warehouse_delivery.yaml": (f"{start}(['check', {str(SCENARIO)!r}])", 0.6),
        "plansim list": (f"{start}(['list'])", None),
        "import typer (peer of the command line)": ("import typer", None),
    }
    rows = []
    for name, (code, target) in commands.items():
        try:
            seconds, heavy = best_of(code)
        except subprocess.CalledProcessError:  # the peer is not installed
            continue
        rows.append({"command": name, "seconds": seconds, "target": target or "", "heavy": " ".join(heavy) or "none"})
    record("Cold start", "python -m benchmarks.cold_start", rows, "Best of 7 fresh processes.")
    note = "All kernels of the environments, planners and the agent, and an episode of each, from a fresh process."
    record("Compiling", "python -m benchmarks.cold_start", compiling(), note)


def compiling() -> list[dict[str, object]]:
    """Seconds of `plansim warmup` with an empty cache of kernels, and with a full one."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as cache:
        for name in ("nothing compiled yet", "all compiled"):
            began = time.perf_counter()
            command = [sys.executable, "-m", "plansim", "warmup"]
            subprocess.run(command, check=True, capture_output=True, env={**os.environ, "NUMBA_CACHE_DIR": cache})
            rows.append({"plansim warmup": name, "seconds": time.perf_counter() - began})
    return rows


if __name__ == "__main__":
    main()
