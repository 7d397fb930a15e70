"""The direction of imports, and what robot code must not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

HEAVY = ["torch", "gymnasium", "mujoco", "pybullet", "pydantic", "matplotlib", "numba"]


def modules(*folders: str) -> list[str]:
    files = [path for folder in folders for path in sorted((ROOT / "plansim" / folder).rglob("*.py"))]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files]


def test_imports_point_down_the_house():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_robot_modules_load_no_simulator_no_torch_no_display():
    robot = [*modules("core", "models", "planning", "estimation", "tracking", "control"), "plansim.agent"]
    code = f"import sys, {', '.join(robot)}; print(*set({HEAVY}) & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(robot) > 20
    assert result.stdout.split() == []
