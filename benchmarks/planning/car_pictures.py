"""Draws what the pages on cars' shortest paths and on kinodynamic planning show, into docs/pictures.

`python benchmarks/planning/car_pictures.py`
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from plansim.core.geometry import transform
from plansim.core.shapes import Shapes
from plansim.models.truck import TruckTrailer
from plansim.planning.base import Problem
from plansim.planning.car.kinodynamic_rrt import KinodynamicRRT
from plansim.planning.car.vehicle_space import VehicleSpace
from plansim.planning.curves.dubins import dubins_path
from plansim.planning.curves.reeds_shepp import reeds_shepp_path

PICTURES = Path(__file__).parent.parent.parent / "docs/pictures"
GOALS = [(3.0, 2.0, np.pi), (0.0, 1.5, 0.0), (-2.5, 1.0, 0.6)]
OUTLINE = np.array([[-0.3, -0.3], [0.9, -0.3], [0.9, 0.3], [-0.3, 0.3]])


def curves() -> None:
    figure, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
    for axis, goal in zip(axes, GOALS, strict=True):
        for path, name, style in ((dubins_path, "Dubins", "C0-"), (reeds_shepp_path, "Reeds-Shepp", "C3--")):
            curve = path(np.zeros(3), goal, radius=1.0, spacing=0.02)
            axis.plot(*curve.states[:, :2].T, style, label=f"{name} {curve.length:.2f}")
        for x, y, heading in ((0.0, 0.0, 0.0), goal):
            axis.quiver(x, y, np.cos(heading), np.sin(heading), angles="xy", scale=12, width=0.012)
        axis.set_aspect("equal", adjustable="datalim")
        axis.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=2)
    figure.savefig(PICTURES / "car_curves.png", dpi=90)


def tree() -> None:
    world = Shapes([0, 0], [20, 16], boxes=[[[6, 0], [7, 10]], [[12, 6], [13, 16]]])
    truck = TruckTrailer(wheelbase=0.7, trailer_length=1.4)
    space = VehicleSpace(world, truck, (-1.0, -0.6), (1.0, 0.6), OUTLINE, trailer_body=OUTLINE)
    ends = np.array([2, 3, np.pi / 2, np.pi / 2]), np.array([18, 14, np.pi / 2, np.pi / 2])
    plan = KinodynamicRRT(keep_tree=True).plan(Problem(space, *ends, goal_radius=1.4))
    figure, axis = plt.subplots(figsize=(6, 4.8), layout="constrained")
    for low, high in world.boxes:
        axis.add_patch(plt.Rectangle(low, *(high - low), color="0.4"))
    axis.plot(*np.swapaxes(plan.tree[..., :2], 0, 2), color="0.75", linewidth=0.5)
    axis.plot(*plan.states[:, :2].T, "C3")
    for x in plan.states[::40]:
        axle = x[:2] - truck.trailer_length * np.array([np.cos(x[3]), np.sin(x[3])])
        for pose, colour in ((x[:3], "C3"), (np.array([*axle, x[3]]), "C0")):
            axis.add_patch(plt.Polygon(transform(pose, OUTLINE), fill=False, edgecolor=colour, linewidth=0.8))
    axis.set(xlim=(0, 20), ylim=(0, 16), aspect="equal", xlabel="m", ylabel="m")
    figure.savefig(PICTURES / "kinodynamic_rrt.png", dpi=90)


if __name__ == "__main__":
    curves()
    tree()
