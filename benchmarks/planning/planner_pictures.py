"""Draws what the pages of planners show, one function a picture, into docs/pictures.

`python benchmarks/planning/planner_pictures.py`, or with the names of some: `... trees quadtree`
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import networkx
import numpy as np
from matplotlib.collections import LineCollection, PatchCollection

from plansim.core.geometry import transform
from plansim.core.grid import OccupancyGrid
from plansim.core.map_makers import cluttered, rooms
from plansim.core.occupancy_tree import OccupancyTree
from plansim.core.parking_maps import car_park, truck_yard
from plansim.core.shape_makers import random_boxes
from plansim.models.car import Car
from plansim.planning import (
    PRM,
    RRT,
    AnyAngle,
    AStar,
    BoxSpace,
    CarSpace,
    Dijkstra,
    DStarLite,
    GraphSpace,
    GridSpace,
    HybridAStar,
    Problem,
    RRTConnect,
    Shortcut,
    Smooth,
    TreeAStar,
    TruckHybridAStar,
    TruckSpace,
    jerk_limited,
    spline_path,
    time_optimal,
)

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
CAR = np.array([[-0.9, -0.9], [3.6, -0.9], [3.6, 0.9], [-0.9, 0.9]])


def floor(axis, map: OccupancyGrid, title: str = "") -> None:
    axis.imshow(map.occupied, origin="lower", extent=(0, map.size[0], 0, map.size[1]), cmap="Greys", vmax=1.4)
    axis.set(xticks=[], yticks=[], aspect="equal", title=title)


def ends(axis, problem: Problem) -> None:
    axis.plot(*problem.start[:2], "ko", *problem.goal[:2], "k*", zorder=5)


def save(figure, name: str) -> None:
    figure.savefig(PICTURES / f"{name}.png", dpi=90, bbox_inches="tight", pad_inches=0.05)
    plt.close(figure)


def trees() -> None:
    world = random_boxes(40, seed=3)
    problem = Problem(BoxSpace(world), np.array([3.0, 3.0]), np.array([97.0, 97.0]))
    planners = {
        "RRT": RRT(step=4, keep_tree=True),
        "RRT-Connect": RRTConnect(step=4, keep_tree=True),
        "PRM": PRM(samples=600, neighbours=8, keep_tree=True),
    }
    figure, axes = plt.subplots(1, 3, figsize=(9, 3.3), layout="constrained")
    for axis, (name, planner) in zip(axes, planners.items(), strict=True):
        plan = planner.plan(problem, rng=np.random.default_rng(2))
        axis.add_collection(PatchCollection([plt.Rectangle(a, *(b - a)) for a, b in world.boxes], color="0.55"))
        growth = None if name == "PRM" else np.arange(len(plan.tree))
        colours = {"colors": "C0", "alpha": 0.5} if growth is None else {"array": growth, "cmap": "viridis"}
        axis.add_collection(LineCollection(plan.tree, linewidths=0.6, **colours))
        axis.plot(*plan.states.T, "C3", linewidth=1.8)
        ends(axis, problem)
        title = f"{name}: {len(plan.tree)} edges, {plan.cost:.0f} m"
        axis.set(xlim=(0, 100), ylim=(0, 100), xticks=[], yticks=[], aspect="equal", title=title)
    save(figure, "trees")


def parking() -> None:
    map, planner = car_park(taken=0.9, seed=4), HybridAStar(robot=Car(wheelbase=2.7), max_steering=0.6)
    space, start = CarSpace(map, CAR, planner.turning_radius), np.array([6.0, 6.0, 0.0])
    goals = {"backwards into a bay": (15.7, 12.3, -np.pi / 2), "at the kerb": (14.35, 1.3, 0.0)}
    figure, axes = plt.subplots(1, 2, figsize=(9, 2.9), layout="constrained")
    for axis, (name, goal) in zip(axes, goals.items(), strict=True):
        plan = planner.plan(Problem(space, start, np.array(goal)))
        floor(axis, map, f"{name}: {plan.cost:.1f} m")
        for pose in [*plan.states[:-1:14], plan.states[-1]]:
            axis.add_patch(plt.Polygon(transform(pose, CAR), fill=False, edgecolor="C0", linewidth=0.7))
        for forwards, colour in ((True, "C2"), (False, "C3")):
            pieces = np.stack((plan.states[:-1, :2], plan.states[1:, :2]), axis=1)[
                (plan.controls[:, 0] > 0) == forwards
            ]
            label = "forwards" if forwards else "backwards"
            axis.add_collection(LineCollection(pieces, colors=colour, linewidths=2, label=label))
        axis.legend(loc="center right", fontsize=8)
    save(figure, "parking")


def truck() -> None:
    map, planner = truck_yard(seed=1), TruckHybridAStar()
    space = TruckSpace(map)
    problem = Problem(space, np.array([12.0, 12.0, 0.4, 0.1]), np.array([21.4, 33.2, -np.pi / 2, -np.pi / 2]))
    plan = planner.plan(problem)
    figure, axis = plt.subplots(figsize=(5, 4.6), layout="constrained")
    floor(axis, map)
    for x in [*plan.states[:-1:45], plan.states[-1]]:
        axle = x[:2] - space.trailer_length * np.array([np.cos(x[3]), np.sin(x[3])])
        for pose, body, colour in ((x[:3], space.tractor, "C3"), (np.append(axle, x[3]), space.trailer, "C0")):
            axis.add_patch(plt.Polygon(transform(pose, np.array(body)), fill=False, edgecolor=colour, linewidth=0.7))
    axis.plot(*plan.states[:, :2].T, "k", linewidth=1)
    save(figure, "truck_parking")


def quadtree() -> None:
    map = rooms(rows=2, columns=3, resolution=0.05, seed=3)
    tree, problem = OccupancyTree.of(map.occupied), Problem(GridSpace(map), np.array([1.0, 1.0]), np.array([13.5, 7.3]))
    corners, widths = tree.corners[:, ::-1] * map.resolution, tree.widths * map.resolution
    figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
    floor(axis, map, f"{len(tree.leaves)} blocks for {map.occupied.size} cells")
    blocks = [plt.Rectangle(c, w, w) for c, w in zip(corners, widths, strict=True)]
    axis.add_collection(PatchCollection(blocks, facecolor="none", edgecolor="C0", linewidth=0.3))
    axis.plot(*TreeAStar().plan(problem).states[:, :2].T, "C3")
    axis.set(xlim=(0, map.size[0]), ylim=(0, map.size[1]))
    ends(axis, problem)
    save(figure, "quadtree")


def replanning() -> None:
    known = rooms(rows=2, columns=3, resolution=0.1, seed=3)
    start, goal = np.array([1.0, 1.0]), np.array([13.5, 7.3])
    planner, map = DStarLite(keep_expanded=True).replanner(), known
    plan, figure = (
        planner.plan(Problem(GridSpace(map), start, goal)),
        plt.figure(figsize=(9, 3.3), layout="constrained"),
    )
    for place, title in enumerate(("at first", "after a box was seen", "the same by A*, anew"), 1):
        axis = figure.add_subplot(1, 3, place)
        if place == 2:
            middle = map.cells(plan.states[len(plan.states) // 2])
            box = np.stack(np.meshgrid(*(np.arange(-3, 4),) * 2), axis=-1).reshape(-1, 2) + middle
            map, here = map.with_cells(box, 1.0), plan.states[len(plan.states) // 2 - 12]
            plan = planner.plan(Problem(GridSpace(map), here, goal))
        elif place == 3:
            plan = AStar(keep_expanded=True).plan(Problem(GridSpace(map), here, goal))
        floor(axis, map, f"{title}: {plan.stats.expanded} cells")
        axis.plot(*plan.expanded[:, :2].T, "s", color="C1", markersize=1.2, alpha=0.6)
        axis.plot(*plan.states[:, :2].T, "C0")
        axis.plot(*plan.states[0], "ko", *goal, "k*")
    save(figure, "d_star_lite")


def paths() -> None:
    """A* over cells, the shortest path of any angle, and what processors make of the former."""
    map = cluttered(rooms(rows=2, columns=3, resolution=0.1, seed=3), boxes=25, size=0.4, seed=2)
    problem = Problem(GridSpace(map.inflated(0.2)), np.array([1.0, 1.0]), np.array([13.5, 7.3]))
    coarse = AStar().plan(problem)
    short = Shortcut().process(problem, coarse)
    plans = {
        "A*": (coarse, "C1-"),
        "shortcut": (short, "C0-"),
        "smooth, 0.3 m clear": (Smooth(clearance=0.3).process(problem, short), "C2-"),
        "any angle": (AnyAngle().plan(problem), "C3--"),
    }
    figure, axis = plt.subplots(figsize=(6.5, 4.4), layout="constrained")
    floor(axis, map)
    for name, (plan, style) in plans.items():
        axis.plot(*plan.states[:, :2].T, style, linewidth=1.4, label=f"{name}: {plan.cost:.2f} m")
    ends(axis, problem)
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(figure, "paths")


def graph_search() -> None:
    """Roads as a graph: what Dijkstra and A* had to look at for the same way."""
    roads = networkx.random_geometric_graph(400, 0.09, seed=1)
    places = networkx.get_node_attributes(roads, "pos")

    def metres(a, b) -> float:
        return float(np.hypot(*np.subtract(places[a], places[b])))

    space = GraphSpace(roads, weight=lambda a, b, road: metres(a, b), heuristic=metres)
    left, right = (
        min(places, key=lambda node, x=x: np.hypot(places[node][0] - x, places[node][1] - 0.5)) for x in (0.2, 0.8)
    )
    problem = Problem(space, left, right)
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.4), layout="constrained")
    for axis, planner in zip(axes, (Dijkstra(keep_expanded=True), AStar(keep_expanded=True)), strict=True):
        plan = planner.plan(problem)
        axis.add_collection(
            LineCollection([(places[a], places[b]) for a, b in roads.edges], colors="0.8", linewidths=0.7)
        )
        looked = np.array([places[node] for node in plan.expanded])
        axis.plot(*looked.T, "o", color="C0", markersize=3)
        axis.plot(*np.array([places[node] for node in plan.states]).T, "C1-", linewidth=2.5)
        title = f"{type(planner).__name__}: {plan.stats.expanded} places looked at, {plan.cost:.3f}"
        axis.set(xticks=[], yticks=[], aspect="equal", title=title)
    save(figure, "graph_search")


def timing() -> None:
    path = spline_path(np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 2.0], [4.0, 0.0]]))
    limits = {"max_velocity": 1.0, "max_acceleration": 2.0}
    passages = {
        "time-optimal": time_optimal(path, **limits),
        "jerk ≤ 8 m/s³": jerk_limited(path, **limits, max_jerk=8.0),
    }
    figure, axes = plt.subplots(2, 2, figsize=(8, 3.8), sharex="col", sharey="row", layout="constrained")
    for column, (name, passage) in zip(axes.T, passages.items(), strict=True):
        times = np.linspace(0.0, passage.duration, 1000)
        for axis, derivative, limit in zip(column, (1, 2), limits.values(), strict=True):
            values = np.array([passage.at(t, derivative=derivative) for t in times])
            axis.plot(times, values, label=["x", "y"])
            for side in (-limit, limit):
                axis.axhline(side, color="k", linestyle=":", linewidth=1)
        column[0].set_title(f"{name}: {passage.duration:.2f} s", fontsize=10)
        column[1].set_xlabel("time (s)")
    axes[0, 0].set_ylabel("velocity (m/s)")
    axes[1, 0].set_ylabel("acceleration (m/s²)")
    axes[0, 0].legend(fontsize=8)
    save(figure, "time_optimal")


DRAWN = {one.__name__: one for one in (trees, parking, truck, quadtree, replanning, paths, timing, graph_search)}

if __name__ == "__main__":
    for name in sys.argv[1:] or DRAWN:
        DRAWN[name]()
