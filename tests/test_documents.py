"""What the documents print can be typed: commands are understood, the example runs, every key is explained."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from plansim.cli import main, parser
from plansim.scenario.load import load
from plansim.scenario.reading.parts import head_parameters
from tests.conftest import ROOT
from tests.scenarios.test_shipped import skip_without_data

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md"), *(ROOT / "plansim/cli").glob("*_command.py")]
PAGES.append(ROOT / "plansim/cli/__init__.py")
SCENARIOS = (ROOT / "docs/scenarios.md").read_text()


def commands(text: str) -> list[str]:
    """Lines of their own that begin with plansim; a remark begins at a # or after two blanks."""
    found = re.findall(r"^ *(plansim (?:run|check|list|show|compare|evaluate) .*)$", text, flags=re.MULTILINE)
    return [re.split(r" {2,}| \| | # ", line)[0] for line in found]


COMMANDS = [(page, command) for page in PAGES for command in commands(page.read_text())]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the example of the page."""
    monkeypatch.chdir(tmp_path)
    Path("rooms.yaml").write_text(re.findall(r"```yaml\n(.*?)```", SCENARIOS, flags=re.DOTALL)[0])


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[command for _, command in COMMANDS])
def test_a_printed_command_is_understood(page, command, monkeypatch):
    monkeypatch.chdir(ROOT)
    options = parser().parse_args(shlex.split(command)[1:])
    for file in getattr(options, "files", []):
        if Path(file).exists():
            skip_without_data(Path(file))
            load(file, options.set)


def test_the_commands_of_the_scenario_page_run_its_example(place, capsys):
    printed = [command for page, command in COMMANDS if page.name == "scenarios.md"]
    assert len(printed) == 5
    for command in printed:
        assert main(shlex.split(command)[1:]) == 0, command
    assert "B is higher" in capsys.readouterr().out
    files = {path.name for path in Path("runs/rooms-0").iterdir()}
    assert files >= {name for name in re.findall(r"^\| `([\w.]+)/?` \|", SCENARIOS, flags=re.MULTILINE) if "." in name}


def test_the_python_of_the_scenario_page_runs(place, capsys):
    exec(re.findall(r"```python\n(.*?)```", SCENARIOS, flags=re.DOTALL)[0], {})
    assert capsys.readouterr().out.startswith("True [")


def test_the_scenario_page_explains_every_key():
    keys = re.findall(r"^\| `(\w+)` \|", SCENARIOS, flags=re.MULTILINE)
    assert sorted(keys) == sorted(head_parameters())
