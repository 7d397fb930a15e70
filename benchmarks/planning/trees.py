"""Quadtrees and octrees beside their cells: memory, time to build, time a query, length of the path."""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from benchmarks.record import record
from plansim.core.map_files import read_movingai_map, read_ros_map
from plansim.core.map_makers import rooms, warehouse
from plansim.core.occupancy_tree import OccupancyTree
from plansim.planning import AnyAngle, AStar, GridSpace, Problem, TreeAStar, VoxelSpace
from plansim.planning.tree.leaf_graph import LeafGraph
from tests.conftest import data_folder

QUERIES = 20


def seconds(function, *args) -> float:
    began = time.perf_counter()
    function(*args)
    return time.perf_counter() - began


def plane(name: str, grid) -> dict[str, object]:
    space, rng = GridSpace(grid), np.random.default_rng(0)
    tree = OccupancyTree.of(space.blocked)
    built = min(seconds(lambda: LeafGraph.of(OccupancyTree.of(space.blocked))) for _ in range(3))
    times, longer, plans = [], [], 0
    while plans < QUERIES:
        problem = Problem(space, *grid.random_free_points(rng, count=2))
        cells, blocks, shortest = AStar().plan(problem), TreeAStar().plan(problem), AnyAngle().plan(problem)
        assert cells.status is blocks.status
        if cells.solved and cells.cost > 0:
            plans += 1
            longer.append(blocks.cost / shortest.cost)
            times.append((seconds(TreeAStar().plan, problem), seconds(AStar().plan, problem)))
    blocks_ms, cells_ms = np.median(times, axis=0) * 1e3
    return {
        "map": name, "cells": space.blocked.size, "blocks": len(tree.leaves), "bytes, cells": space.blocked.nbytes,
        "bytes, tree": tree.nbytes, "build, ms": built * 1e3, "query over blocks, ms": blocks_ms,
        "query over cells, ms": cells_ms, "length ÷ any-angle": float(np.median(longer)),
    }  # fmt: skip


def solid(size: int) -> dict[str, object]:
    """A city of blocks under an open sky."""
    rng, blocked = np.random.default_rng(1), np.zeros((size // 4, size, size), dtype=bool)
    for row, column in rng.integers(0, size - size // 16, size=(60, 2)):
        blocked[: rng.integers(size // 16, size // 5), row : row + size // 20, column : column + size // 20] = True
    space = VoxelSpace(blocked)
    built = seconds(lambda: LeafGraph.of(OccupancyTree.of(blocked)))
    free = np.argwhere(~blocked)
    times = []
    for _ in range(QUERIES):
        start, goal = free[rng.integers(len(free), size=2)][:, ::-1] + 0.5
        problem = Problem(space, start, goal)
        plan = TreeAStar().plan(problem)
        assert plan.solved
        assert space.edge_free(plan.states[:-1], plan.states[1:]).all()
        times.append(seconds(TreeAStar().plan, problem))
    return {
        "map": f"city of {size} × {size} × {size // 4}", "cells": blocked.size, "blocks": len(space.tree.leaves),
        "bytes, cells": blocked.nbytes, "bytes, tree": space.tree.nbytes, "build, ms": built * 1e3,
        "query over blocks, ms": float(np.median(times)) * 1e3,
    }  # fmt: skip


def main() -> None:
    data = data_folder()
    grids = {"rooms": rooms(resolution=0.02), "warehouse": warehouse(resolution=0.02)}
    if data is not None:
        grids["Berlin_0_1024"] = read_movingai_map(data / "movingai/cities/Berlin_0_1024.map")
        grids["depot"] = read_ros_map(data / "ros/depot.yaml")
    TreeAStar().plan(Problem(GridSpace(rooms()), np.array([1.0, 1.0]), np.array([2.0, 2.0])))
    rows = [plane(name, grid) for name, grid in grids.items()] + [solid(size) for size in (64, 128, 256)]
    record("Quadtrees and octrees", "python benchmarks/planning/trees.py", rows)


if __name__ == "__main__":
    main()
