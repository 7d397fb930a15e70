"""`plansim warmup`: compiles the kernels now, so that no first run has to wait for them."""

from __future__ import annotations

import argparse
import contextlib
import functools
import time
from collections.abc import Iterator
from typing import Any

from plansim.cli.messages import say

EPILOG = """\
Plays a few steps of the built-in environments with the policies made for them. What is compiled is kept
(see `plansim doctor`) until a source file changes.

examples:
  plansim warmup                what the environments need: a quarter of a minute
  plansim warmup --planners     every planner as well, on a problem of its own: a minute
  plansim warmup --estimators   every kind of estimator and tracker as well, in a world of its own
"""

_MAP = {"name": "rooms"}
_LIDAR = {"name": "lidar", "beams": 90}
_AGENT = {"name": "agent", "map": _MAP, "planner": {"name": "a-star"}}


def _scenarios() -> dict[str, dict[str, Any]]:
    navigation = {"id": "plansim/GridNavigation-v0", "map": _MAP, "lidar": _LIDAR, "obstacles": 1}
    localised = {
        "estimator": {"name": "monte-carlo-localization", "map": _MAP, "particles": 100},
        "sensor": {"name": "likelihood-field", "map": _MAP, "lidar": _LIDAR},
        "controller": {"name": "pure-pursuit", "robot": {"name": "unicycle"}},
    }
    moves = {**_AGENT, "controller": {"name": "grid-moves"}}
    world = {"id": "plansim/GridWorld-v0", "map": _MAP}
    return {
        "a robot that localises, plans and drives": {"env": navigation, "policy": {**_AGENT, **localised}},
        "the same world, with a car": {
            "env": {**navigation, "robot": {"name": "bicycle"}},
            "policy": {"name": "random"},
        },
        "a road, and candidate trajectories": {
            "env": {"id": "plansim/Road-v0"},
            "policy": {"name": "frenet-driver", "road": {}},
        },
        "overtaking": {"env": {"id": "plansim/Road-v0"}, "policy": {"name": "optimal-overtaking", "road": {}}},
        "shortest paths, A*": {"env": world, "policy": moves},
        "shortest paths, Dijkstra": {"env": world, "policy": {**moves, "planner": {"name": "dijkstra"}}},
    }


WORLDS: dict[
    str, dict[str, Any]
] = {  # to estimate in: what is there, how long a step takes, how many numbers are hidden
    "RailCar": {
        "sensors": {"position": {"name": "linear-sensor", "names": "position", "matrix": [[1, 0]], "cov": [[1.0]]}},
        "motion": {"name": "rail-car"},
        "dt": 0.1,
        "hidden": 2,
    },
    "LandmarkRobot": {
        "sensors": {"a": {"name": "range-bearing", "landmark": [5, 5]}},
        "motion": {"name": "disturbed", "motion": {"name": "unicycle"}, "control_std": [0.3, 0.3]},
        "dt": 0.1,
        "hidden": 3,
    },
    "Pendulum": {
        "sensors": {"side": {"name": "horizontal-position"}},
        "motion": {"name": "pendulum"},
        "dt": 0.05,
        "hidden": 2,
    },
    "Aircraft": {"sensors": {"position": {"name": "position", "std": 30.0}}, "dt": 1.0, "hidden": 4},
}
LINEAR = ("kalman-filter", "square-root-kalman-filter", "information-filter")
CURVED = (
    *("extended-kalman-filter", "iterated-extended-kalman-filter", "unscented-kalman-filter", "cubature-kalman-filter"),
    *("square-root-unscented-kalman-filter", "ensemble-kalman-filter", "particle-filter", "auxiliary-particle-filter"),
)
ASSOCIATORS = ("jpda", "global-nearest-neighbour", "nearest-neighbour", "best-hypotheses", "jpda-star")


def _estimations() -> dict[str, dict[str, Any]]:
    """The worlds to estimate in, each with the filters that are for it; and a field of targets."""
    pairs = [("RailCar", name) for name in LINEAR]
    pairs += [(world, name) for name in CURVED for world in ("LandmarkRobot", "Pendulum")]
    tasks = {
        f"{name}, {world}": _watched(world, {"name": name, "motion": WORLDS[world]["motion"]}) for world, name in pairs
    }
    modes = [
        {"name": "kalman-filter", "motion": {"name": "constant-velocity"}},
        {"name": "unscented-kalman-filter", "motion": {"name": "coordinated-turn"}},
    ]
    mixed: dict[str, Any] = {
        "name": "interacting-multiple-model",
        "filters": modes,
        "transition": [[0.9, 0.1], [0.1, 0.9]],
        "own_std": {"turn_rate": 0.05},
    }
    tasks["interacting-multiple-model, Aircraft"] = _watched("Aircraft", mixed)
    eyes = {"name": "surveillance", "sensors": [{"model": {"name": "position", "std": 10.0}}]}
    for name in ASSOCIATORS:
        policy = {**eyes, "tracker": {"estimator": modes[0], "associator": {"name": name}}}
        tasks[f"tracker, {name}"] = {"env": {"id": "plansim/SensorField-v0"}, "policy": policy}
    return tasks


def _watched(world: str, estimator: dict[str, Any]) -> dict[str, Any]:
    about, hidden = WORLDS[world], WORLDS[world]["hidden"]
    parts = {name: about[name] for name in ("sensors", "motion") if name in about}
    policy = {"name": "watcher", "estimator": estimator, "sensors": about["sensors"], "dt": about["dt"]}
    start = {"start_mean": [0.0] * hidden, "start_std": [1.0] * hidden}
    return {"env": {"id": f"plansim/{world}-v0", **parts}, "policy": policy | start}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--planners", action="store_true", help="compile every planner as well")
    parser.add_argument("--estimators", action="store_true", help="compile estimators and trackers as well")


def command(options: argparse.Namespace) -> int:
    from plansim.cli import BROKEN, MET
    from plansim.core.kernel import jit_enabled

    if not jit_enabled():
        say.note("NUMBA_DISABLE_JIT is set: there is nothing to compile")
        return MET
    began, failed = time.perf_counter(), False
    scenarios = _scenarios() | (_estimations() if options.estimators else {})
    tasks = {what: functools.partial(_play, what, mapping) for what, mapping in scenarios.items()}
    if options.planners:
        tasks |= {f"planner {name}": functools.partial(_plan, name) for name in _planners()}
    for what, task in tasks.items():
        with _compiled() as kernels:
            since = time.perf_counter()
            failed |= not task()
        say.note(f"{what}: {len(kernels)} kernels compiled, {time.perf_counter() - since:.1f} s")
        for name in kernels:
            say.detail(f"  {name}")
    say.note(f"warm after {time.perf_counter() - began:.1f} s")
    return BROKEN if failed else MET


def _play(what: str, mapping: dict[str, Any]) -> bool:
    """Two worlds side by side, and one alone."""
    from plansim.scenario.load import from_mapping
    from plansim.scenario.run import run

    scenario = from_mapping({"name": "warmup", "max_steps": 12, "record": 0, **mapping})
    results = [run(scenario, seeds=seeds, batch=len(seeds)) for seeds in ([0, 1], [2])]
    broken = [episode for result in results for episode in result.broken]
    for episode in broken[:1]:
        say.note(f"{what}: {episode.cause}")
    return not broken


def _planners() -> list[str]:
    from plansim.scenario.registry import BUILTINS

    return [name for name, target in BUILTINS["planner"].items() if ".peers." not in target]


def _plan(name: str) -> bool:
    """One problem of its kind: over the cells of a map, or in the space that its folder is for."""
    import numpy as np

    from plansim.core.map_makers import empty
    from plansim.planning import BoxSpace, Budget, CarSpace, GridSpace, Problem, TruckSpace, VehicleSpace
    from plansim.scenario.registry import BUILTINS, load

    planner, target, map = load(BUILTINS["planner"][name])(), BUILTINS["planner"][name], empty(30.0, 30.0, 0.5)
    if name == "truck-hybrid-a-star":
        space, ends = TruckSpace(map), [[8.0, 12.0, 0.5, 0.5], [20.0, 20.0, 0.0, 0.0]]
    elif name == "hybrid-a-star":
        space, ends = CarSpace(map, 0.4), [[5.0, 5.0, 0.0], [20.0, 20.0, 1.0]]
    elif ".car." in target:
        space, ends = VehicleSpace(map), [[5.0, 5.0, 0.0], [8.0, 5.0, 0.0]]
    elif ".sampling." in target:
        from plansim.core.shapes import Shapes

        space, ends = BoxSpace(Shapes([0, 0], [30, 30], boxes=[[[10, 0], [12, 20]]])), [[5.0, 5.0], [20.0, 5.0]]
    else:
        space, ends = GridSpace(map), [[5.25, 5.25], [20.25, 15.25]]
    problem = Problem(space, *(np.array(end) for end in ends))
    return len(planner.plan(problem, Budget(iterations=2000)).states) > 0


@contextlib.contextmanager
def _compiled() -> Iterator[list[str]]:
    """The names of what numba compiles within the block."""
    from numba.core import event

    names: list[str] = []

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            function = event.data["dispatcher"].py_func
            if function.__module__.startswith("plansim"):  # numba compiles helpers of its own, too
                names.append(f"{function.__module__}.{function.__qualname__}")

        def on_end(self, event: Any) -> None:
            pass

    listener = Listener()
    event.register("numba:compile", listener)
    try:
        yield names
    finally:
        event.unregister("numba:compile", listener)
