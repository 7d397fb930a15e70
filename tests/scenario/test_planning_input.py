"""A scenario that plans what cannot be meant is refused before anything runs, at its line, with what would be right."""

from __future__ import annotations

import importlib.util

import pytest

from plansim.scenario.load import load
from plansim.scenario.reading.problems import InvalidScenario

FIELD = """\
name: field
env:
  id: plansim/Workspace-v0
  world: &field {name: random-boxes, count: 5}
  robot: &robot {name: point}
policy:
  name: plan-follower
  robot: *robot
  space: {name: box-space, world: *field}
  planner: {name: rrt-star, max_samples: 100}
  speed: 1
metrics: [success, samples]
expect: {success: "<= 1.000001 * samples"}
"""
WRONG = {
    "misspelt field": (("max_samples", "max_sample"), 10, "policy.planner.max_sample", "did you mean 'max_samples'?"),
    "misspelt planner": (("rrt-star", "rtt-star"), 10, "policy.planner.name", "did you mean 'rrt-star'?"),
    "no samples": (("samples: 100", "samples: 0"), 10, "policy.planner", "max_samples is 0, but must be above 0"),
    "misspelt world": (("random-boxes", "random-box"), 4, "env.world.name", "did you mean 'random-boxes'?"),
    "negative budget": (("speed: 1", "budget_seconds: -1"), 7, "policy", "budget_seconds is -1"),
    "backwards": (("speed: 1", "speed: -1"), 7, "policy", "speed is -1"),
    "another clock": (("speed: 1", "dt: 0.2"), 7, "policy.dt", "the environment takes steps of 0.1 s"),
    "another robot": (("robot: *robot", "robot: unicycle"), 8, "policy.robot", "but the environment's by 'x_velocity"),
    "unknown processor": (("speed: 1", "post: [shortcuts]"), 11, "policy.post[0]", "did you mean 'shortcut'?"),
    "unknown metric": ((", samples]", ", sample]"), 12, "metrics[1]", "did you mean 'samples'?"),
}


def problems(tmp_path, text):
    (tmp_path / "field.yaml").write_text(text)
    with pytest.raises(InvalidScenario) as caught:
        load(tmp_path / "field.yaml")
    return caught.value.problems


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_planned_is_refused_where_it_stands(case, tmp_path):
    change, line, path, message = WRONG[case]
    assert FIELD.count(change[0]) == 1
    first = problems(tmp_path, FIELD.replace(*change))[0]
    assert (first.line, first.path) == (line, path)
    assert message in first.message


def test_a_policy_may_believe_in_another_wheelbase(tmp_path):
    text = FIELD.replace("{name: point}", "{name: car}").replace("robot: *robot", "robot: {name: car, wheelbase: 0.6}")
    (tmp_path / "field.yaml").write_text(text)
    assert load(tmp_path / "field.yaml").name == "field"


@pytest.mark.skipif(importlib.util.find_spec("ompl") is not None, reason="ompl is installed")
def test_a_planner_that_is_not_installed_is_missed_before_the_run(tmp_path):
    [problem] = problems(tmp_path, FIELD.replace("{name: rrt-star, max_samples: 100}", "ompl"))
    assert (problem.line, problem.message) == (10, "ompl is not installed: pip install 'plansim[peers]'")


def test_an_expectation_is_repeated_as_it_was_written(tmp_path):
    from plansim.scenario.expectations import parse_bound

    assert str(parse_bound("<= 1.000001 * samples")) == "<= 1.000001 * samples"
