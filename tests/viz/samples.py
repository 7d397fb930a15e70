"""Results as a run would leave them, made by hand: a robot in a warehouse, a search on a grid, a plain environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plansim.core.grid import OccupancyGrid
from plansim.scenario.result import Episode, Result
from plansim.viz.scene import World


@dataclass(frozen=True)
class Scenario:
    """As much of a scenario as a picture asks for."""

    name: str = "warehouse-delivery"
    description: str = "A robot finds its way through a warehouse by lidar and odometry."
    seed: int = 0
    episodes: int = 1
    env: dict[str, Any] = field(default_factory=lambda: {"id": "plansim/GridNavigation-v0"})
    policy: dict[str, Any] = field(default_factory=lambda: {"name": "agent"})
    metrics: tuple[str, ...] = ("success", "position_error", "path_length", "steps")
    expect: dict[str, str] = field(default_factory=dict)
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)

    def resolved(self, folder: Any = None) -> dict[str, Any]:
        return {"name": self.name, "seed": self.seed, "env": self.env, "policy": self.policy, "expect": self.expect}


MANIFEST = {
    "command": "/somewhere/bin/plansim run scenarios/warehouse_delivery.yaml --seeds 0:20",
    "plansim": "0.1.0",
    "python": "3.11.9",
    "libraries": {"numpy": "2.4.6", "gymnasium": "1.4.0"},
}


def hall(heading: float = 0.0) -> OccupancyGrid:
    """12 m by 8 m with walls and three racks, the last rows unknown."""
    probability = np.zeros((80, 120))
    probability[[0, 1, -6, -7], :] = 1
    probability[-5:] = 0.5
    probability[:, [0, 1, -1, -2]] = 1
    for row in (20, 38, 56):
        probability[row : row + 6, 25:95] = 1
    return OccupancyGrid(probability, resolution=0.1, origin=(-2.0, 1.0, heading))


def hall_world(heading: float = 0.0) -> World:
    return World(hall(heading), 0.1, 0.25, 0.4, np.arange(180) * 2 * np.pi / 180 - np.pi, 8.0)


def drive(seed: int, steps: int = 240, world: World | None = None) -> dict[str, np.ndarray]:
    """The record of a drive round the racks, with everything that an agent traces."""
    from plansim.core.geometry import transform
    from plansim.core.raycast import cast_rays

    world = world or hall_world()
    rng = np.random.default_rng(seed)
    corners = np.array([[1.0, 1.2], [10.6, 1.2], [10.6, 3.3], [1.2, 3.3], [1.2, 5.1], [10.4, 5.1 + 0.03 * seed]])
    lengths = np.r_[0, np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))]
    along = np.linspace(0, lengths[-1], steps + 1)
    local = np.stack([np.interp(along, lengths, corners[:, i]) for i in range(2)], -1)
    local += np.convolve(rng.normal(0, 0.3, steps + 41), np.ones(41) / 41, "valid")[: steps + 1, None] * [0.4, 1.0]
    points = transform(np.asarray(world.map.origin, float), local)
    heading = np.unwrap(np.arctan2(*np.gradient(points, axis=0).T[::-1]))
    pose = np.column_stack((points, heading))
    std = 0.03 + 0.05 * np.abs(np.sin(along / 4))
    estimate = pose + rng.normal(size=pose.shape) * std[:, None] * [0.8, 0.8, 0.3]
    cov = np.einsum("t,ij->tij", std**2, np.array([[1.3, 0.4, 0], [0.4, 0.9, 0], [0, 0, 0.1]]))
    particles = estimate[:-1, None] + rng.normal(size=(steps, 80, 3)) * std[:-1, None, None]
    plans = [points[::8], points[steps // 3 :: 6] + 0.05]
    seen = points[steps // 2 : steps // 2 + 12] + np.array([0.0, 0.5])
    goal = np.broadcast_to(points[-1], (steps + 1, 2))
    discs = np.zeros((steps + 1, 2, 3))
    discs[steps // 3 :, 0] = [*transform(np.asarray(world.map.origin, float), np.array([[6.0, 5.6]]))[0], 0.2]
    reward = np.diff(-np.linalg.norm(points - points[-1], axis=1)) - 0.01
    later = (np.arange(steps) > steps // 3).astype(int)
    return {
        "action": np.ones((steps, 2)),
        "reward": reward,
        "observation.lidar": cast_rays(world.map, pose, world.beam_angles, world.max_range),
        "observation.goal": goal.copy(),
        "info.pose": pose,
        "info.obstacles": discs,
        "info.distance_to_goal": np.linalg.norm(points - points[-1], axis=1),
        "trace.pose": estimate[:-1],
        "trace.cov": cov[:-1],
        "trace.particles": particles,
        "trace.path.values": np.concatenate(plans),
        "trace.path.offsets": np.cumsum([0, len(plans[0]), len(plans[1])]),
        "trace.path.index": later,
        "trace.obstacles.values": seen,
        "trace.obstacles.offsets": np.array([0, 0, len(seen)]),
        "trace.obstacles.index": later,
        "trace.ess": rng.uniform(200, 500, steps),
    }


def walk(seed: int, world: World, greedy: bool) -> dict[str, np.ndarray]:
    """The record of a way over cells, with the cells that a search looked at before."""
    rows = np.r_[np.arange(4, 15), np.full(100, 15)]
    columns = np.r_[np.arange(5, 16), np.arange(16, 116)]
    cells = np.stack((rows, columns), -1)
    points = world.map.points(cells)
    free = np.argwhere(world.map.free)
    price = np.linalg.norm(free - cells[0], axis=1)
    if greedy:
        price = price + np.linalg.norm(free - cells[-1], axis=1)
    expanded = world.map.points(free[np.argsort(price, kind="stable")][: 900 if greedy else 4200])
    steps = len(points) - 1
    return {
        "action": np.zeros(steps, int),
        "reward": -np.linalg.norm(np.diff(points, axis=0), axis=1),
        "observation.state": points,
        "observation.goal": np.repeat(points[-1:], steps + 1, 0),
        "info.path_length": np.r_[0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))],
        "trace.path.values": points,
        "trace.path.offsets": np.array([0, len(points)]),
        "trace.path.index": np.zeros(steps, int),
        "trace.expanded.values": expanded,
        "trace.expanded.offsets": np.array([0, len(expanded)]),
        "trace.expanded.index": np.zeros(steps, int),
    }


def balance(seed: int, steps: int = 150) -> dict[str, np.ndarray]:
    """The record of an environment that is no place: four numbers seen, one discrete action."""
    rng = np.random.default_rng(seed)
    return {
        "action": rng.integers(0, 2, steps),
        "reward": np.ones(steps),
        "observation": np.cumsum(rng.normal(0, [0.01, 0.1, 0.02, 0.2], (steps + 1, 4)), axis=0),
    }


def _episode(variant: str, seed: int, rng: np.random.Generator, scale: float = 1.0) -> Episode:
    metrics = {
        "success": 1,
        "position_error": float(scale * rng.gamma(20, 0.0015)),
        "path_length": float(rng.normal(31.5, 1.1)),
        "steps": int(rng.normal(330, 14)),
    }
    return Episode(variant, seed, "ok", "", metrics, {"seconds": float(rng.gamma(9, 0.1))})


def navigation(count: int = 20, recorded: int = 3, **fields: Any) -> tuple[Result, dict[str, World]]:
    """A robot that mostly arrives: one collision, one crash."""
    rng = np.random.default_rng(1)
    rows = [_episode("", seed, rng) for seed in range(count)]
    if count > 6:
        rows[4] = Episode("", 4, "ok", "collision", {**rows[4].metrics, "success": 0}, rows[4].timing)
        rows[6] = Episode("", 6, "crashed", "ValueError: <b>the scan</b> has NaN", {"success": 0}, {})
    scenario = Scenario(**{"episodes": count, "expect": {"success": ">= 0.95", "position_error": "< 0.1"}, **fields})
    records = {("", seed): drive(seed) for seed in range(recorded)}
    return Result(scenario, tuple(rows), records, MANIFEST), {"": hall_world()}


def search() -> tuple[Result, dict[str, World]]:
    """Two searches on one map."""
    rng = np.random.default_rng(2)
    world = World(hall())
    scenario = Scenario(
        "city-search", "A* against Dijkstra.", env={"id": "plansim/GridWorld-v0"}, policy={"name": "grid-moves"},
        expect={"success": "== 1"}, variants={"a-star": {}, "dijkstra": {}},
    )  # fmt: skip
    rows = [_episode(v, seed, rng, scale) for v, scale in (("a-star", 1.0), ("dijkstra", 2.0)) for seed in range(15)]
    records = {(v, seed): walk(seed, world, v == "a-star") for v in scenario.variants for seed in range(2)}
    return Result(scenario, tuple(rows), records, MANIFEST), {v: world for v in scenario.variants}


def plain() -> tuple[Result, dict[str, World]]:
    """An environment of which plansim knows nothing."""
    scenario = Scenario("cart-pole", "", env={"id": "CartPole-v1"}, policy={"name": "random"}, metrics=("return",))
    rows = tuple(Episode("", seed, "ok", "", {"return": 20 + seed, "steps": 20 + seed}) for seed in range(10))
    return Result(scenario, rows, {("", seed): balance(seed) for seed in range(2)}, MANIFEST), {"": World()}


def trailer(seed: int, steps: int = 60, edges: int = 7000) -> dict[str, np.ndarray]:
    """The record of a truck that drives an arc among shapes, with the tree that its planner grew and its history."""
    rng = np.random.default_rng(seed)
    heading = np.linspace(0.3, 1.2, steps + 1)
    pose = np.stack((3 + 12 * np.sin(heading - 0.3), 2 + 12 - 12 * np.cos(heading - 0.3), heading), -1)
    behind = pose - np.stack((4 * np.cos(heading), 4 * np.sin(heading), np.full(steps + 1, 0.1)), -1)
    nodes = rng.uniform(0, 20, (edges + 1, 2))
    parents = (rng.random(edges) * np.arange(1, edges + 1)).astype(int)
    tree = np.concatenate((nodes[parents], nodes[1:]), axis=1).astype(np.float32)
    history = np.array([[300.0, 31.5], [900.0, 27.25], [4000.0, 26.0]])
    kept = {"path": pose[::10], "tree": tree, "history": history, "expanded": nodes[:5000]}
    once = {
        f"trace.{name}.{part}": value
        for name, array in kept.items()
        for part, value in (
            ("values", array),
            ("offsets", np.array([0, len(array)])),
            ("index", np.zeros(steps, int)),
        )
    }
    return once | {
        "action": np.zeros((steps, 2)),
        "reward": np.full(steps, -0.1),
        "observation.state": np.column_stack((pose, behind[:, 2])),
        "observation.goal": np.repeat(np.append(pose[-1:], [[1.1]], axis=1), steps + 1, 0),
        "info.path_length": np.linspace(0, 10, steps + 1),
        "info.pose": pose,
        "info.parts": np.stack((pose, behind), axis=1),
    }


def growing() -> tuple[Result, dict[str, World]]:
    """Two planners for a truck among boxes, a disc and a triangle."""
    from plansim.core.shapes import Shapes

    rng = np.random.default_rng(3)
    boxes, triangle = [[[8.0, -1.0], [11.0, 5.0]], [[1.0, 12.0], [5.0, 15.0]]], [[15.0, 2.0], [18.0, 2.0], [16.0, 5.0]]
    shapes = Shapes([0, 0], [20, 20], boxes=boxes, balls=[[4.0, 8.0, 1.0]], polygons=[triangle], margin=0.2)
    one = [[-1.0, -0.9], [3.5, -0.9], [3.5, 0.9], [-1.0, 0.9]]
    world = World(dt=0.1, goal_radius=0.5, shapes=shapes, polygons=np.array([one, one]))
    scenario = Scenario("trees", "", env={"id": "plansim/Workspace-v0"}, variants={"rrt": {}, "rrt-star": {}})
    rows = [_episode(v, seed, rng) for v in scenario.variants for seed in range(4)]
    records = {(v, seed): trailer(seed) for v in scenario.variants for seed in range(2)}
    return Result(scenario, tuple(rows), records, MANIFEST), {v: world for v in scenario.variants}
