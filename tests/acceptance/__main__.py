"""The long runs: every shipped scenario at full size. `make acceptance` writes the figures to docs/acceptance.md."""

from __future__ import annotations

import datetime
import os
import sys
import time
from pathlib import Path

from benchmarks.record import machine
from plansim.scenario.load import load
from plansim.scenario.run import run
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "acceptance.md"


def accept(path: Path) -> tuple[bool, list[str]]:
    """Whether a scenario met its expectations over all its seeds, and a table row for each of them."""
    began = time.perf_counter()
    result = run(load(path), jobs=os.cpu_count() or 1)
    seconds = time.perf_counter() - began
    episodes = f"{len(result.episodes)} in {seconds:.0f} s"
    rows = []
    for variant, text, value, met in result.expectations():
        expected = f"{variant}: {text}" if variant else text
        rows.append(f"| {path.stem} | {episodes} | {expected} | {value:.4g} | {'yes' if met else '**no**'} |")
    return result.met, rows


def main() -> int:
    outcomes = [accept(path) for path in sorted((ROOT / "scenarios").glob("*.yaml"))]
    head = [
        "# Acceptance",
        "",
        f"{datetime.date.today()} · {machine()} · `make acceptance`",
        "",
        "| scenario | episodes | expectation | found | met |",
        "|---|---|---|---|---|",
    ]
    text = "\n".join([*head, *(row for _, rows in outcomes for row in rows)]) + "\n"
    PAGE.write_text(text)
    print(text)
    return 0 if all(met for met, _ in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
