"""Draws the pictures of localisation: a cloud everywhere becomes several places, then one; how a scan fits a map.

python benchmarks/estimation/localization_pictures.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.estimation.drives import wander
from plansim.core.map_makers import rooms
from plansim.estimation.localization.clusters import SHARE_OF_A_PLACE, clusters
from plansim.estimation.localization.monte_carlo import MonteCarloLocalization
from plansim.models.lidar import Lidar
from plansim.models.lidar_beams import BeamModel
from plansim.models.lidar_likelihood import LikelihoodField
from plansim.models.odometry import WheelOdometry
from plansim.viz.canvas import Canvas
from plansim.viz.scene import World
from plansim.viz.stage import draw_ground
from plansim.viz.style import LIGHT

PICTURES = Path(__file__).parents[2] / "docs/pictures"
START, ELSEWHERE = np.array([7.4, 2.1, 2.6]), np.array([17.0, 10.0, -1.5])
WIDTH, TALLEST, CHART, DOTS = 460, 300, 66, 350


def moments():
    """(pose, belief, ranges, words, particle count so far) of each scan; the robot is carried off in the middle."""
    grid, lidar, wheels, rng = rooms(seed=3), Lidar(beams=120, max_range=4.0), WheelOdometry(), np.random.default_rng(2)
    estimator, sensor = MonteCarloLocalization(grid, wheels), LikelihoodField(grid, lidar, independence=0.3)
    belief, counts = estimator.everywhere(rng), []
    yield grid, START, belief, None, "before the first scan: anywhere", [5000]
    counts = [5000]
    for start in (START, ELSEWHERE):
        for step, (pose, increment, ranges) in enumerate(wander(grid, start, 26, rng, lidar, wheels, step=0.12)):
            belief = estimator.predict(belief, increment, 0.1, rng) if len(counts) > 1 else belief
            belief = estimator.update(belief, ranges, sensor, rng).belief
            counts.append(len(belief.states))
            places = sum(place.weight > SHARE_OF_A_PLACE for place in clusters(belief))
            said = "carried off: " if start is ELSEWHERE and step < 2 else ""
            words = f"{said}{places} place{'s' if places > 1 else ''}, {counts[-1]} particles"
            yield grid, pose, belief, lidar.hits(ranges), words, counts


def frame(canvas, ground, pose, belief, hits, words, counts, total):
    canvas.begin(ground)
    c, s = np.cos(pose[2]), np.sin(pose[2])
    if hits is not None:
        canvas.dots(pose[:2] + hits @ np.array([[c, s], [-s, c]]), LIGHT["beams"], 1.4)
    shown = belief.states[np.linspace(0, len(belief.states) - 1, min(len(belief.states), DOTS)).astype(int)]
    canvas.dots(shown, LIGHT["particles"], 1.5)
    canvas.ring(pose[:2], 0.3, LIGHT["truth"], (31, 95, 168, 120))
    canvas.words(words)
    return with_chart(canvas.picture(), counts, total)


def with_chart(picture, counts, total):
    """The picture with the number of particles over the scans beneath it."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (picture.width, picture.height + CHART), LIGHT["free"])
    image.paste(picture, (0, 0))
    draw, low = ImageDraw.Draw(image), picture.height + CHART - 8
    x = 10 + np.arange(len(counts)) * (picture.width - 20) / total
    y = low - np.array(counts) / 5000 * (CHART - 24)
    draw.line([(10, low), (picture.width - 10, low)], fill=LIGHT["rule"])
    draw.text((12, picture.height + 2), "particles, at most 5000", fill=LIGHT["muted"])
    draw.line(list(zip(x, y, strict=True)), fill=LIGHT["particles"], width=2)
    return image


def fits() -> None:
    """How likely one scan is from each place, in the true direction: by a likelihood field, and by beams."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    grid, lidar = rooms(seed=3), Lidar(beams=120, max_range=6.0)
    ranges = lidar.scan(grid, START, np.random.default_rng(0))
    (x0, y0), (x1, y1) = grid.bounds
    x, y = np.meshgrid(np.arange(x0, x1, 0.1), np.arange(y0, y1, 0.1))
    poses = np.stack((x, y, np.full(x.shape, START[2])), -1)
    sensors = {"likelihood field": LikelihoodField(grid, lidar), "beam model": BeamModel(grid, lidar)}
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.6), sharey=True, layout="constrained")
    for axis, (name, sensor) in zip(axes, sensors.items(), strict=True):
        fit = np.where(grid.is_free(poses[..., :2]), sensor.log_likelihood(ranges, poses), np.nan)
        axis.imshow(grid.occupied, origin="lower", extent=(x0, x1, y0, y1), cmap="Greys")
        best = np.nanmax(fit)
        shown = axis.imshow(fit - best, origin="lower", extent=(x0, x1, y0, y1), vmin=-250, cmap="viridis")
        axis.plot(*START[:2], "r+", markersize=12, markeredgewidth=2)
        axis.set(title=name, xlabel="x (m)")
    axes[0].set_ylabel("y (m)")
    figure.colorbar(shown, ax=axes, label="log-likelihood below the best", shrink=0.8)
    figure.savefig(PICTURES / "lidar_fit.png", dpi=90)


def main() -> None:
    from PIL import Image

    told = list(moments())
    grid = told[0][0]
    (x0, y0), (x1, y1) = grid.bounds
    canvas = Canvas((x0, y0, x1, y1), WIDTH, TALLEST)
    ground = draw_ground(canvas, World(map=grid))
    images = [frame(canvas, ground, *moment[1:5], list(moment[5][: i + 1]), len(told)) for i, moment in enumerate(told)]
    palette = Image.fromarray(np.concatenate([np.asarray(images[i]) for i in (0, 3, 20)])).quantize(24)
    flat = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    times = [1200, 900, 900, *[180] * (len(flat) - 4), 1500]
    flat[0].save(PICTURES / "global_localization.gif", save_all=True, append_images=flat[1:], duration=times, loop=0)
    fits()


if __name__ == "__main__":
    main()
