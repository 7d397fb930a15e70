"""Draws docs/pictures/coverage.png and docs/pictures/reactive.png: what robots do that only react.

python benchmarks/planning/reactive_pictures.py
"""

from __future__ import annotations

from pathlib import Path

import gymnasium
import matplotlib
import numpy as np
import plansim_envs  # noqa: F401

from plansim.control.bug2 import Bug2
from plansim.control.lawnmower import Lawnmower
from plansim.control.random_bounce import RandomBounce
from plansim.control.wall_follower import WallFollower
from plansim.core.grid import OccupancyGrid
from plansim.core.island_maze import island_maze, island_problems
from plansim.core.map_files import GridProblem
from plansim.core.map_makers import maze

matplotlib.use("agg")
import matplotlib.pyplot as plt

PICTURES = Path(__file__).parents[2] / "docs/pictures"


def play(env, policy, seed, steps):
    """Coverage or positions of an episode, a row a step."""
    (observation, info), rows = env.reset(seed=seed), []
    policy.reset(seed)
    for _ in range(steps):
        rows.append(info.get("coverage", observation["state"]))
        observation, _, terminated, truncated, info = env.step(policy.act(observation))
        if terminated or truncated:
            break
    return np.array([*rows, info.get("coverage", observation["state"])])


def coverage(seeds=20, steps=4000, dt=0.2):
    env = gymnasium.make("plansim/Coverage-v0", dt=dt, target=1.0, render_mode="rgb_array").unwrapped
    fast = gymnasium.make("plansim/Coverage-v0", dt=dt, target=1.0).unwrapped
    figure, axes = plt.subplots(1, 3, figsize=(11, 2.9), constrained_layout=True)
    policies = {"random bounce": RandomBounce(dt=dt), "lawnmower": Lawnmower(env.world.grid, dt=dt)}
    for ax, (name, policy) in zip(axes, policies.items(), strict=False):
        play(env, policy, 0, 1000)
        ax.imshow(env.render())
        ax.set_title(f"{name}, {1000 * dt / 60:.1f} minutes")
        ax.axis("off")
        curves = np.array([play(fast, policy, seed, steps) for seed in range(seeds)])
        minutes = dt / 60 * np.arange(curves.shape[1])
        (line,) = axes[2].plot(minutes, curves.mean(0), label=name)
        axes[2].fill_between(minutes, curves.min(0), curves.max(0), alpha=0.2, color=line.get_color(), lw=0)
        when = {share: minutes[np.argmax(curves.mean(0) >= share)] for share in (0.5, 0.85)}
        print(
            name, {share: f"{time:.1f} min" for share, time in when.items()}, f"{curves[:, -1].mean():.3f} at the end"
        )
    axes[2].set(xlabel="minutes", ylabel="covered", ylim=(0, 1), title=f"{seeds} seeds, mean and range")
    axes[2].legend(loc="lower right")
    figure.savefig(PICTURES / "coverage.png", dpi=80)


def cups() -> OccupancyGrid:
    cells = np.zeros((21, 31))
    cells[[0, -1]] = cells[:, [0, -1]] = 1
    cells[4:15, 12] = cells[4, 7:12] = cells[14, 7:12] = 1
    cells[8:18, 20:23] = 1
    return OccupancyGrid(cells)


def reactive():
    island = {"problems": island_problems(9, 9, 3, count=1, maze_seed=4), "map": island_maze(9, 9, 3, 1.0, 4)}
    perfect = maze(9, 9, corridor=0.2, resolution=0.2, seed=4)
    perfect = {"map": OccupancyGrid(perfect.probability), "problems": [GridProblem(0, "", (1, 1), (17, 17), 0.0)]}
    bug = {"map": cups(), "problems": [GridProblem(0, "", (10, 2), (12, 28), 0.0)]}
    panels = {
        "left hand, perfect maze": (perfect, WallFollower()),
        "left hand, island: a loop": (island, WallFollower()),
        "Bug2 and its m-line": (bug, Bug2(1.0)),
    }
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), constrained_layout=True, width_ratios=(1, 1, 1.45))
    for ax, (title, (kwargs, policy)) in zip(axes, panels.items(), strict=True):
        env = gymnasium.make("plansim/GridWorld-v0", sight=1, max_steps=700, **kwargs).unwrapped
        way = play(env, policy, 0, 700)
        grid, goal = kwargs["map"], env.get_state()["goal"][0]
        ax.imshow(grid.occupied, origin="lower", cmap="Greys", extent=(0, *grid.size[:1], 0, grid.size[1]), alpha=0.8)
        if isinstance(policy, Bug2):
            ax.plot(*policy.trace()["path"].T, "--", color="tab:green", lw=1)
        ax.plot(*way.T, color="tab:blue", lw=1.5)
        ax.plot(*way[0], "o", color="tab:blue")
        ax.plot(*goal, "*", color="tab:green", ms=12)
        ax.set_title(f"{title}, {len(way) - 1} steps")
        ax.axis("off")
        print(title, len(way) - 1, "steps", policy.metrics(), policy.remark())
    figure.savefig(PICTURES / "reactive.png", dpi=80)


if __name__ == "__main__":
    coverage()
    reactive()
