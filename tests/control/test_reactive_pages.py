"""The pages of the policies that react: their code runs by itself."""

from __future__ import annotations

import doctest
import importlib
import re

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize("page", ["random_bounce", "wall_follower", "bug2"])
def test_the_code_of_a_page_runs_and_arrives(page, capsys):
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / f"docs/planners/{page}.md").read_text(), flags=re.DOTALL)
    exec(block, {})
    assert capsys.readouterr().out.startswith(("covered", "arrived"))


@pytest.mark.parametrize("module", ["random_bounce", "lawnmower", "wall_follower", "bug2", "bug2_lidar"])
def test_examples_in_docstrings_run(module):
    failed, tried = doctest.testmod(importlib.import_module(f"plansim.control.{module}"))
    assert tried
    assert not failed
