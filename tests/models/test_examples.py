"""The examples in the docstrings of the models say what they do."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import plansim.models

MODULES = [module.name for module in pkgutil.iter_modules(plansim.models.__path__, "plansim.models.")]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_true(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0


def test_every_model_has_an_example():
    without = {f"plansim.models.{name}" for name in ("base", "linearisation", "sensor", "vehicle")}
    tried = {n for n in MODULES if doctest.testmod(importlib.import_module(n), extraglobs={"np": np}).attempted}
    assert set(MODULES) - tried == without
