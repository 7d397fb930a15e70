"""The command line: `plansim run scenarios/warehouse_delivery.yaml`.

Standard output carries the table or the document, nothing else; progress and messages go to standard error.
Every subcommand lives in a file of its own and loads what it needs when it runs.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

MET, NOT_MET, INVALID, BROKEN, INTERRUPTED = 0, 1, 2, 3, 130

_COMMANDS = {
    "run": "run scenarios, and leave tables, pictures and a report",
    "check": "say everything that is wrong with scenario files, without running them",
    "list": "name the components that a scenario may use",
    "show": "print a scenario as plansim reads it, on request with every default filled in",
    "schema": "print the JSON Schema of scenario files, for editors",
    "compare": "compare two results, seed by seed",
    "evaluate": "evaluate one policy in one environment, without a file",
    "doctor": "look over the installation",
    "warmup": "compile the kernels now rather than in the first run",
}

_EPILOG = """\
examples:
  plansim run scenarios/warehouse_delivery.yaml
  plansim run scenarios/warehouse_delivery.yaml --seeds 0:100 --jobs 2 --set policy.controller.lookahead=0.6
  plansim compare runs/before runs/after
  plansim evaluate --env plansim/GridNavigation-v0 --policy my_package:MyPolicy --seeds 0:1000

exit status:
  0    every expectation of the scenario was met
  1    it ran, but an expectation was not met
  2    the scenario or the command is invalid; nothing was run
  3    an episode crashed or ran into its time limit, or plansim itself failed
  130  interrupted; what was done is kept, and `--resume` goes on with it

`plansim COMMAND --help` says more of each command.
"""


def parser() -> argparse.ArgumentParser:
    from plansim import __version__

    top = argparse.ArgumentParser(
        prog="plansim",
        description="Simulates robots that sense, estimate, plan and act.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"plansim {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, meaning in _COMMANDS.items():
        module = _module(name)
        command = commands.add_parser(
            name,
            help=meaning,
            description=f"{meaning[0].upper()}{meaning[1:]}.",
            epilog=getattr(module, "EPILOG", None),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.arguments(command)
        command.set_defaults(parser=command)
        noise = command.add_mutually_exclusive_group()
        noise.add_argument("-q", "--quiet", action="store_true", help="nothing on standard error but what went wrong")
        noise.add_argument("-v", "--verbose", action="store_true", help="more on standard error, tracebacks too")
    return top


def _module(name: str):
    return importlib.import_module(f"plansim.cli.{name}_command")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    from plansim.cli.extras import missing_extra
    from plansim.cli.messages import say
    from plansim.core.errors import PlansimError

    _see_working_directory()
    options, unknown = parser().parse_known_args(arguments)
    if unknown:
        _refuse(unknown, options.parser)
    say.configure(quiet=options.quiet, verbose=options.verbose)
    try:
        status = _module(options.command).command(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return MET
    except PlansimError as error:
        say.error(str(error), error)
        return INVALID
    except KeyboardInterrupt as stop:
        say.interrupted(stop, options)
        return INTERRUPTED
    except Exception as error:
        missing = missing_extra(error) if isinstance(error, ModuleNotFoundError) else None
        if missing is not None:
            say.error(str(missing), error)
            return INVALID
        say.failure(error)
        return BROKEN


def _refuse(unknown: Sequence[str], parser: argparse.ArgumentParser) -> NoReturn:
    """Says which options there are, and which one was probably meant."""
    from plansim.core.errors import near_miss

    known = re.findall(r"--[\w-]+", parser.format_usage())
    parser.error(f"unrecognized arguments: {' '.join(unknown)}{near_miss(unknown[0].partition('=')[0], known)}")


def _see_working_directory() -> None:
    """`module:Class` may name a file that lies here. Last, so that it never hides what is installed."""
    here = os.getcwd()
    if "" not in sys.path and here not in sys.path:
        sys.path.append(here)


if __name__ == "__main__":
    sys.exit(main())
