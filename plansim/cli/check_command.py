"""`plansim check`: everything that is wrong with scenario files, at once."""

from __future__ import annotations

import argparse
import sys

from plansim.cli.messages import say

EPILOG = """\
examples:
  plansim check scenarios/*.yaml
  plansim check depot.yaml --set policy.controller.lookahead=1

Every mistake of every file is said, as file:line:column: path: what is wrong.
exit status: 0 all files are valid, 2 at least one is not.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from plansim.cli.run_command import overrides

    parser.add_argument("files", nargs="+", metavar="FILE", help="a scenario, YAML; - reads standard input")
    overrides(parser)


def command(options: argparse.Namespace) -> int:
    from plansim.cli import INVALID, MET
    from plansim.core.errors import PlansimError
    from plansim.scenario.load import load

    valid = True
    for file in options.files:
        try:
            load(file, options.set)
            if not options.quiet:
                sys.stdout.write(f"{file}: valid\n")
        except PlansimError as error:
            valid = False
            say.error(str(error), error)
    return MET if valid else INVALID
