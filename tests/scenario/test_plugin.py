"""A package that knows plansim, and that plansim knows nothing of, is installed and used."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PLUGIN = ROOT / "tests" / "plugin"
USE = """
import json
from plansim import build, load, run
from plansim.scenario.catalogue import names
scenario = load("pond.yaml")
result = run(scenario)
print(json.dumps({
    "env": names("env"), "planner": names("planner"), "policy": names("policy"),
    "policy made": repr(build(scenario).make_policy()),
    "success": [episode.metrics["success"] for episode in result.episodes],
    "clearance": [episode.metrics["clearance"] for episode in result.episodes],
    "corners": [episode.metrics["corners"] for episode in result.episodes],
    "met": result.met,
}))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Runs Python in the plug-in's folder, where it is installed beside plansim."""
    target = tmp_path_factory.mktemp("site")
    command = [
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        str(target),
        str(PLUGIN),
    ]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([sys.executable, "-m", "pip", *command], check=True, env=environment)
    path = os.pathsep.join([str(target), str(ROOT), str(ROOT / "envs")])

    def python(*arguments):
        environment = {**os.environ, "PYTHONPATH": path}
        return subprocess.run(
            [sys.executable, *arguments], cwd=PLUGIN, env=environment, capture_output=True, text=True, check=False
        )

    return python


@pytest.fixture(scope="module")
def used(python):
    done = python("-c", USE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_installed_package_adds_to_every_kind(used):
    assert used["env"]["example/Pond-v0"] == "Cross a square pond from west to east, around a rock."
    assert used["planner"]["detour"].startswith("The shortest free path")
    assert used["policy"]["follow-plan"].startswith("Plans once")
    assert "a-star" in used["planner"]


def test_its_components_are_checked_built_and_run_like_built_in_ones(used):
    assert used["policy made"] == "FollowPlan(planner=Detour(count=300, spread=6.0, spacing=0.05), margin=0.3)"
    assert used["success"] == [1] * 5
    assert all(0.25 < clearance < 2.0 for clearance in used["clearance"])
    assert used["corners"] == [1] * 5
    assert used["met"]


def test_the_command_line_knows_them(python):
    assert "detour" in python("-m", "plansim", "list", "planner").stdout
    assert python("-m", "plansim", "check", "pond.yaml").returncode == 0
    wrong = python("-m", "plansim", "check", "pond.yaml", "--set", "policy.planner.cuont=3", "--set", "env.rock=9")
    assert wrong.returncode == 2
    assert "policy.planner.cuont: detour has no parameter 'cuont'; did you mean 'count'?" in wrong.stderr
    assert "rock is 9.0 m, but must leave a metre of water" in wrong.stderr


def test_without_it_its_names_are_unknown():
    done = subprocess.run(
        [sys.executable, "-m", "plansim", "check", "pond.yaml"], cwd=PLUGIN, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "there is no environment 'example/Pond-v0'" in done.stderr
    assert "there is no policy 'follow-plan'" in done.stderr


def test_the_page_shows_the_code_of_the_package():
    page = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    shown = re.findall(r"`(tests/plugin/[\w./]+)`:?\n\n```\w+\n(.*?)```", page, re.DOTALL)
    assert {name for name, _ in shown} >= {f"tests/plugin/{n}" for n in ("pyproject.toml", "pond.yaml")}
    for name, excerpt in shown:
        code = (ROOT / name).read_text(encoding="utf-8")
        for part in re.split(r"^ *\.\.\.\n", excerpt, flags=re.MULTILINE):
            assert part.strip("\n") in code, f"{name} does not contain:\n{part}"
