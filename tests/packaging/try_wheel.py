"""Builds the wheel, compares its files with the tree, and plans a path with it in an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROBOT = """
import sys
import numpy as np
from plansim.agent import Agent
from plansim.control.pure_pursuit import PurePursuit
from plansim.core.grid import OccupancyGrid
from plansim.estimation.localization.monte_carlo import MonteCarloLocalization
from plansim.models.lidar_likelihood import LikelihoodField
from plansim.models.unicycle import Unicycle
from plansim.planning.grid.astar import AStar
from plansim.planning.base import Problem, Status
from plansim.planning.grid.space import GridSpace

cells = np.zeros((20, 30))
cells[:15, 10] = cells[5:, 20] = 1.0
space = GridSpace(OccupancyGrid(cells, resolution=0.5))
plan = AStar().plan(Problem(space, start=np.array([1.0, 1.0]), goal=np.array([14.0, 1.0])))
assert plan.status is Status.SOLVED and plan.optimal, plan
heavy = {"torch", "gymnasium", "mujoco", "pybullet", "pydantic", "matplotlib"} & set(sys.modules)
assert not heavy, f"robot code loaded {heavy}"
print(f"planned {plan.cost:.3f} m through {len(plan.states)} states")
"""


def expected_files() -> set[str]:
    """What git tracks of the packages and the scenarios, as it must lie in the wheel."""
    tracked = subprocess.run(
        ["git", "ls-files", "plansim", "envs", "scenarios"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\n")
    moved = (name.removeprefix("envs/") for name in tracked if name)
    return {f"plansim/{name}" if name.startswith("scenarios/") else name for name in moved}


def run(*command: str, cwd: str | Path = ROOT) -> None:
    subprocess.run(command, cwd=cwd, check=True, env={**os.environ, "PYTHONPATH": ""})


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder)
        wheel = next(Path(folder).glob("*.whl"))
        packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
        missing, extra = expected_files() - packed, packed - expected_files()
        assert not missing, f"the wheel lacks {sorted(missing)}"
        assert not extra, f"the wheel should not have {sorted(extra)}"

        environment = Path(folder, "empty")
        venv.create(environment, with_pip=True)
        python = str(environment / "bin" / "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run(*pip, "--constraint", str(ROOT / "constraints.txt"), str(wheel))
        run(python, "-c", ROBOT, cwd=folder)
        run(str(environment / "bin" / "plansim"), "--help", cwd=folder)
    print(f"{wheel.name}: {len(packed)} files, installs without extras, plans a path")


if __name__ == "__main__":
    main()
