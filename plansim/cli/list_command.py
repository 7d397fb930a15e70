"""`plansim list`: the components that a scenario may name."""

from __future__ import annotations

import argparse
import sys

EPILOG = """\
examples:
  plansim list            every kind
  plansim list planner    the planners, each with what it is

A scenario may also name any class that can be imported, as module:Class.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", metavar="KIND", help="env, policy, planner, estimator, … (default: all)")


def command(options: argparse.Namespace) -> int:
    from plansim.cli import MET
    from plansim.cli.tables import aligned
    from plansim.scenario.catalogue import names
    from plansim.scenario.registry import GROUPS

    plurals = {group.removeprefix("plansim."): kind for kind, group in GROUPS.items()}
    kinds = [plurals.get(options.kind, options.kind)] if options.kind else GROUPS
    rows = [(kind, name, meaning) for kind in kinds for name, meaning in sorted(names(kind).items())]
    skip = 1 if options.kind else 0
    sys.stdout.write(aligned(["kind", "name", "what it is"][skip:], [row[skip:] for row in rows]) + "\n")
    return MET
