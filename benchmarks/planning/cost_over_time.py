"""How good a path is after how long: plansim's planners beside OMPL's, on worlds with exact optima.

`pip install ompl` for the peer; both test edges with the same compiled kernel. Each run has the same worlds, seeds and
seconds; what is shown is the median over all runs of the cost so far, over the optimum. With matplotlib the curves are
drawn to docs/pictures/cost_over_time.png.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from benchmarks.planning.time_to_optimum import NEAR, OURS, PEERS, ompl_planner, worlds
from benchmarks.record import record
from plansim.planning import Budget, Problem

MARKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)  # s
SEEDS = 3
PICTURE = Path(__file__).parents[2] / "docs/pictures/cost_over_time.png"


def ours(planner, problem: Problem, seed: int) -> list[float]:
    """The cost at each mark; inf before the first path."""
    plan = planner.plan(problem, Budget(seconds=MARKS[-1]), np.random.default_rng(seed))
    seconds, costs = plan.history[:, 1], plan.history[:, 2]
    return [float(costs[seconds <= mark].min(initial=np.inf)) for mark in MARKS]


def ompl(name: str, problem: Problem, seed: int) -> list[float]:
    """A run a mark: not all of its planners can be stopped and go on."""
    costs = []
    for mark in MARKS:
        planner, task, _kept = ompl_planner(name, problem, 0.0, seed)
        planner.solve(mark)
        exact = task.hasExactSolution()  # else the path does not reach the goal
        costs.append(task.getSolutionPath().length() if exact else float("inf"))
    return costs


def curve(run, problems: list[tuple[Problem, float]]) -> np.ndarray:
    """Cost over the optimum, the median over worlds and seeds at each mark, (marks,)."""
    excess = [np.array(run(p, seed)) * NEAR / enough for p, enough in problems for seed in range(SEEDS)]
    return np.percentile(excess, 50, axis=0, method="higher")


def draw(curves: dict[str, np.ndarray]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4.0), layout="constrained")
    for name, values in curves.items():
        found = np.isfinite(values)
        marks = np.array(MARKS)[found] * 1e3
        axes.plot(marks, 100 * (values[found] - 1), "--" if name.startswith("OMPL") else "-", marker="o", label=name)
    axes.set(xscale="log", yscale="log", xlabel="time (ms)", ylabel="cost above the optimum (%), median")
    axes.legend(fontsize="small")
    figure.savefig(PICTURE, dpi=110)


def main() -> None:
    problems = worlds()
    curves = {}
    for name, planner in OURS.items():
        planner.plan(problems[0][0], Budget(iterations=500))
        curves[name] = curve(lambda p, seed, planner=planner: ours(planner, p, seed), problems)
    if importlib.util.find_spec("ompl"):
        for name in PEERS:
            curves[f"OMPL {name}"] = curve(lambda p, seed, name=name: ompl(name, p, seed), problems)
    rows = [
        {"planner": name} | {f"{1e3 * mark:g} ms": value for mark, value in zip(MARKS, values, strict=True)}
        for name, values in curves.items()
    ]
    note = (
        f"Cost so far over the exact optimum, the median of {len(problems)} worlds × {SEEDS} seeds; inf: most have no "
        "path yet. `corners=False` knows as much as the peers."
    )
    record("Cost over time", "python benchmarks/planning/cost_over_time.py", rows, note)
    if importlib.util.find_spec("matplotlib"):
        draw(curves)


if __name__ == "__main__":
    main()
