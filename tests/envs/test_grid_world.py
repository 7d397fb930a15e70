"""GridWorld moves as the rules of grid paths say."""

from __future__ import annotations

import gymnasium
import networkx
import numpy as np
import plansim_envs  # noqa: F401
import pytest
from plansim_envs.grid_world import MOVES
from plansim_envs.maps import regions

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.map_files import GridProblem, read_movingai_map, read_movingai_problems

MAP = OccupancyGrid((np.random.default_rng(1).random((12, 15)) < 0.3).astype(float), 0.5, (3.0, -1.0, 0.7))


def problem(start, goal, length=0.0) -> GridProblem:
    return GridProblem(0, "map", start, goal, length)


def make(**kwargs):
    return gymnasium.make("plansim/GridWorld-v0", **kwargs).unwrapped


def allowed(free: np.ndarray, cell, move) -> bool:
    """The rules in slow words."""
    d_row, d_column = MOVES[move]
    needed = {(cell[0] + d_row, cell[1] + d_column), (cell[0] + d_row, cell[1]), (cell[0], cell[1] + d_column)}
    return all(0 <= r < free.shape[0] and 0 <= c < free.shape[1] and free[r, c] for r, c in needed)


def test_a_move_happens_where_the_rules_allow_it_and_nowhere_else():
    env = make(map=MAP, max_steps=10**6)
    rng = np.random.default_rng(0)
    _, info = env.reset(seed=0)
    for _ in range(2000):
        before, walked = env.get_state()["cell"][0], info["path_length"]
        move = int(rng.integers(8))
        seen, reward, terminated, _, info = env.step(move)
        after = env.get_state()["cell"][0]
        legal = allowed(MAP.free, before, move)
        length = 0.5 * np.hypot(*MOVES[move])
        np.testing.assert_array_equal(after, before + MOVES[move] if legal else before)
        np.testing.assert_array_equal(seen["state"], MAP.points(after))
        assert reward == pytest.approx(-length if legal else -0.5, abs=1e-12)
        assert info["path_length"] - walked == pytest.approx(length if legal else 0.0, abs=1e-12)
        assert terminated == bool((after == env.get_state()["goal_cell"][0]).all())
        if terminated:
            _, info = env.reset()


def test_move_k_goes_k_times_45_degrees():
    angles = [np.arctan2(row, column) % (2 * np.pi) for row, column in MOVES]
    np.testing.assert_allclose(angles, np.arange(8) * np.pi / 4)


def test_random_goals_can_be_reached_and_are_elsewhere():
    graph = networkx.Graph()
    for cell in np.argwhere(MAP.free):
        for move in range(8):
            if allowed(MAP.free, cell, move):
                graph.add_edge(tuple(cell), tuple(cell + MOVES[move]))
    envs = gymnasium.make_vec("plansim/GridWorld-v0", 500, map=MAP).unwrapped
    envs.reset(seed=0)
    state = envs.get_state()
    starts, goals = (list(map(tuple, state[name])) for name in ("cell", "goal_cell"))
    assert all(
        start != goal and networkx.has_path(graph, start, goal) for start, goal in zip(starts, goals, strict=True)
    )
    assert len(set(starts)) > 80
    assert len(set(goals)) > 80


def test_regions_are_those_of_a_graph():
    mask = np.random.default_rng(3).random((20, 20)) < 0.5
    graph = networkx.Graph()
    for row, column in np.argwhere(mask):
        for r, c in ((row, column + 1), (row + 1, column)):
            if r < 20 and c < 20 and mask[r, c]:
                graph.add_edge((row, column), (r, c))
    found = regions(mask)
    sets = {frozenset(map(tuple, found.cells[a:b])) for a, b in zip(found.first, found.last, strict=True)}
    assert sets == {frozenset(part) for part in networkx.connected_components(graph)}


def test_a_straight_walk_costs_its_length():
    floor = OccupancyGrid(np.zeros((4, 9)), 0.5)
    env = make(map=floor, problems=[problem((1, 0), (1, 8), 8.0)])
    env.reset(seed=0)
    rewards = [env.step(0) for _ in range(8)]
    assert sum(step[1] for step in rewards) == -4.0
    assert rewards[-1][2]
    assert rewards[-1][4] == {"path_length": 4.0, "is_success": True, "outcome": "arrived", "optimal_length": 4.0}


def test_time_runs_out():
    env = make(map=MAP, max_steps=3)
    env.reset(seed=1)
    steps = [env.step(0) for _ in range(3)]
    assert [step[3] for step in steps] == [False, False, True]
    assert steps[-1][4]["outcome"] == "out of time"
    assert not steps[-1][4]["is_success"]


def test_problems_are_all_drawn_and_start_where_they_say():
    free = [tuple(map(int, cell)) for cell in np.argwhere(MAP.free)]
    problems = [problem(a, b, 1.0) for a, b in zip(free[:10], free[20:30], strict=True)]
    envs = gymnasium.make_vec("plansim/GridWorld-v0", 200, map=MAP, problems=problems).unwrapped
    envs.reset(seed=0)
    state = envs.get_state()
    assert set(state["problem"].tolist()) == set(range(10))
    for i, k in enumerate(state["problem"]):
        assert (tuple(state["cell"][i]), tuple(state["goal_cell"][i])) == (problems[k].start, problems[k].goal)


def test_bad_maps_and_problems_are_named():
    with pytest.raises(MalformedInput, match="nowhere to go"):
        make(map=OccupancyGrid(np.eye(2)))
    with pytest.raises(MalformedInput, match="problems is empty"):
        make(map=MAP, problems=[])
    wall = tuple(map(int, np.argwhere(~MAP.free)[0]))
    free = tuple(map(int, np.argwhere(MAP.free)[0]))
    with pytest.raises(MalformedInput, match=r"problems\[1\]: goal .* is no free cell"):
        make(map=MAP, problems=[problem(free, free), problem(free, wall)])
    with pytest.raises(MalformedInput, match="max_steps is 0"):
        make(map=MAP, max_steps=0)


def test_a_real_city_runs_fast(data):
    import time

    scenario = next((data / "movingai").rglob("Berlin_0_1024*.scen"), None)
    path = next((data / "movingai").rglob("Berlin_0_1024.map"), None)
    if scenario is None or path is None:
        pytest.skip("no Berlin_0_1024 among the data")
    env = make(map=read_movingai_map(path), problems=read_movingai_problems(scenario))
    env.reset(seed=0)
    env.step(0)
    began = time.perf_counter()
    for k in range(3000):
        if env.step(k % 8)[2]:
            env.reset()
    assert time.perf_counter() - began < 1.0


def test_sight_shows_the_cells_around_and_beyond_the_map_all_is_blocked():
    envs = gymnasium.make_vec("plansim/GridWorld-v0", 50, map=MAP, sight=3).unwrapped
    observations, _ = envs.reset(seed=0)
    padded = np.pad(~MAP.free, 3, constant_values=True)
    for _ in range(5):
        for position, around in zip(observations["state"], observations["around"], strict=True):
            row, column = MAP.cells(position)
            assert np.array_equal(around, padded[row : row + 7, column : column + 7])
        observations = envs.step(envs.action_space.sample())[0]


def test_who_sees_less_than_nothing_is_told():
    with pytest.raises(MalformedInput, match="sight is -1"):
        make(map=MAP, sight=-1)
