"""Draws the pages' picture of crossing and parallel targets: `python benchmarks/tracking/pictures.py`."""

from __future__ import annotations

from pathlib import Path

import plansim
from plansim.viz.overview import overview
from plansim.viz.scene import tracks, worlds_of
from plansim.viz.style import figure_style

ROOT = Path(__file__).parents[2]
SHOWN = ("cross-gnn", "cross-jpda", "parallel-jpda", "parallel-jpda-star")

if __name__ == "__main__":
    scenario = plansim.load(ROOT / "scenarios" / "crossing_targets.yaml", ["episodes=1", "record=1"])
    result = plansim.run(scenario)
    with figure_style():
        figure = overview([track for track in tracks(result) if track.variant in SHOWN], worlds_of(result))
        figure.savefig(ROOT / "docs" / "pictures" / "crossing_targets.png", dpi=90, metadata={"Software": None})
