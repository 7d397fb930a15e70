"""`plansim show`: a scenario as plansim understands it."""

from __future__ import annotations

import argparse
import sys

EPILOG = """\
examples:
  plansim show depot.yaml                as it is written, anchors and overrides worked in
  plansim show depot.yaml --resolved     with every default filled in
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from plansim.cli.run_command import overrides

    parser.add_argument("file", metavar="FILE", help="a scenario, YAML; - reads standard input")
    parser.add_argument("--resolved", action="store_true", help="fill in every default")
    overrides(parser)


def command(options: argparse.Namespace) -> int:
    from plansim.cli import MET
    from plansim.scenario.folder import scenario_yaml
    from plansim.scenario.load import load
    from plansim.scenario.reading.yaml_text import yaml_text

    scenario = load(options.file, options.set)
    if options.resolved:
        sys.stdout.write(scenario_yaml(scenario))
        return MET
    said = {key: value for key, value in scenario.written().items() if value not in (None, "", {})}
    sys.stdout.write(yaml_text(said))
    return MET
