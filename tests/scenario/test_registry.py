"""Every name stands for something that can be imported and described, and listing imports none of it."""

import inspect
import subprocess
import sys

import pytest

from plansim.core.errors import MalformedInput
from plansim.scenario import catalogue, registry
from plansim.scenario.reading.json_schema import json_schema
from plansim.scenario.reading.signature import signature

NAMES = [(kind, name) for kind, table in registry.BUILTINS.items() for name in table]


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_every_name_stands_for_a_class_or_function_with_a_line_about_it(kind, name):
    target = registry.find(kind, name)
    assert registry.address(target) == registry.BUILTINS[kind][name]
    assert registry.name_of(kind, target) == name
    summary = registry.summary(registry.BUILTINS[kind][name])
    assert summary == inspect.getdoc(target).partition("\n")[0]
    assert summary.endswith((".", ".)", "!", "?")), "the list shows the first line alone: a whole sentence"


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_every_parameter_says_what_it_may_be(kind, name):
    from typing import Any

    for parameter in signature(registry.find(kind, name)).parameters.values():
        assert parameter.annotation is not Any, parameter.name


def test_listing_components_imports_none_of_them():
    code = f"""
import sys
from plansim.scenario.catalogue import names
for kind in {list(registry.BUILTINS)!r}:
    assert names(kind)
loaded = [m for m in sys.modules if m.startswith(("plansim.planning.", "plansim.models.", "plansim.agent"))]
assert all(hasattr(sys.modules[m], "__path__") for m in loaded), loaded  # packages only, which hold no code
for module in ("numba", "scipy", "torch", "matplotlib", "gymnasium"):
    assert module not in sys.modules, module
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_checking_a_scenario_loads_nothing_heavy(tmp_path):
    (tmp_path / "x.yaml").write_text("name: x\nenv: {id: plansim/GridWorld-v0}\npolicy: random\n")
    code = f"""
import sys
from plansim.scenario.load import load
load({str(tmp_path / "x.yaml")!r})
for module in ("numba", "torch", "matplotlib", "mujoco", "pybullet", "ray", "rich"):
    assert module not in sys.modules, module
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_kinds_and_names_are_answered_with_near_ones():
    with pytest.raises(MalformedInput, match="did you mean 'planner'"):
        catalogue.names("plannr")
    with pytest.raises(MalformedInput, match="did you mean 'a-star'"):
        registry.find("planner", "astar")
    with pytest.raises(MalformedInput, match=r"'no\.such' cannot be imported"):
        registry.find("planner", "no.such:Planner")


def test_environments_and_metrics_can_be_listed():
    assert catalogue.names("env")["plansim/GridWorld-v0"].startswith("Walk from cell to cell")
    assert "CartPole-v1" not in catalogue.names("env")
    assert catalogue.names("metric")["success"]


@pytest.fixture(scope="module")
def validator():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


ROBOT = {"name": "pure-pursuit", "robot": {"name": "bicycle", "wheelbase": 2}}


def test_the_json_schema_takes_what_load_takes(validator):
    for env in ({"id": "plansim/GridWorld-v0", "map": "warehouse"}, {"id": "CartPole-v1", "x": 1}, "CartPole-v1"):
        for policy in (ROBOT, "random", {"name": "my.module:Class", "x": 1}, "my.module:Class"):
            validator.validate(
                {"name": "x", "env": env, "policy": policy, "expect": {"success": ">= 1"}, "record": "all"}
            )


@pytest.mark.parametrize(
    "change",
    [
        {"policy": {"name": "pure-pursuit"}},
        {"policy": {**ROBOT, "lookahed": 2}},
        {"policy": {**ROBOT, "lookahead": "far"}},
        {"policy": {**ROBOT, "robot": {"name": "bicycle", "integrator": "rk5"}}},
        {"policy": {"name": "pure-persuit", "robot": "unicycle"}},
        {"env": {"id": "plansim/GridWorld-v0", "mpa": "warehouse"}},
        {"episodes": 0},
        {"expect": {"success": "about 1"}},
        {"record": "some"},
        {"sede": 3},
    ],
)
def test_the_json_schema_refuses_what_load_refuses(change, validator):
    scenario = {"name": "x", "env": {"id": "plansim/GridWorld-v0"}, "policy": ROBOT}
    assert validator.is_valid(scenario)
    assert not validator.is_valid(scenario | change)


def test_the_schema_knows_a_component_whose_name_is_left_out():
    choices = json_schema()["$defs"]["env"]["oneOf"]
    properties = next(c for c in choices if "lidar" in c.get("properties", {}))["properties"]
    (nameless,) = [c for c in properties["lidar"]["anyOf"][0]["anyOf"] if "properties" in c]
    assert nameless["properties"]["beams"] == {"type": "integer", "default": 360}
    assert nameless["additionalProperties"] is False
