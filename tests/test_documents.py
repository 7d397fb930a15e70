"""What the documents print can be typed: commands are understood, examples run, links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from plansim.cli import main, parser
from plansim.scenario.load import load
from plansim.scenario.reading.parts import head_parameters
from plansim.scenario.registry import BUILTINS
from tests.conftest import ROOT
from tests.scenarios.test_shipped import skip_without_data

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md"), *(ROOT / "plansim/cli").glob("*_command.py")]
PAGES.append(ROOT / "plansim/cli/__init__.py")
SCENARIOS = (ROOT / "docs/scenarios.md").read_text()
CHOOSING = ROOT / "docs/planners/README.md"
PLANNERS = sorted(page for page in CHOOSING.parent.glob("*.md") if page != CHOOSING)
METHODS = sorted(page for kind in ("estimators", "trackers") for page in (ROOT / "docs" / kind).glob("[a-z]*.md"))


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


@pytest.mark.parametrize("page", PLANNERS, ids=[page.stem for page in PLANNERS])
def test_the_page_of_a_planner_runs_says_all_and_fits_a_screen(page, capsys):
    text = page.read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, page.name, "exec"), {})
    assert capsys.readouterr().out
    for part in ("Problem", "(When|Choose[^*]*)", "Guarantee", "Cost", "Sources?"):
        assert re.search(rf"^\*\*{part}\b", text, flags=re.MULTILINE), part
    assert len(text.splitlines()) < 50
    assert re.fullmatch(r"[a-z0-9_]+", page.stem), "names of pages are words with underscores"


@pytest.mark.parametrize("page", METHODS, ids=[f"{page.parent.name}/{page.stem}" for page in METHODS])
def test_the_page_of_an_estimator_or_tracker_runs_says_all_and_fits_a_screen(page, capsys):
    text = page.read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, page.name, "exec"), {})
    assert capsys.readouterr().out
    for part in ("Problem", "Assumptions", "When to choose it", "Pitfalls", "Cost", "Sources?"):
        assert re.search(rf"^\*\*{part}\b", text, flags=re.MULTILINE), part
    assert len(text.splitlines()) < 60
    choosing = (page.parent / "README.md").read_text()
    assert f"]({page.name})" in choosing, f"{page.parent.name}/README.md does not lead to it"


def test_the_choosing_page_leads_to_every_planner():
    text = CHOOSING.read_text()
    rows = re.findall(r"^\| \[[^]]+\]\(([^)]+)\) \| `([\w-]+)`", text, flags=re.MULTILINE)
    assert {name for _, name in rows} == set(BUILTINS["planner"])
    assert {page.name for page in PLANNERS} == set(re.findall(r"\]\((\w+\.md)\)", text))


def test_the_links_and_pictures_of_the_documents_exist():
    for page in (page for page in PAGES if page.suffix == ".md"):
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_every_picture_is_shown_somewhere():
    shown = "".join(page.read_text() for page in PAGES if page.suffix == ".md")
    pictures = [path.name for path in (ROOT / "docs/pictures").iterdir()]
    assert not [name for name in pictures if f"pictures/{name}" not in shown]
