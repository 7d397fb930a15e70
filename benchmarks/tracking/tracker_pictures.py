"""Draws what the pages of trackers show, one function a picture, into docs/pictures.

`python benchmarks/tracking/tracker_pictures.py`, or with the names of some: `... associations tracker`
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Ellipse

from benchmarks.tracking.scenes import DT, MOTION, SEEN, SENSOR, SPEED_STD, crossing
from plansim.core.beliefs import Gaussian
from plansim.estimation import KalmanFilter
from plansim.models.position import Position
from plansim.tracking import Tracker
from plansim.tracking.association.base import Associator
from plansim.tracking.association.best_hypotheses import JointProbabilisticStar
from plansim.tracking.association.global_nearest_neighbour import GlobalNearestNeighbour
from plansim.tracking.association.jpda import JointProbabilistic
from plansim.tracking.association.nearest_neighbour import NearestNeighbour
from plansim.tracking.initiation import OnePoint
from plansim.tracking.metrics.gospa import gospa

PICTURES = Path(__file__).parents[2] / "docs/pictures"


def save(figure, name: str) -> None:
    figure.savefig(PICTURES / f"{name}.png", dpi=90)
    plt.close(figure)


def ellipse(axis, mean, cov, radius: float, **style) -> None:
    sizes, axes = np.linalg.eigh(cov)
    angle = np.degrees(np.arctan2(axes[1, 1], axes[0, 1]))
    width, height = 2 * radius * np.sqrt(sizes[::-1])
    axis.add_patch(Ellipse(mean, width, height, angle=angle, **style))


def associations() -> None:
    """Two tracks side by side, two detections: whose is which, by four associators."""
    known = Gaussian(
        np.array([[0.0, 0.0, 10.0, 0.0], [0.0, 6.0, 10.0, 0.0]]), np.tile(np.diag([9.0, 9.0, 4.0, 4.0]), (2, 1, 1))
    )
    detections, sensor = np.array([[11.0, 7.0], [9.0, 14.0]]), Position(std=3.0)
    ways: dict[str, Associator] = {
        "nearest neighbour": NearestNeighbour(),
        "global nearest neighbour": GlobalNearestNeighbour(),
        "JPDA": JointProbabilistic(),
        "JPDA*": JointProbabilisticStar(),
    }
    figure, axes = plt.subplots(1, 4, figsize=(11, 3.9), layout="constrained", sharex=True, sharey=True)
    for axis, (name, associator) in zip(axes, ways.items(), strict=True):
        tracker = Tracker(KalmanFilter(MOTION), clutter_density=1e-4, birth_density=1e-9, associator=associator)
        before, after = tracker.known(known), None
        after = tracker.advance(before, detections, sensor, DT).chosen(slice(0, 2))
        expected = KalmanFilter(MOTION).predict(known, None, DT)
        for i in range(2):
            gate = expected.cov[i, :2, :2] + sensor.cov
            ellipse(axis, expected.mean[i, :2], gate, 3.72, fill=False, color=f"C{i}", linestyle=":")
            axis.plot(*expected.mean[i, :2], "+", color=f"C{i}", markersize=12)
            ellipse(axis, after.belief.mean[i, :2], after.belief.cov[i, :2, :2], 2.45, color=f"C{i}", alpha=0.35)
            axis.plot(*after.belief.mean[i, :2], "o", color=f"C{i}", markersize=5)
        axis.plot(*detections.T, "kx", markersize=7)
        axis.set(title=name, aspect="equal", xlabel="x (m)")
    axes[0].set_ylabel("y (m)")
    save(figure, "associations")


def tracker() -> None:
    """Six targets that cross among clutter: the tracks, and how sure it is of each."""
    scene = crossing(seed=3)
    eyes = Tracker(
        KalmanFilter(MOTION),
        clutter_density=scene.clutter_density,
        detection_probability=SEEN,
        birth_density=1e-4 * scene.targets / scene.side**2,
        start_density=scene.targets / scene.side**2,
        survival=0.9999,
        initiation=OnePoint(velocity_std=SPEED_STD),
    )
    figure, (plane, life) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    ways: dict[int, list] = {}
    for scan, points in enumerate(scene.detections):
        tracks = eyes.step(points, SENSOR, DT)
        plane.plot(*points.T, ".", color="0.75", markersize=3, zorder=0)
        for name, state, existence, confirmed in zip(
            tracks.ids, tracks.belief.mean, tracks.existence, tracks.confirmed, strict=True
        ):
            ways.setdefault(int(name), []).append((scan, *state[:2], existence, confirmed))
    for name, way in ways.items():
        scans, x, y, existence, confirmed = np.array(way, float).T
        if confirmed.any():
            plane.plot(x, y, color=f"C{name % 10}", linewidth=1.6)
        life.plot(scans, existence, color=f"C{name % 10}" if confirmed.any() else "0.8", linewidth=1.2)
    for target in range(scene.targets):
        plane.plot(*scene.truth[:, target, :2].T, "k:", linewidth=0.8)
    plane.set(aspect="equal", xlabel="x (m)", ylabel="y (m)", title="detections, tracks, and the truth dotted")
    life.axhline(0.5, color="k", linestyle=":", linewidth=1)
    life.set(xlabel="scan", ylabel="probability that there is a target", title="what was confirmed is coloured")
    save(figure, "tracker")


def scores() -> None:
    """What a distance between tracks and targets is made of."""
    targets = np.array([[10.0, 10.0], [40.0, 12.0], [70.0, 30.0], [30.0, 45.0]])
    tracks = np.array([[13.0, 14.0], [43.0, 9.0], [85.0, 55.0], [33.0, 47.0], [60.0, 5.0]])
    cutoff = 20.0
    score = gospa(tracks, targets, cutoff)
    figure, axis = plt.subplots(figsize=(6, 3.8), layout="constrained")
    for track, target in score.pairs:
        axis.plot(*np.array([tracks[track], targets[target]]).T, "C2-", linewidth=2)
    axis.plot(*targets.T, "ko", label="targets")
    axis.plot(*tracks.T, "C1s", label="tracks")
    missed = np.setdiff1d(np.arange(len(targets)), score.pairs[:, 1])
    false = np.setdiff1d(np.arange(len(tracks)), score.pairs[:, 0])
    for points, colour, word in ((targets[missed], "k", "missed"), (tracks[false], "C1", "false")):
        for point in points:
            axis.add_patch(plt.Circle(point, cutoff / np.sqrt(2) / 2, fill=False, color=colour, linestyle="--"))
            axis.annotate(word, point, textcoords="offset points", xytext=(7, 5))
    axis.set(aspect="equal", xlabel="x (m)", ylabel="y (m)")
    axis.set_title(
        f"GOSPA {score.distance:.1f} m: √({score.localisation:.0f} of pairs + {score.missed:.0f} missed"
        f" + {score.false:.0f} false), cutoff {cutoff:g} m",
        fontsize=10,
    )
    axis.legend(fontsize=8, loc="lower right")
    save(figure, "gospa")


DRAWN = {one.__name__: one for one in (associations, tracker, scores)}

if __name__ == "__main__":
    for name in sys.argv[1:] or DRAWN:
        DRAWN[name]()
