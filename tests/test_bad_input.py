"""Whatever a tired person gives to the command line: what it answers, how it exits, and that nothing else happens."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import pytest

from plansim.cli import main

POLICIES = '''
import os, signal
import numpy as np

class Wrong:
    """Stands still, but does one wrong thing at the third step: an interrupt in the second episode alone."""

    episodes = 0

    def __init__(self, way: str = "nan"):
        self.way = way

    def reset(self, seed=None):
        Wrong.episodes += 1
        self.steps = 0

    def act(self, observation):
        self.steps += 1
        if self.steps == 3 and self.way == "interrupt" and Wrong.episodes == 2:
            os.kill(os.getpid(), signal.SIGINT)
        if self.steps == 3 and self.way in ("nan", "outside"):
            return np.array([np.nan if self.way == "nan" else 99.0, 0.0])
        return np.zeros(2)

class CannotAct:
    def reset(self, seed=None): ...
'''
WALLED = "type octile\nheight 5\nwidth 7\nmap\n" + "...@...\n" * 5

DRIVE = """\
name: drive
episodes: 3
env: {id: plansim/GridNavigation-v0, map: {name: rooms}, max_steps: 5}
policy: {name: "tired:Wrong", way: none}
"""

WALK = """\
name: walk
env:
  id: plansim/GridWorld-v0
  map: &map {name: movingai-map, path: walled.map}
  problems: {name: movingai-problems, path: walled.scen}
  max_steps: 9
policy: {name: agent, map: *map, planner: a-star, controller: grid-moves}
metrics: [success, plans_failed]
expect: {success: ">= 1"}
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with policies, maps and two scenarios."""
    (tmp_path / "tired.py").write_text(POLICIES)
    (tmp_path / "walled.map").write_text(WALLED)
    (tmp_path / "walled.scen").write_text("version 1\n0\twalled.map\t7\t5\t0\t0\t6\t4\t10\n")
    (tmp_path / "drive.yaml").write_text(DRIVE)
    (tmp_path / "walk.yaml").write_text(WALK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("tired", None)
    return tmp_path


@pytest.fixture
def run(place, capsys):
    """Runs a scenario: exit status, standard output, standard error, and the rows of episodes.csv if there are any."""

    def run(file, *options):
        status = main(["run", file, "--out", "out", "--no-report", "-q", *options])
        table = Path("out/episodes.csv")
        return status, *capsys.readouterr(), list(csv.DictReader(table.open())) if table.exists() else []

    return run


# --- what is known before anything is run ------------------------------------------------------------------


REFUSED = {
    "start in a wall": (
        "drive.yaml",
        "env.start=[0.0, 0.0, 0.0]",
        "drive.yaml:3:6: env: start is (0.0, 0.0, 0.0), but the map has no room for 0.25 m around it",
    ),
    "start off the map": ("drive.yaml", "env.start=[99, 99, 0]", "env: start is (99.0, 99.0, 0.0), but the map has no"),
    "goal off the map": (
        "drive.yaml",
        "env.goal=[99, 99]",
        "env: goal is (99.0, 99.0), but the map has no room for it",
    ),
    "goals that no map has": (
        "drive.yaml",
        "env.min_distance=1000",
        "min_distance is 1000.0 m, but no connected places",
    ),
    "map with short rows": (
        "walk.yaml",
        "env.map.path=short.map",
        "short.map:6: the row has 2 cells, but the header says width 3",
    ),
    "yaml without its image": (
        "drive.yaml",
        "env.map={name: ros-map, path: gone.yaml}",
        "gone.yaml:1: image: there is no file",
    ),
    "yaml that is no map": (
        "drive.yaml",
        "env.map={name: ros-map, path: drive.yaml}",
        "is missing",
    ),
    "folder for a map": ("walk.yaml", "env.map.path=.", "Is a directory"),
    "missing map": ("walk.yaml", "env.map.path=waled.map", "there is no file 'waled.map'"),
    "unknown environment": ("walk.yaml", "env.id=plansim/GridWorld-v9", "did you mean 'plansim/GridWorld-v0'?"),
    "module that is not there": ("drive.yaml", "policy.name=tird:Wrong", "'tird' cannot be imported"),
    "class that is not there": (
        "drive.yaml",
        "policy.name=tired:Wrnog",
        "'tired' has no 'Wrnog'; did you mean 'Wrong'?",
    ),
    "policy that cannot act": ("drive.yaml", "policy=tired:CannotAct", "CannotAct is no Policy: it has no 'act'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_anything_is_run(case, place, run):
    file, change, message = REFUSED[case]
    (place / "short.map").write_text("type octile\nheight 2\nwidth 3\nmap\n...\n..\n")
    (place / "gone.yaml").write_text(
        "image: gone.pgm\nresolution: 0.1\norigin: [0, 0, 0]\nnegate: 0\noccupied_thresh: 0.65\nfree_thresh: 0.2\n"
    )
    status, out, err, _ = run(file, "--set", change)
    assert (status, out) == (2, "")
    assert message in err
    assert not list(place.glob("out*"))


def test_ten_mistakes_in_one_file_are_ten_lines(place, run):
    text = DRIVE + "sed: 1\ntimeout: soon\nrecord: -1\nmetrics: [sucess]\nmax_steps: 1.5\n"
    for right, wrong in (("episodes: 3", "episodes: -3"), ("rooms}", "room}"), ("drive", "a/b"), ("max_", "mx_")):
        text = text.replace(right, wrong, 1)
    (place / "ten.yaml").write_text(text.replace("way: none", "wy: none"))
    status, out, err, _ = run("ten.yaml")
    told = [line for line in err.splitlines() if line.startswith("ten.yaml:")]
    assert (status, out, len(told)) == (2, "", 10)
    lines = [int(line.split(":")[1]) for line in told]
    assert lines == sorted(lines)
    assert sum("did you mean" in line for line in told) == 5


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "bad.yaml:1:1: the file is empty"),
        (
            b"name: x\nenv:\n\tid: a\n",
            "bad.yaml:3:1: this character cannot begin a value (YAML is indented with",
        ),
        (DRIVE.encode("utf-16"), "bad.yaml:1:1: byte 0xff is not UTF-8"),
        (DRIVE.encode() + b"name: again\n", "bad.yaml:5:1: name: the key stands here twice, first in line 1"),
        (DRIVE.encode() + b"seed: 1e999\n", "bad.yaml:5:7: seed: numbers must be finite and fit 64 bits, found 1e999"),
        (DRIVE.encode() + b"expect: {success: 1}\n", "expected a comparison in quotes, such as '>= 0.95', found 1"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_where(data, message, place, run):
    (place / "bad.yaml").write_bytes(data)
    status, out, err, _ = run("bad.yaml")
    assert (status, out) == (2, "")
    assert message in err


def test_windows_line_ends_and_a_byte_order_mark_are_no_mistakes(place, run):
    (place / "bom.yaml").write_bytes(DRIVE.replace("\n", "\r\n").encode("utf-8-sig"))
    status, _, err, rows = run("bom.yaml")
    assert (status, err, len(rows)) == (0, "", 3)


def test_a_read_only_output_folder_is_told_before_anything_is_run(place, run):
    (place / "locked").mkdir(mode=0o555)
    locked = "/proc" if os.geteuid() == 0 else "locked"  # nothing is locked for root, but a folder of the kernel's
    status, out, err, _ = run("drive.yaml", "--out", f"{locked}/out")
    assert (status, out) == (2, "")
    assert err.startswith(f"cannot write results to {locked}/out")


# --- what only running can tell ----------------------------------------------------------------------------


def test_an_unreachable_goal_is_not_met_and_the_planner_says_that_it_failed(run):
    status, out, _, rows = run("walk.yaml")
    assert status == 1
    assert "NOT MET  success >= 1 (0)" in out
    assert [(row["status"], row["success"]) for row in rows] == [("ok", "0")]
    assert int(rows[0]["plans_failed"]) >= 1
    assert rows[0]["cause"].endswith("there is no path from the start to the goal")


@pytest.mark.parametrize(
    ("way", "cause"),
    [
        ("nan", "policy returned NaN at step 2 (action[0])"),
        ("outside", "policy returned an action outside its space at step 2 (action[0] = 99 is not within [-0.5, 1])"),
    ],
)
def test_a_wrong_action_ends_its_episode_and_is_three(way, cause, run):
    status, out, _, rows = run("drive.yaml", "--set", f"policy.way={way}")
    assert status == 3
    assert f"3 × {cause}" in out
    assert [(row["status"], row["cause"]) for row in rows] == [("crashed", cause)] * 3
    assert "Traceback" in Path("out/crashes/0.txt").read_text()


def test_an_interrupt_in_the_middle_keeps_what_was_done(run):
    interrupted = ("drive.yaml", "--set", "policy.way=interrupt", "--batch", "1")
    status, out, err, rows = run(*interrupted)
    assert (status, out, rows) == (130, "", [])
    assert "interrupted after 1 of 3 episodes" in err
    assert "they are kept in out.partial, and the same command with --resume goes on from there" in err
    assert "Traceback" not in err
    status, _, _, rows = run(*interrupted, "--resume")
    assert (status, len(rows)) == (0, 3)
