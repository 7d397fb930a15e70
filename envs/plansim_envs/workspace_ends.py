"""Where the episodes of a workspace begin, and where they are to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from plansim.core.errors import MalformedInput
from plansim_envs.base import uniforms
from plansim_envs.workspace_robot import Robot

TRIES = 1000
Joined = Callable[[np.ndarray, np.ndarray], bool]  # whether there is a way from a state (n,) to another


@dataclass(frozen=True)
class Query:
    """From a start to a goal."""

    start: tuple[float, ...]
    goal: tuple[float, ...]
    shortest: float = float("nan")  # m, of the shortest path, where that is known


def fill(robot: Robot, numbers: Sequence[float]) -> np.ndarray:
    """A state (n,) of its first numbers; the trailer follows straight, the rest is 0."""
    given = np.array(numbers, dtype=float)
    if given.ndim != 1 or not robot.dimension <= len(given) <= robot.n or not np.isfinite(given).all():
        names = " ".join(robot.vehicle.state.names)
        raise MalformedInput(f"{list(numbers)} is no state '{names}', nor its first numbers, position included")
    x = np.zeros(robot.n)
    x[: len(given)] = given
    if robot.trailer is not None and len(given) <= robot.trailer:
        x[robot.trailer] = x[2]
    return robot.vehicle.state.wrap(x)


def check_queries(robot: Robot, queries: tuple[np.ndarray, np.ndarray], start, goal) -> None:
    """Says which given start or goal is not free."""
    starts, goals = queries
    ends = {f"problems[{i}]: {name}": x for name, of in (("start", starts), ("goal", goals)) for i, x in enumerate(of)}
    ends |= {name: fill(robot, end) for name, end in (("start", start), ("goal", goal)) if end is not None}
    for name, x in ends.items():
        if not robot.is_free(x[None])[0]:
            raise MalformedInput(f"{name} is {x.tolist()}, but there the body overlaps an obstacle or the edge")


def sure_ends(
    robot: Robot,
    queries: tuple[np.ndarray, np.ndarray],
    start,
    goal,
    min_distance: float,
    joined: Joined | None = None,
) -> np.ndarray:
    """A start and a goal that are free and far enough apart, (2, n): for episodes that draw none."""
    if len(queries[0]):
        return np.stack((queries[0][0], queries[1][0]))
    random = np.random.default_rng(0).random((100 * TRIES, 2, robot.dimension + 1))
    for some in np.array_split(random, 100):
        ends = _placed(robot, some, start, goal)
        good = _good(robot, ends, start, goal, min_distance, joined)
        if good.any():
            return ends[good.argmax()]
    raise MalformedInput(f"the world has no free start and goal for this body that are {min_distance:g} m apart")


def draw_ends(
    state: np.ndarray,
    mask: np.ndarray,
    robot: Robot,
    queries: tuple[np.ndarray, np.ndarray],
    sure: np.ndarray,
    start,
    goal,
    min_distance: float,
    joined: Joined | None = None,
) -> None:
    """Draws starts and goals for the worlds in the mask, each from its own stream, `joined` ones only."""
    count = len(queries[0])
    if count:
        chosen = (uniforms(state, mask, 1)[mask, 0] * count).astype(np.int64)
        state["problem"][mask], state["state"][mask], state["goal"][mask] = chosen, *(ends[chosen] for ends in queries)
        return
    state["problem"][mask] = -1
    pending = mask.copy()
    for attempt in range(TRIES + 1):
        rows = np.flatnonzero(pending)
        if not len(rows):
            break
        random = uniforms(state, pending, 2 * (robot.dimension + 1))[rows]
        ends = _placed(robot, random.reshape(-1, 2, robot.dimension + 1), start, goal)
        if attempt == TRIES:
            ends[:] = sure
        state["state"][rows], state["goal"][rows] = ends[:, 0], ends[:, 1]
        pending[rows] = ~_good(robot, ends, start, goal, min_distance, joined)


def _placed(robot: Robot, random: np.ndarray, start, goal) -> np.ndarray:
    """Starts and goals (B, 2, n) from numbers in [0, 1), (B, 2, dimension + 1): anywhere, any heading, at rest."""
    low, high = np.asarray(robot.world.bounds)
    ends = np.zeros((len(random), 2, robot.n))
    ends[..., : robot.dimension] = low + random[..., :-1] * (high - low)
    ends[..., list(robot.vehicle.state.angle_indices)] = np.pi * (2 * random[..., -1:] - 1)
    for i, end in enumerate((start, goal)):
        if end is not None:
            ends[:, i] = fill(robot, end)
    return ends


def _good(robot: Robot, ends: np.ndarray, start, goal, min_distance: float, joined: Joined | None = None) -> np.ndarray:
    """Which of the pairs (B, 2, n) are free; and unless both were given, far enough apart and joined by a way, (B,)."""
    good = robot.is_free(ends[:, 0]) & robot.is_free(ends[:, 1])
    if start is not None and goal is not None:
        return good
    good &= robot.apart(ends[:, 0], ends[:, 1]) >= min_distance
    for i in np.flatnonzero(good) if joined else ():
        good[i] = joined(*ends[i])  # type: ignore[misc]
    return good
