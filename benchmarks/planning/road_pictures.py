"""The pictures of docs/planners on roads: moments of an episode, one below the other."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from PIL import Image

from plansim.scenario.load import load
from plansim.scenario.run import run
from plansim.viz.road_scene import road_frames
from plansim.viz.scene import track, world_of

ROOT = Path(__file__).parents[2]
MOMENTS = {  # scenario: variant, seed, seconds
    "candidates_2500": ("fine", 1, (3.6, 9.9, 17.1)),
    "overtake_occluded": ("optimal", 6, (10.0, 19.0, 21.5, 24.5)),
}


def main() -> None:
    for name, (variant, seed, seconds) in MOMENTS.items():
        result = run(load(ROOT / "scenarios" / f"{name}.yaml", ["record=1"]), seeds=[seed])
        shown = track(result.records[variant, seed], variant, seed, most=10_000)
        pictures = list(road_frames(shown, world_of(result, variant), 640, 480))
        chosen = [np.asarray(pictures[round(10 * second)].convert("RGB")) for second in seconds]
        picture = Image.fromarray(np.concatenate(chosen)).quantize(64)
        picture.save(ROOT / "docs" / "pictures" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
