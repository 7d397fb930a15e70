"""GridWorld: shortest paths on a grid, one cell a step."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import sqrt
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel
from plansim.core.map_files import GridProblem
from plansim.core.random import uniform_pair
from plansim_envs import rendering
from plansim_envs.base import SingleView, StepResult, VectorView, World
from plansim_envs.maps import NOWHERE, Regions, default_map, edges, per_map, regions

MOVES = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))  # row, column of E, NE, N, ... SE
OUTCOMES = np.array(["", "arrived", "out of time"], dtype=object)


@dataclass(frozen=True, eq=False)
class GridWorld(World):
    """Walk from cell to cell to a goal, on the shortest way.

    Action: Discrete(8): east, north-east, north, ... south-east; move k goes k · 45° counter-clockwise from east.
    Only free cells can be entered (not unknown ones), and a diagonal step needs both cells beside it free. A move that
    is not possible leaves the state and costs a step.

    Observation: a dict of float64: "state" (2,), the centre x, y in metres of the cell, and "goal" (2,). With `sight` s
    also "around" (2s + 1, 2s + 1): 1 for each cell around that cannot be entered, rows and columns as the map's.

    Reward: minus the metres moved; a move that is not possible costs one cell's side. So the return of an optimal
    policy is minus the length of the shortest path.

    Begin: one of `problems`, drawn by chance, or a free start and another goal that can be reached from it.

    End: terminated at the goal ("arrived"), truncated after `max_steps` ("out of time").

    Info: "path_length", metres walked; at the end "is_success", "outcome", and with `problems` also "optimal_length",
    metres of the published optimum.

    Versions: v0.
    """

    map: OccupancyGrid | None = None  # a warehouse where None
    problems: list[GridProblem] | None = None  # starts and goals to draw from; any reachable pair where None
    max_steps: int = 10_000  # then the episode is truncated
    sight: int = 0  # cells seen in every direction: for policies whose map is not this one

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array"], "render_fps": 20}
    metrics: ClassVar[dict[str, str]] = {"optimal_length": "metres of the problem's published optimum"}

    def __post_init__(self) -> None:
        if not self.max_steps >= 1:
            raise MalformedInput(f"max_steps is {self.max_steps}, but must be at least 1")
        if not self.sight >= 0:
            raise MalformedInput(f"sight is {self.sight}, but must be 0 (sees nothing) or more cells")
        if self.problems is not None:
            self._check_problems(self.problems)

    def prepare(self) -> None:
        if self.problems is None and not len(self._choices[1]):
            raise MalformedInput("the map has no two free cells side by side, so there is nowhere to go")

    @functools.cached_property
    def grid(self) -> OccupancyGrid:
        return default_map() if self.map is None else self.map

    def _check_problems(self, problems: list[GridProblem]) -> None:
        if not len(problems):
            raise MalformedInput("problems is empty: give at least one, or None for random ones")
        rows, columns = self.grid.shape
        for i, problem in enumerate(problems):
            for name in ("start", "goal"):
                row, column = getattr(problem, name)
                if not (0 <= row < rows and 0 <= column < columns and self.grid.free[row, column]):
                    where = f"problems[{i}]: {name} {(row, column)}"
                    raise MalformedInput(f"{where} is no free cell of the map of {rows} × {columns}")

    @functools.cached_property
    def observation_space(self) -> spaces.Dict:  # type: ignore[override]
        point = edges(self.grid)
        names: dict[str, spaces.Space[Any]] = {name: spaces.Box(*point, dtype=np.float64) for name in ("state", "goal")}
        if self.sight:
            names["around"] = spaces.Box(0.0, 1.0, self._view, dtype=np.float64)
        return spaces.Dict(names)

    @property
    def _view(self) -> tuple[int, int]:
        return 2 * self.sight + 1, 2 * self.sight + 1

    @functools.cached_property
    def action_space(self) -> spaces.Discrete:  # type: ignore[override]
        return spaces.Discrete(8)

    @functools.cached_property
    def _choices(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What episodes are drawn from: problems (P, 4) of rows and columns, or connected free cells."""
        if self.problems is None:
            return np.empty((0, 4), dtype=np.int64), *_free_regions(self.grid)
        problems = np.array([(*problem.start, *problem.goal) for problem in self.problems], dtype=np.int64)
        return problems, *NOWHERE

    def fields(self) -> list[tuple]:
        return [
            ("cell", "i8", (2,)), ("goal_cell", "i8", (2,)), ("state", "f8", (2,)), ("goal", "f8", (2,)),
            ("problem", "i8"), ("steps", "i8"), ("path_length", "f8"), ("outcome", "i8"),
            *([("around", "f8", self._view)] if self.sight else []),
        ]  # fmt: skip

    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        _draw(state, mask, *self._choices, _cells(self.grid)[1])
        self._see(state)

    def step(self, state: np.ndarray, actions: np.ndarray, result: StepResult) -> None:
        self._walk(state, actions, *self._ground, *result)
        self._see(state)

    def _see(self, state: np.ndarray) -> None:
        if self.sight:
            _look(state["cell"], _cells(self.grid)[0], state["around"])

    def observe(self, state: np.ndarray) -> dict[str, np.ndarray]:
        names = ("around", "goal", "state") if self.sight else ("goal", "state")
        return {name: state[name] for name in names}

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"path_length": state["path_length"]}

    def final_info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        info = {"is_success": state["outcome"] == 1, "outcome": OUTCOMES[state["outcome"]]}
        if self.problems is not None:
            lengths = [self.problems[i].optimal_length for i in state["problem"]]
            info["optimal_length"] = np.array(lengths, dtype=float) * self.grid.resolution
        return info

    def check(self, state: np.ndarray) -> None:
        for name in ("cell", "goal_cell"):
            cells = state[name]
            inside = ((cells >= 0) & (cells < self.grid.shape)).all()
            if not (inside and self.grid.free[cells[:, 0], cells[:, 1]].all()):
                raise MalformedInput(f"snapshot['{name}'] holds cells that are not free on this map")
        if self.problems is not None and not ((state["problem"] >= 0) & (state["problem"] < len(self.problems))).all():
            raise MalformedInput(f"snapshot['problem'] must lie in 0..{len(self.problems) - 1}")
        if not ((state["outcome"] >= 0) & (state["outcome"] < len(OUTCOMES))).all():
            raise MalformedInput(f"snapshot['outcome'] must lie in 0..{len(OUTCOMES) - 1}")

    def frame(self, episode: np.ndarray) -> np.ndarray:
        points, resolution = episode["state"], self.grid.resolution
        canvas = rendering.Canvas(self.grid)
        canvas.line(points, rendering.TRACE)
        canvas.goal(episode["goal"][-1], 0.45 * resolution)
        canvas.disc(points[-1], 0.45 * resolution, rendering.ROBOT)
        return canvas.picture()

    @functools.cached_property
    def _walk(self) -> Any:
        return _walk.compiled

    @functools.cached_property
    def _ground(self) -> tuple:
        return *_cells(self.grid), float(self.grid.resolution), int(self.max_steps)


class GridWorldEnv(SingleView):
    parameters = GridWorld


class GridWorldVectorEnv(VectorView):
    parameters = GridWorld


@per_map
def _free_regions(grid: OccupancyGrid) -> Regions:
    return regions(grid.free)


@per_map
def _cells(grid: OccupancyGrid) -> tuple[np.ndarray, np.ndarray]:
    """Which cells are free, (H, W), and the x, y of every cell's centre, (H, W, 2)."""
    # a copy: numba recognises an array twice as fast that is not read-only
    return grid.free.copy(), grid.points(np.moveaxis(np.indices(grid.shape), 0, -1))


@kernel
def _place(point, centres, cell):
    # by numbers: a copy of slices compiles ten times as long
    point[0], point[1] = centres[cell[0], cell[1], 0], centres[cell[0], cell[1], 1]


@kernel
def _look(cells, free, around):
    rows, columns = free.shape
    sight = around.shape[1] // 2
    for i in range(cells.shape[0]):
        for j in range(around.shape[1]):
            for k in range(around.shape[2]):
                row, column = cells[i, 0] + j - sight, cells[i, 1] + k - sight
                inside = 0 <= row < rows and 0 <= column < columns
                around[i, j, k] = 0.0 if inside and free[row, column] else 1.0


@kernel
def _draw(state, mask, problems, cells, first, last, centres):
    for i in range(state.shape[0]):
        if not mask[i]:
            continue
        world = state[i]
        a, b = uniform_pair(world["random"])
        start, goal = world["cell"], world["goal_cell"]
        if problems.shape[0] > 0:
            k = int(a * problems.shape[0])
            world["problem"] = k
            start[0], start[1], goal[0], goal[1] = problems[k, 0], problems[k, 1], problems[k, 2], problems[k, 3]
        else:
            j = int(a * cells.shape[0])
            # any other cell of the region: the region's cells without the start, counted from behind it
            size = last[j] - first[j]
            k = first[j] + (j - first[j] + 1 + int(b * (size - 1))) % size
            world["problem"] = -1
            start[0], start[1], goal[0], goal[1] = cells[j, 0], cells[j, 1], cells[k, 0], cells[k, 1]
        _place(world["state"], centres, start)
        _place(world["goal"], centres, goal)
        world["steps"], world["path_length"], world["outcome"] = 0, 0.0, 0


@kernel
def _walk(state, actions, free, centres, resolution, max_steps, reward, terminated, truncated):
    rows, columns = free.shape
    for i in range(state.shape[0]):
        world = state[i]
        cell, goal = world["cell"], world["goal_cell"]
        row, column = cell[0], cell[1]
        d_row, d_column = MOVES[actions[i]]
        to_row, to_column = row + d_row, column + d_column
        length = resolution
        if (
            0 <= to_row < rows and 0 <= to_column < columns and free[to_row, to_column]
            and free[to_row, column] and free[row, to_column]
        ):  # fmt: skip
            length = resolution * (sqrt(2.0) if d_row * d_column else 1.0)
            cell[0], cell[1] = to_row, to_column
            _place(world["state"], centres, cell)
            world["path_length"] += length
        world["steps"] += 1
        terminated[i] = cell[0] == goal[0] and cell[1] == goal[1]
        truncated[i] = not terminated[i] and world["steps"] >= max_steps
        world["outcome"] = 1 if terminated[i] else 2 if truncated[i] else 0
        reward[i] = -length
