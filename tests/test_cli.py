"""The command line as a user meets it: what it prints where, what it leaves, and how it ends."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from plansim.cli import main
from plansim.cli.warmup_command import CURVED, LINEAR
from plansim.scenario.registry import BUILTINS

POLICIES = '''
import time
import numpy as np

class Push:
    """Pushes a pendulum with one torque; goes wrong from a step on, if asked."""

    def __init__(self, torque: float = 1.0, wait: float = 0.0, bad_from: int = 1000000, way: str = "nan"):
        self.torque, self.wait, self.bad_from, self.way = torque, wait, bad_from, way

    def reset(self, seed=None):
        self.steps = 0
        self.luck = np.random.default_rng(seed)

    def act(self, observation):
        self.steps += 1
        if self.wait:
            time.sleep(self.wait)
        if self.steps > self.bad_from:
            if self.way == "raise":
                raise ValueError("no idea what to do")
            while self.way == "hang":
                pass
            return np.array([np.nan if self.way == "nan" else 99.0])
        return np.array([self.torque * self.luck.uniform()])
'''

SCENARIO = {
    "name": "pendulum",
    "seed": 3,
    "episodes": 4,
    "max_steps": 10,
    "env": {"id": "Pendulum-v1"},
    "policy": {"name": "toy_pendulum:Push"},
    "metrics": ["return", "steps"],
    "expect": {"return": "< 0"},
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with a policy that can be imported."""
    (tmp_path / "toy_pendulum.py").write_text(POLICIES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    sys.modules.pop("toy_pendulum", None)
    return tmp_path


def scenario(path: Path, **changes) -> str:
    path.write_text(yaml.safe_dump({**SCENARIO, **changes}, sort_keys=False))
    return str(path)


def policy(**arguments) -> dict:
    return {"name": "toy_pendulum:Push", **arguments}


@pytest.fixture
def file(place):
    return scenario(place / "pendulum.yaml")


def plansim(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "plansim", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


# --- how it ends -------------------------------------------------------------------------------------------


def test_met_is_zero(file, capsys):
    assert main(["run", file, "--no-report"]) == 0
    out, err = capsys.readouterr()
    assert "met      return < 0" in out
    assert f"results: {Path('runs/pendulum-3')}" in err


def test_not_met_is_one(place, capsys):
    file = scenario(place / "s.yaml", expect={"return": "> 0", "steps": "== 10"})
    assert main(["run", file, "--no-report"]) == 1
    assert "NOT MET  return > 0" in capsys.readouterr().out


def test_invalid_is_two_and_nothing_is_run(file, place, capsys):
    other = scenario(place / "other.yaml", polcy={}, metrics=["retrun"])
    assert main(["run", file, other]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "other.yaml:" in err
    assert "'policy'" in err
    assert "'return'" in err
    assert not (place / "runs").exists()


CAUSES = {
    "nan": "policy returned NaN at step 2 (action[0])",
    "outside": "policy returned an action outside its space at step 2 (action[0] = 99 is not within [-2, 2])",
    "raise": "policy raised ValueError: no idea what to do at step 2",
    "hang": "not over after 0.5 s",
}


@pytest.mark.parametrize("way", CAUSES)
def test_a_crash_or_a_timeout_is_three_and_a_row(way, place, capsys):
    file = scenario(place / "s.yaml", policy=policy(way=way, bad_from=2), timeout=0.5, episodes=2)
    assert main(["run", file, "--no-report", "--out", "out"]) == 3
    rows = list(csv.DictReader((place / "out" / "episodes.csv").open()))
    assert [row["cause"] for row in rows] == [CAUSES[way]] * 2
    assert {row["status"] for row in rows} == {"timeout" if way == "hang" else "crashed"}
    assert (place / "out" / "crashes" / "3.txt").exists()
    assert CAUSES[way] in capsys.readouterr().err


@pytest.mark.parametrize("out", ["pendulum.yaml/out", "/proc/out"])
def test_a_folder_that_cannot_be_written_is_two_before_anything_is_run(file, out, capsys):
    assert main(["run", file, "--out", out]) == 2
    assert capsys.readouterr().err.startswith(f"cannot write results to {out}")


def test_what_should_not_happen_is_never_zero(file, monkeypatch, capsys):
    monkeypatch.setattr("plansim.scenario.run.run", lambda *args, **more: 1 / 0)
    assert main(["run", file]) == 3
    assert (
        capsys.readouterr().err
        == "plansim failed: ZeroDivisionError: division by zero (run with -v for the traceback)\n"
    )
    assert main(["run", file, "-v"]) == 3
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["run"], ["fly"], ["run", "x.yaml", "--jobs", "0"], ["run", "--format", "xml"]])
def test_a_command_that_cannot_be_meant_is_two(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_a_misspelt_option_is_answered_with_those_of_its_command(file, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["run", file, "--formt=json"])
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("usage: plansim run [-h]")
    assert err.endswith("unrecognized arguments: --formt=json; did you mean '--format'?\n")


@pytest.mark.parametrize("arguments", [["--seeds", "9:3"], ["--seeds", "x"], ["--set", "policy.torqe=1"]])
def test_options_that_cannot_be_meant_are_two(file, arguments, place):
    assert main(["run", file, *arguments]) == 2
    assert not (place / "runs").exists()


# --- what it prints ----------------------------------------------------------------------------------------


def test_standard_output_is_one_document(file, capsys):
    assert main(["run", file, "--format", "json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["variants"][""]["metrics"]["steps"] == {"mean": 10.0, "low": 10.0, "high": 10.0, "n": 4}
    assert main(["run", file, "--format", "csv", "-q", "--no-report"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    steps = list(csv.DictReader(out.splitlines()))[1]
    assert list(steps) == ["scenario", "variant", "metric", "mean", "low", "high", "n"]
    assert list(steps.values()) == ["pendulum", "", "steps", "10.0", "10.0", "10.0", "4"]


def test_several_scenarios_are_one_document(file, place, capsys):
    other = scenario(place / "other.yaml", name="other")
    assert main(["run", file, other, "--format", "json", "--no-report", "--out", "both"]) == 0
    assert [summary["scenario"] for summary in json.loads(capsys.readouterr().out)] == ["pendulum", "other"]
    assert sorted(path.name for path in (place / "both").iterdir()) == ["other-3", "pendulum-3"]


def test_a_pipe_gets_no_colours_and_a_closed_one_no_complaint(file):
    ended = plansim("run", file, "--no-report")
    assert ended.returncode == 0
    assert "\x1b" not in ended.stdout + ended.stderr
    closed = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m plansim schema | head -c 1"], capture_output=True, timeout=60, check=False
    )
    assert closed.stderr == b""


def test_a_report_is_left_and_named(file, place, capsys):
    assert main(["run", file, "--out", "out"]) == 0
    assert f"report: {Path('out/report.html')}" in capsys.readouterr().err
    assert (place / "out" / "report.html").stat().st_size > 1000
    assert {"scenario.yaml", "episodes.csv", "timing.csv", "summary.json", "manifest.json"} <= set(os.listdir("out"))


def test_the_command_that_a_result_names_can_be_typed(file, place):
    plansim("run", file, "--out", "a b", "--no-report", cwd=place)
    assert json.loads(Path("a b/manifest.json").read_text())["command"] == f"plansim run {file} --out 'a b' --no-report"


def test_the_resolved_scenario_of_a_run_gives_the_same_run(file, place):
    assert main(["run", file, "--out", "a", "--no-report", "--set", "policy.torque=0.5"]) == 0
    assert main(["run", "a/scenario.yaml", "--out", "b", "--no-report"]) == 0
    assert Path("a/episodes.csv").read_bytes() == Path("b/episodes.csv").read_bytes()
    main(["run", file, "--out", "c", "--no-report"])
    assert Path("a/episodes.csv").read_bytes() != Path("c/episodes.csv").read_bytes()


def test_jobs_and_batches_leave_the_same_bytes(place):
    file = scenario(place / "cart.yaml", env={"id": "CartPole-v1"}, policy={"name": "random"}, episodes=30)
    outs = [["--jobs", "1"], ["--jobs", "2", "--batch", "3"], ["--batch", "1"]]
    for i, how in enumerate(outs):
        assert main(["run", file, "--out", str(i), "--no-report", *how]) in (0, 1)
    assert len({Path(f"{i}/episodes.csv").read_bytes() for i in range(3)}) == 1


# --- interrupted -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupted_run_is_resumed_to_the_same_bytes(ending, jobs, place):
    file = scenario(place / "slow.yaml", policy=policy(wait=0.005), episodes=30)
    command = [sys.executable, "-m", "plansim", "run", file, "--out", "out", "--no-report", "--jobs", jobs]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0)
    journal, deadline = place / "out.partial" / "journal.jsonl", time.monotonic() + 30
    while not (journal.exists() and journal.read_bytes().count(b"\n") > 5):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    if ending is signal.SIGINT:
        os.killpg(process.pid, ending)  # a terminal's Ctrl-C reaches the workers too
    else:
        process.kill()
    out, err = process.communicate(timeout=30)
    assert out == ""
    if ending is signal.SIGINT:
        assert process.returncode == 130
        assert "--resume" in err
        assert "Traceback" not in err
    assert not (place / "out").exists()
    before = journal.read_bytes().count(b"\n") - 1
    assert 5 <= before < 30
    assert main(["run", file, "--out", "out", "--no-report"]) == 2  # what was done is not thrown away
    assert main(["run", file, "--out", "out", "--no-report", "--resume", "--jobs", jobs]) == 0
    assert main(["run", file, "--out", "whole", "--no-report", "--set", "policy.wait=0"]) == 0
    assert (place / "out" / "episodes.csv").read_bytes() == (place / "whole" / "episodes.csv").read_bytes()
    assert not journal.exists()


# --- the other commands ------------------------------------------------------------------------------------


def test_check_says_what_is_wrong_with_each_file(file, place, capsys):
    assert main(["check", file]) == 0
    assert capsys.readouterr().out == f"{file}: valid\n"
    bad = scenario(place / "bad.yaml", episodes=-1)
    assert main(["check", bad, file]) == 2
    out, err = capsys.readouterr()
    assert out == f"{file}: valid\n"
    assert "bad.yaml:3:" in err


def test_list_names_every_kind(capsys):
    assert main(["list"]) == 0
    everything = capsys.readouterr().out
    assert main(["list", "planners"]) == 0
    planners = capsys.readouterr().out
    assert "a-star" in planners
    assert "planner  a-star" in " ".join(everything.split()).replace("planner a-star", "planner  a-star")
    for kind, plural in (("policy", "policies"), ("problems", "problems"), ("env", "envs")):
        main(["list", kind])
        alone = capsys.readouterr().out
        assert main(["list", plural]) == 0
        assert capsys.readouterr().out == alone
    assert main(["list", "plnner"]) == 2
    assert "'planner'" in capsys.readouterr().err


def test_show_prints_a_scenario_that_can_be_run(file, place, capsys):
    assert main(["show", file, "--set", "policy.torque=2"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["policy"] == {"name": "toy_pendulum:Push", "torque": 2}
    assert main(["show", file, "--resolved"]) == 0
    resolved = capsys.readouterr().out
    assert yaml.safe_load(resolved)["policy"]["bad_from"] == 1000000
    (place / "again.yaml").write_text(resolved)
    assert main(["check", "again.yaml"]) == 0


def test_texts_that_look_like_numbers_are_shown_as_texts(place, capsys):
    file = scenario(place / "odd.yaml", variants={"one": {}})
    text = Path(file).read_text().replace("pendulum\n", '"1e3"\n', 1).replace("one:", '"0o17":')
    Path(file).write_text(text)
    for how in ([], ["--resolved"]):
        assert main(["show", file, *how]) == 0
        Path("again.yaml").write_text(capsys.readouterr().out)
        assert main(["check", "again.yaml"]) == 0
        capsys.readouterr()


def test_a_scenario_may_come_through_a_pipe(file):
    shown = plansim("show", file, "--resolved").stdout
    assert plansim("check", "-", input=shown).stdout == "-: valid\n"
    told = plansim("check", "-", input=shown.replace("torque", "torqe"))
    assert told.returncode == 2
    assert told.stderr.startswith("-:10:3: policy.torqe: ")


def test_schema_is_json(capsys):
    assert main(["schema"]) == 0
    assert "properties" in json.loads(capsys.readouterr().out)


def test_compare_pairs_two_folders_by_seed(file, capsys):
    main(["run", file, "--out", "a", "-q", "--no-report"])
    main(["run", file, "--out", "b", "-q", "--no-report", "--set", "policy.torque=2", "--seeds", "4:9"])
    capsys.readouterr()
    assert main(["compare", "a", "b", "--format", "json"]) == 0
    rows = {row["metric"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["return"]["n"] == 3
    assert rows["steps"]["difference"] == 0
    assert main(["compare", "a", "b"]) == 0
    assert "95 % interval" in capsys.readouterr().out
    assert main(["compare", "a", "nowhere"]) == 2


@pytest.mark.parametrize("spec", ["random", "toy_pendulum:Push"])
def test_evaluate_needs_no_file(spec, place, capsys):
    arguments = [
        "--env",
        "Pendulum-v1",
        "--policy",
        spec,
        "--seeds",
        "0:5",
        "--set",
        "max_steps=5",
        "--set",
        "env.g=5.0",
    ]
    assert main(["evaluate", *arguments, "--out", "out", "--no-report", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["variants"][""]["metrics"]["steps"]["mean"] == 5
    assert yaml.safe_load(Path("out/scenario.yaml").read_text())["env"]["g"] == 5.0


def test_evaluate_takes_weights(place, capsys):
    import numpy as np

    save_file = pytest.importorskip("safetensors.numpy").save_file
    save_file(
        {"0.weight": np.zeros((1, 3)), "0.bias": np.array([0.5])},
        "w.safetensors",
        {"policy": "mlp", "activation": "relu", "output": "none"},
    )
    arguments = ["--env", "Pendulum-v1", "--policy", "w.safetensors", "--seeds", "0:2", "--set", "max_steps=5"]
    assert main(["evaluate", *arguments, "--out", "out", "--no-report"]) == 0


def test_doctor_names_what_is_there_and_what_is_not(capsys, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/proc/nowhere")
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "not writable" in out
    assert all(word in out for word in ("gymnasium 1.", "EGL", "plansim", "PLANSIM_DATA"))


def test_warmup_leaves_nothing_to_compile(capsys):
    assert main(["warmup"]) == 0
    assert main(["warmup"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert all(": 0 kernels compiled" in line for line in lines[len(lines) // 2 : -1])
    assert lines[-1].startswith("warm after")


def test_warmup_estimates_once_with_every_kind_of_filter_and_tracker(capsys):
    assert main(["warmup", "--estimators"]) == 0
    said = capsys.readouterr().err
    assert all(f"{name}, " in said for name in (*LINEAR, *CURVED, "interacting-multiple-model"))
    assert all(f"tracker, {name}: " in said for name in BUILTINS["associator"])


def test_warmup_plans_once_with_every_planner(capsys):
    assert main(["warmup", "--planners"]) == 0
    said = capsys.readouterr().err
    assert all(f"planner {name}: " in said for name in ("a-star", "truck-hybrid-a-star", "bit-star", "hierarchical"))


# --- how long it takes -------------------------------------------------------------------------------------


HEAVY = {"torch", "mujoco", "pybullet", "matplotlib", "ray", "numba"}


@pytest.mark.parametrize(
    "command", ["import plansim", "main(['check', 'pendulum.yaml'])", "main(['list'])", "main(['doctor'])"]
)
def test_quick_commands_load_nothing_heavy(file, command):
    code = f"import sys; from plansim.cli import main; {command}; print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert HEAVY.isdisjoint(ended.stderr.splitlines()[-1].split())


def test_help_teaches():
    ended = plansim("run", "--help")
    assert ended.returncode == 0
    assert all(word in ended.stdout for word in ("examples:", "exit status:", "--resume", "130"))
    assert all(word in plansim("--help").stdout for word in ("examples:", "exit status:", "warmup", "doctor"))


# --- what is not installed, and where a policy may lie -----------------------------------------------------


WITHOUT = "import sys; sys.modules['{}'] = None; from plansim.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize("module", ["gymnasium", "pydantic"])
def test_without_its_extra_a_command_says_the_line_that_brings_it(module, file):
    for command in (["run", file], ["check", file], ["schema"], ["evaluate", "--env", "x", "--policy", "random"]):
        ended = subprocess.run(
            [sys.executable, "-c", WITHOUT.format(module), *command], capture_output=True, text=True, timeout=60
        )
        assert ended.returncode == 2
        assert ended.stderr == f"{module} is not installed: pip install 'plansim[envs]'\n"


def test_doctor_finds_a_runner_without_its_extra_wanting(file):
    ended = subprocess.run([sys.executable, "-c", WITHOUT.format("pydantic"), "doctor"], timeout=60, check=False)
    assert ended.returncode == 1


def test_a_policy_may_lie_in_the_working_directory(file, place):
    code = "import sys; sys.path.remove(''); from plansim.cli import main; sys.exit(main(sys.argv[1:]))"
    command = ["evaluate", "--env", "Pendulum-v1", "--policy", "toy_pendulum:Push", "--seeds", "0:2"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for jobs in ("1", "2"):
        command += ["--set", "max_steps=3", "--no-report", "--out", jobs, "--jobs", jobs, "-q"]
        ended = subprocess.run([sys.executable, "-c", code, *command], env=environment, timeout=60, check=False)
        assert ended.returncode == 0
