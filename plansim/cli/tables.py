"""A result or a comparison as text for a terminal, as JSON, or as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plansim.scenario.result import Result

FORMATS = ("table", "json", "csv")


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side: the first to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    numeric = [bool(rows) and all(_numeric(row[i]) for row in rows) for i in range(len(head))]
    lines = []
    for row in [head, *rows]:
        cells = [c.rjust(w) if right else c.ljust(w) for c, w, right in zip(row, widths, numeric, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _numeric(text: str) -> bool:
    return text == "" or text[0] in "-+.0123456789" or text == "nan"


def short(value: Any) -> str:
    """A number as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: "" if v is None else v for k, v in row.items()} for row in rows)
    return text.getvalue()


def json_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def results_text(results: Sequence[Result], form: str) -> str:
    """What `run` and `evaluate` print: one document for all the scenarios."""
    if form == "json":
        summaries = [result.summary() for result in results]
        return json_text(summaries[0] if len(summaries) == 1 else summaries)
    if form == "csv":
        return csv_text([row for result in results for row in metric_rows(result)])
    return "\n".join(result_table(result) for result in results)


def metric_rows(result: Result) -> Iterator[dict[str, Any]]:
    summary = result.summary()
    for variant, of in summary["variants"].items():
        for metric, estimate in {**of["metrics"], **of["timing"]}.items():
            yield {"scenario": summary["scenario"], "variant": variant, "metric": metric, **estimate}


def result_table(result: Result) -> str:
    """Means with their intervals, then failures and expectations."""
    summary = result.summary()
    lines = [f"{summary['scenario']}: {_count(summary['episodes'], 'episode')}", ""]
    rows = [
        [row["variant"], row["metric"], short(row["mean"]), interval(row["low"], row["high"]), str(row["n"]), unit(row)]
        for row in metric_rows(result)
    ]
    head = ["variant", "metric", "mean", "95 % interval", "n", "unit"]
    skip = 0 if any(row[0] for row in rows) else 1
    lines.append(aligned(head[skip:], [row[skip:] for row in rows]))
    for variant, of in summary["variants"].items():
        lines += [f"{_prefix(variant)}{count} × {cause}" for cause, count in of["failures"].items()]
    expected = [_expectation(line) for line in summary["expectations"]]
    return "\n".join([*lines, *([""] if expected else []), *expected]) + "\n"


def interval(low: float | None, high: float | None) -> str:
    return "" if low is None else f"{short(low)} … {short(high)}"


def unit(row: Mapping[str, Any]) -> str:
    from plansim.scenario.metrics import METRICS

    return METRICS[row["metric"]].unit if row["metric"] in METRICS else ""


def _expectation(line: Mapping[str, Any]) -> str:
    found = "nothing measured it" if line["value"] is None else short(line["value"])
    return f"{'met    ' if line['met'] else 'NOT MET'}  {_prefix(line['variant'])}{line['text']} ({found})"


def _prefix(variant: str) -> str:
    return f"{variant}: " if variant else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
