"""`plansim schema`: what editors need to complete and check scenario files."""

from __future__ import annotations

import argparse
import sys

EPILOG = """\
example:
  plansim schema > .vscode/plansim.schema.json
  and as the first line of a scenario:  # yaml-language-server: $schema=../.vscode/plansim.schema.json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def command(options: argparse.Namespace) -> int:
    from plansim.cli import MET
    from plansim.cli.tables import json_text
    from plansim.scenario.reading.json_schema import json_schema

    sys.stdout.write(json_text(json_schema()))
    return MET
