"""`plansim compare`: two results, seed by seed."""

from __future__ import annotations

import argparse
import sys

EPILOG = """\
examples:
  plansim compare runs/before runs/after    B against A, metric by metric, over the seeds that both have
  plansim compare runs/city-search-1        the variants of one result against its first

The interval is Student's, of the differences between the two at equal seeds: where it leaves out zero,
the difference is more than luck (95 %).
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from plansim.cli.tables import FORMATS

    parser.add_argument("a", metavar="A", help="a folder of results")
    parser.add_argument("b", metavar="B", nargs="?", help="another one")
    parser.add_argument("--format", choices=FORMATS, default="table", help="of standard output (default table)")


def command(options: argparse.Namespace) -> int:
    from plansim.cli import MET
    from plansim.cli.messages import say
    from plansim.cli.tables import csv_text, json_text
    from plansim.scenario.compare import compare, compare_variants
    from plansim.scenario.result import Result

    a = Result.load(options.a)
    if options.b is None:
        found = compare_variants(a)
        say.note(f"A is the variant {a.variants[0]!r}")
    else:
        found = compare(a, Result.load(options.b))
    rows = [{**row._asdict(), "verdict": row.verdict} for row in found]
    if options.format == "json":
        sys.stdout.write(json_text(rows))
    elif options.format == "csv":
        sys.stdout.write(csv_text(rows))
    else:
        sys.stdout.write(_table(rows))
    return MET


def _table(rows: list[dict]) -> str:
    from plansim.cli.tables import aligned, interval, short

    head = ["variant", "metric", "A", "B", "B - A", "95 % interval", "n", "verdict"]
    numbers = [[short(row[name]) for name in ("a", "b", "difference")] for row in rows]
    lines = [
        [r["variant"], r["metric"], *n, interval(r["low"], r["high"]), str(r["n"]), r["verdict"]]
        for r, n in zip(rows, numbers, strict=True)
    ]
    skip = 0 if any(line[0] for line in lines) else 1
    return aligned(head[skip:], [line[skip:] for line in lines]) + "\n"
