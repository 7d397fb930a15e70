"""`plansim evaluate`: one policy in one environment, without a file."""

from __future__ import annotations

import argparse
from typing import Any

EPILOG = """\
SPEC is the name of a policy (plansim list policy), a class that can be imported (my_package:MyPolicy), or a
file of weights (weights.safetensors).

examples:
  plansim evaluate --env CartPole-v1 --policy random --seeds 0:1000
  plansim evaluate --env plansim/GridNavigation-v0 --policy my_package:MyPolicy --seeds 0:100 --set env.dt=0.05

exit status: as of `plansim run`.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from plansim.cli.run_command import overrides, running

    parser.add_argument("--env", required=True, metavar="ID", help="an environment (plansim list env)")
    parser.add_argument("--policy", required=True, metavar="SPEC", help="a name, module:Class, or weights.safetensors")
    parser.add_argument("--metrics", metavar="A,B", help="what to measure (default success,return,steps)")
    overrides(parser)
    running(parser)


def command(options: argparse.Namespace) -> int:
    from plansim.cli.run_command import run_all
    from plansim.scenario.load import from_mapping

    scenario = from_mapping(description(options), options.set)
    options.set = []
    return run_all([scenario], options)


def description(options: argparse.Namespace) -> dict[str, Any]:
    """The scenario that a file would hold."""
    policy: dict[str, Any] = {"name": options.policy}
    if options.policy.endswith(".safetensors"):
        policy = {"name": "network", "path": options.policy}
    asked = {"metrics": options.metrics.split(",")} if options.metrics else {}
    names = [
        part.replace(":", "-").split("/")[-1].removesuffix(".safetensors") for part in (options.env, options.policy)
    ]
    return {"name": "-".join(names), "env": {"id": options.env}, "policy": policy, **asked}
