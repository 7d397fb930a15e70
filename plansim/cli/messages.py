"""What goes to standard error: progress, remarks, and what went wrong."""

from __future__ import annotations

import argparse
import sys
import traceback
from typing import Any


class Messages:
    """Says as much as was asked for, without colour where nobody would see it."""

    def __init__(self) -> None:
        self.quiet = self.verbose = False

    def configure(self, *, quiet: bool, verbose: bool) -> None:
        import logging

        self.quiet, self.verbose = quiet, verbose
        level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.WARNING
        logging.basicConfig(level=level, stream=sys.stderr, format="%(name)s: %(message)s", force=True)
        logging.getLogger("plansim").setLevel(level)
        for name in ("numba", "matplotlib", "PIL", "asyncio"):
            logging.getLogger(name).setLevel(max(level, logging.WARNING))

    def note(self, text: str) -> None:
        if not self.quiet:
            print(text, file=sys.stderr)

    def detail(self, text: str) -> None:
        if self.verbose:
            print(text, file=sys.stderr)

    def error(self, text: str, error: BaseException) -> None:
        """Something the user can mend: the sentence is enough."""
        print(text, file=sys.stderr)
        if self.verbose:
            traceback.print_exception(error, file=sys.stderr)

    def failure(self, error: BaseException) -> None:
        """Something that should not have happened."""
        if self.verbose:
            traceback.print_exception(error, file=sys.stderr)
            return
        first = (str(error).strip() or "no message").split("\n")[0]
        print(f"plansim failed: {type(error).__name__}: {first} (run with -v for the traceback)", file=sys.stderr)

    def interrupted(self, stop: Any, options: argparse.Namespace) -> None:
        text = str(stop) or "interrupted"
        if getattr(stop, "folder", None) is not None and stop.done:
            text += f"; they are kept in {stop.folder}.partial, and the same command with --resume goes on from there"
        print(f"\n{text}", file=sys.stderr)


say = Messages()
