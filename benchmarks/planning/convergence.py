"""Draws docs/pictures/convergence.png: how the cost of three planners' paths falls to the optimum with their samples.

`python benchmarks/planning/convergence.py`: one world of 40 boxes, 20 seeds; the optimum is that of a visibility graph.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from plansim_envs.workspace_shortest import VisibilityGraph

from plansim.core.shape_makers import random_boxes
from plansim.planning import BITStar, BoxSpace, InformedRRTStar, Problem, RRTStar

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "convergence.png"
SEEDS, SAMPLES = 20, np.unique(np.geomspace(30, 10_000, 120).astype(int))
PLANNERS = {
    "RRT*": RRTStar(),
    "Informed RRT*": InformedRRTStar(),
    "BIT*, without corners": BITStar(corners=False),
}


def costs(history: np.ndarray) -> np.ndarray:
    """Cost of the best path after each number of SAMPLES; inf before the first."""
    found = np.searchsorted(history[:, 0], SAMPLES, side="right")
    return np.append(np.inf, history[:, 2])[found]


def main() -> None:
    world = random_boxes(40, seed=3)
    problem = Problem(BoxSpace(world), np.array([3.0, 3.0]), np.array([97.0, 97.0]))
    optimum = VisibilityGraph(world).length(problem.start, problem.goal)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for (name, planner), colour in zip(PLANNERS.items(), ("C0", "C1", "C2"), strict=True):
        histories = [planner.plan(problem, rng=np.random.default_rng(seed)).history for seed in range(SEEDS)]
        runs = np.stack([costs(history) for history in histories])
        assert (np.diff(runs[:, np.isfinite(runs).all(0)], axis=1) <= 0).all(), f"{name} let a cost rise"
        assert runs.min() >= optimum * (1 - 1e-9), f"{name} found a path below the optimum"
        low, median, high = np.sort(runs, axis=0)[[SEEDS // 4, SEEDS // 2, 3 * SEEDS // 4]]
        known = np.isfinite(high)
        for axis, shown in ((left, lambda cost: cost), (right, lambda cost: 100 * (cost / optimum - 1))):
            axis.fill_between(SAMPLES[known], shown(low)[known], shown(high)[known], color=colour, alpha=0.2, lw=0)
            axis.plot(SAMPLES[known], shown(median)[known], colour, label=name)
    left.axhline(optimum, color="k", linestyle="--", linewidth=1, label=f"optimum, {optimum:.2f} m")
    left.set(xscale="log", xlabel="samples", ylabel="cost (m)")
    right.set(xscale="log", yscale="log", xlabel="samples", ylabel="above the optimum (%)", ylim=(1e-3, None))
    left.legend()
    figure.suptitle(f"Medians and quartiles of {SEEDS} seeds, 40 boxes in a square of 100 m", fontsize=10)
    figure.savefig(PICTURE, dpi=90)


if __name__ == "__main__":
    main()
