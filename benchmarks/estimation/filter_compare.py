"""Which filter for which problem: the problems of scenarios/filter_compare.yaml, every filter that fits, one table.

`python benchmarks/estimation/filter_compare.py` writes the table into docs/estimators/README.md: the error, whether the
filter knows it, its time a step, and how few particles would do.
"""

from __future__ import annotations

import copy
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
import yaml  # noqa: E402

import plansim  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
SCENARIO, PAGE = ROOT / "scenarios/filter_compare.yaml", ROOT / "docs/estimators/README.md"
BEGIN, END = "<!-- measured: filters -->", "<!-- end of measured -->"
PROBLEMS = {"linear": "rmse", "mild": "rmse", "strong": "rmse", "ambiguous": "final_error"}  # what counts in each
FILTERS: dict[str, dict[str, Any]] = {
    "kalman": {"name": "kalman-filter"},
    "extended": {"name": "extended-kalman-filter"},
    "iterated": {"name": "iterated-extended-kalman-filter"},
    "unscented": {"name": "unscented-kalman-filter"},
    "cubature": {"name": "cubature-kalman-filter"},
    "ensemble, 100": {"name": "ensemble-kalman-filter", "members": 100},
    "particles, 2000": {"name": "particle-filter", "particles": 2000},
}
COUNTS = (30, 100, 300, 1000, 3000)
SEEDS = range(30)


def main() -> None:
    raw = yaml.safe_load(SCENARIO.read_text())
    rows = [_row(raw, problem, name) for problem in PROBLEMS for name in FILTERS if _fits(problem, name)]
    needed = {problem: _particles_needed(raw, problem) for problem in PROBLEMS}
    table = "\n".join([*_table(rows), "", _sentence(needed)])
    print(table)
    page = PAGE.read_text()
    before, after = page[: page.index(BEGIN) + len(BEGIN)], page[page.index(END) :]
    PAGE.write_text(f"{before}\n{table}\n{after}")


def _fits(problem: str, name: str) -> bool:
    """The Kalman filter needs a linear motion: for the pendulum it has one that is wrong, for the robot none."""
    return name != "kalman" or problem in ("linear", "strong")


def _row(raw: dict[str, Any], problem: str, name: str) -> dict[str, Any]:
    result = _played(raw, problem, name, FILTERS[name])
    metric = PROBLEMS[problem]
    times = [episode.timing["filter_seconds_per_step"] for episode in result.episodes]
    return {
        "problem": problem,
        "filter": name,
        "error": _mean(result, metric),
        "nees": _mean(result, "nees"),
        "components": 3 if problem in ("mild", "ambiguous") else 2,
        "log_likelihood": _mean(result, "log_likelihood"),
        "us": 1e6 * float(np.median(times)),
    }


def _played(raw: dict[str, Any], problem: str, name: str, estimator: dict[str, Any]) -> Any:
    """The problem's episodes with this estimator, of the same motion as the scenario gives the others."""
    variants = raw["variants"]
    base = f"{problem}-{'kalman' if name == 'kalman' else 'particles'}"
    chosen = copy.deepcopy(variants[base])
    if name != "kalman":
        chosen["policy.estimator"] = {**estimator, "motion": chosen["policy.estimator"]["motion"]}
    scenario = {**raw, "variants": {"one": chosen}, "expect": {}, "record": 0}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "one.yaml"
        path.write_text(yaml.safe_dump(scenario, sort_keys=False))
        return plansim.run(plansim.load(path), seeds=list(SEEDS))


def _mean(result: Any, metric: str) -> float:
    values = [v for v in result.values(metric, "one") if v is not None]
    return float(np.mean(values)) if values else float("nan")


def _particles_needed(raw: dict[str, Any], problem: str) -> int | None:
    """The fewest whose error is within a tenth of that of the most, and so with all larger counts."""
    errors = []
    for count in COUNTS:
        estimator = {"name": "particle-filter", "particles": count}
        errors.append(_mean(_played(raw, problem, "particles", estimator), PROBLEMS[problem]))
    print(problem, dict(zip(COUNTS, np.round(errors, 3).tolist(), strict=True)), file=sys.stderr)
    enough = np.array(errors) <= 1.1 * errors[-1]
    first = len(COUNTS) - int(np.argmin(enough[::-1])) if not enough.all() else 0
    return COUNTS[first]


def _table(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["| problem | filter | error | NEES (rightly) | log-likelihood | µs a step |", "|---|---|---|---|---|---|"]
    for row in rows:
        nees = f"{row['nees']:.3g}" if row["nees"] < 1000 else "over 1000"
        lines.append(
            f"| {row['problem']} | {row['filter']} | {row['error']:.3g} | {nees} ({row['components']}) "
            f"| {row['log_likelihood']:.1f} | {row['us']:.0f} |"
        )
    return lines


def _sentence(needed: dict[str, int | None]) -> str:
    counts = ", ".join(f"{problem} {count}" for problem, count in needed.items())
    return f"Particles needed to come within a tenth of the error of {COUNTS[-1]}: {counts}."


if __name__ == "__main__":
    main()
