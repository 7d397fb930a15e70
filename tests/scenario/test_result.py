"""What episodes add up to, and the folder that keeps them."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
from scipy import stats

from plansim.core.errors import MalformedInput
from plansim.scenario.expectations import parse_bound
from plansim.scenario.folder import UnwritableOutput, episodes_csv, stem
from plansim.scenario.result import Episode, Result
from plansim.scenario.run import run
from plansim.scenario.statistics import student, wilson
from tests.scenario.toys import Scenario, Simulation, Troubled


def test_a_rates_interval_is_wilsons():
    # Newcombe (1998), table I: 81 of 263, method 3
    rate = wilson([1] * 81 + [0] * 182)
    assert (round(rate.low, 4), round(rate.high, 4)) == (0.2553, 0.3662)
    # and 0 of 20: the upper end is z² / (n + z²)
    assert wilson([0] * 20)[:2] == (0.0, 0.0)
    assert wilson([0] * 20).high == pytest.approx(0.1611, abs=5e-5)
    assert wilson([1] * 20).high == 1.0


def test_a_means_interval_is_students():
    values = np.random.default_rng(0).normal(3.0, 2.0, 17).tolist()
    low, high = stats.t.interval(0.95, 16, np.mean(values), stats.sem(values))
    assert student(values)[:3] == pytest.approx((np.mean(values), low, high), rel=1e-12)


def test_one_value_has_no_interval_and_none_has_no_mean():
    assert student([4.0]) == (4.0, None, None, 1)
    assert student([]) == wilson([]) == (None, None, None, 0)


def episode(seed: int, success: int | None = 1, status: str = "ok", cause: str = "", variant: str = "", **more):
    return Episode(variant, seed, status, cause, {"success": success, **more}, {"seconds": 0.1 * seed})


def test_a_crash_is_no_success_and_no_number_of_anything_else():
    result = Result(Scenario(), (episode(0, steps=10), episode(1, 0, "crashed", "boom", steps=None)))
    assert result.values("success") == [1, 0]
    assert result.values("steps") == [10]
    assert result.summary()["variants"][""]["failures"] == {"boom": 1}


def test_where_the_environment_knows_no_success_a_crash_does_not_invent_it():
    result = Result(Scenario(), (episode(0, None), episode(1, 0, "crashed", "boom")))
    assert result.estimate("success").n == 0


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (">= 0.95", (">=", 0.95, "")),
        ("<1e-3", ("<", 1e-3, "")),
        ("< 0.5 * dijkstra.expanded", ("<", 0.5, "dijkstra.expanded")),
        ("<= plan_cost", ("<=", 1.0, "plan_cost")),
    ],
)
def test_expectations_compare_with_a_number_or_another_mean(text, parts):
    assert parse_bound(text) == parts


@pytest.mark.parametrize("text", ["0.95", "=> 1", "about 3", "", "< 2 *", "< -x"])
def test_what_compares_nothing_is_refused(text):
    with pytest.raises(MalformedInput, match="comparison"):
        parse_bound(text)


def test_expectations_may_hold_one_variant_against_another():
    episodes = [episode(s, variant=v, expanded=n + s) for v, n in (("a-star", 10), ("dijkstra", 40)) for s in (0, 1)]
    expect = {
        "success": ">= 1",
        "a-star.expanded": "< 0.5 * dijkstra.expanded",
        "dijkstra.expanded": "< a-star.expanded",
    }
    result = Result(Scenario(expect=expect), tuple(episodes))
    assert [(line.variant, line.text, line.met) for line in result.expectations()] == [
        ("a-star", "success >= 1", True),
        ("dijkstra", "success >= 1", True),
        ("a-star", "expanded < 0.5 * dijkstra.expanded", True),
        ("dijkstra", "expanded < a-star.expanded", False),
    ]
    assert not result.met


def test_what_nobody_measured_meets_nothing():
    result = Result(Scenario(expect={"clearance": "> 0"}), (episode(0),))
    assert [tuple(line) for line in result.expectations()] == [("", "clearance > 0", None, False)]


def test_a_table_survives_commas_quotes_and_letters(tmp_path):
    cause = 'policy raised ValueError: "so, nicht", sagte π at step 3'
    result = Result(Scenario(), (episode(0, 0, "crashed", cause), episode(1, x=0.1 + 0.2, y=math.inf, z=math.nan)))
    rows = list(csv.DictReader(episodes_csv(result).splitlines()))
    assert rows[0]["cause"] == cause
    assert float(rows[1]["x"]) == 0.1 + 0.2  # to the bit
    assert (rows[1]["y"], rows[1]["z"], rows[0]["x"]) == ("inf", "nan", "")


@pytest.fixture
def saved(tmp_path):
    scenario = Scenario(metrics=("success", "return", "plan_seconds"), episodes=4, record=2, expect={"success": ">= 0"})
    simulation = Simulation(scenario, (Troubled, {"way": "raise", "when": 4.8}))
    return run(simulation, folder=tmp_path / "runs" / "toy"), tmp_path / "runs" / "toy"


def test_a_folder_gives_back_what_was_saved(saved, monkeypatch):
    result, folder = saved
    monkeypatch.setattr("plansim.scenario.folder.read_scenario", lambda path: result.scenario)
    again = Result.load(folder)
    assert again.episodes == result.episodes
    assert again.summary() == result.summary()
    assert dict(again.crashes) == dict(result.crashes)
    assert set(again.records) == set(result.records) == {("", 0), ("", 1)}
    for key, record in result.records.items():
        assert all(np.array_equal(again.records[key][name], record[name]) for name in record)


def test_wall_clock_stays_out_of_what_must_be_the_same_bytes(saved):
    _, folder = saved
    for name in ("episodes.csv", "summary.json"):
        assert "seconds" not in (folder / name).read_text()
    assert (folder / "timing.csv").read_text().startswith("seed,seconds,seconds_per_step,plan_seconds\n0,")


def test_the_manifest_says_what_ran_and_with_which_result(saved):
    import hashlib

    _, folder = saved
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["hashes"]["episodes.csv"] == hashlib.sha256((folder / "episodes.csv").read_bytes()).hexdigest()
    assert {"plansim", "python", "platform", "command", "libraries", "seeds"} <= set(manifest)
    assert manifest["seeds"] == "0:4"


def test_only_the_finished_folder_is_left(saved):
    _, folder = saved
    assert [path.name for path in folder.parent.iterdir()] == ["toy"]


def test_a_later_run_replaces_an_earlier_one(saved):
    _, folder = saved
    (folder / "report.html").write_text("of the earlier run")
    run(Simulation(Scenario(episodes=2)), folder=folder)
    assert not (folder / "report.html").exists()
    assert len((folder / "episodes.csv").read_text().splitlines()) == 3
    assert [path.name for path in folder.parent.iterdir()] == ["toy"]


def test_a_folder_that_holds_something_else_is_never_replaced(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UnwritableOutput, match="holds no result"):
        run(Simulation(), folder=tmp_path)
    assert (tmp_path / "thesis.tex").exists()


@pytest.mark.parametrize("place", ["file/below", "/proc/plansim"])
def test_a_place_that_cannot_be_written_is_found_before_anything_runs(tmp_path, place):
    (tmp_path / "file").write_text("")
    simulation = Simulation(policy=(lambda: pytest.fail("it ran"), {}))
    with pytest.raises(UnwritableOutput, match="cannot write"):
        run(simulation, folder=tmp_path / place)


def test_the_files_of_an_episode_have_its_name():
    assert [stem(("", 3)), stem(("a-star", 3)), stem(("../x y", 3))] == ["3", "a-star-3", ".._x_y-3"]


def test_a_folder_without_results_is_no_result(tmp_path):
    with pytest.raises(MalformedInput, match=r"no manifest\.json"):
        Result.load(tmp_path)
