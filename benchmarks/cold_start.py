"""How long a user waits for the commands that answer at once, from a cold process; and what they must not load."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.record import record

HEAVY = {"torch", "mujoco", "pybullet", "matplotlib", "ray"}
SCENARIO = """\
name: cold
env: {id: plansim/GridNavigation-v0, map: {name: warehouse}}
policy: {name: random}
"""


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
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cold.yaml"
        file.write_text(SCENARIO)
        start = "from plansim.cli import main; main"
        commands = {
            "python alone": ("pass", None),
            "import plansim": ("import plansim", 0.25),
            "plansim --help": (f"{start}(['--help'])", 0.35),
            "plansim check": (f"{start}(['check', {str(file)!r}])", 0.6),
            "plansim list": (f"{start}(['list'])", None),
            "import typer (peer of the command line)": ("import typer", None),
        }
        rows = []
        for name, (code, target) in commands.items():
            try:
                seconds, heavy = best_of(code)
            except subprocess.CalledProcessError:  # the peer is not installed
                continue
            rows.append(
                {"command": name, "seconds": seconds, "target": target or "", "heavy": " ".join(heavy) or "none"}
            )
    record("Cold start", "python -m benchmarks.cold_start", rows, "Best of 7 fresh processes.")


if __name__ == "__main__":
    main()
