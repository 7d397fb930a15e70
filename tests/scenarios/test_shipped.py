"""Every scenario that ships is valid, and keeps its promise on its first seeds (all seeds: `make acceptance`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from plansim.scenario.load import load
from plansim.scenario.run import run
from tests.conftest import ROOT, data_folder

SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))


def skip_without_data(path: Path) -> None:
    if "PLANSIM_DATA" in path.read_text() and data_folder() is None:
        pytest.skip("the scenario's map is absent: set PLANSIM_DATA to its folder")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenario_keeps_its_promise(path):
    skip_without_data(path)
    scenario = load(path)
    episodes = 6 if {"nees", "nis"} & set(scenario.metrics) else 2  # chi-square means say nothing of two
    result = run(scenario, seeds=range(scenario.seed, scenario.seed + episodes))
    assert [episode.cause for episode in result.episodes if episode.status != "ok"] == []
    assert result.met, result.expectations()


def test_the_house_has_scenarios():
    assert {path.stem for path in SHIPPED} >= {"warehouse_delivery", "depot_delivery", "city_search"}
