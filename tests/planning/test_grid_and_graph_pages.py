"""The pages of the grid and graph planners: their code runs by itself."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

PAGES = ["a_star", "weighted_a_star", "dijkstra", "breadth_first", "depth_first", "greedy_best_first"]
PAGES += ["bidirectional_a_star", "random_walk", "graph_search"]
PAGES += ["jump_point_search", "jump_point_search_plus", "any_angle"]


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_planners_page_runs(page, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / f"docs/planners/{page}.md").read_text(), flags=re.DOTALL)
    assert blocks
    for block in blocks:
        exec(block, {})
    assert capsys.readouterr().out
