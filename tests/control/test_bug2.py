"""Bug2 against the bound of its paper, with outlines measured without walking, and against flood filling."""

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest
from scipy.ndimage import label

from plansim.control.bug2 import Bug2, straight_line
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.map_files import GridProblem

STEPS = {0: (0, 1), 2: (1, 0), 4: (0, -1), 6: (-1, 0)}  # row, column
ENDS = np.ones((3, 3))


def clutter(rng, shape=(24, 30)):
    """Boxes, cups that open to any side, and dust, within walls."""
    blocked = rng.random(shape) < 0.03
    for _ in range(5):
        row, column = rng.integers(1, shape[0] - 9), rng.integers(1, shape[1] - 9)
        height, width = rng.integers(2, 9, 2)
        blocked[row : row + height, column : column + width] = True
        if rng.random() < 0.7:
            inside = blocked[row + 1 : row + height - 1, column + 1 : column + width - 1]
            inside[:] = False
            if rng.random() < 0.3:
                blocked[row + height // 2, column if rng.random() < 0.5 else column + width - 1] = False
    blocked[[0, -1]] = blocked[:, [0, -1]] = True
    return blocked


def walk(blocked, start, goal, turn="left", most=20_000):
    """The cells of its way, until it arrives or gives up."""
    policy, way = Bug2(resolution=1.0, turn=turn), [start]
    policy.reset()
    for _ in range(most):
        row, column = way[-1]
        around = blocked[row - 1 : row + 2, column - 1 : column + 2].astype(float)
        move = policy.act({"state": np.array([column, row]), "goal": np.array(goal[::-1]), "around": around})
        if way[-1] == goal or policy.metrics()["unreachable"]:
            return way, policy
        d_row, d_column = STEPS[move]
        assert not blocked[row + d_row, column + d_column]
        way.append((row + d_row, column + d_column))
    raise AssertionError("it never ends")


def outline(blocked, obstacles, i, start):
    """Steps around obstacle i, on the side where the robot is: the sides of cells there, and a corner each quarter."""
    others, _ = label(obstacles != i)
    mine = others == others[start]
    edges = sum(int((np.roll(mine, shift, axis) & (obstacles == i)).sum()) for shift in (1, -1) for axis in (0, 1))
    inside = obstacles[0, 0] == i or not (mine & (obstacles == obstacles[0, 0])).any()
    return edges - 4 if inside else edges + 4


def bound(blocked, start, goal):
    """D + sum of n_i p_i / 2 (Lumelsky and Stepanov 1987, theorem 2)."""
    obstacles, _ = label(blocked, ENDS)
    line = [
        (start[0] + row, start[1] + column) for column, row in straight_line((goal[1] - start[1], goal[0] - start[0]))
    ]
    met = np.array([obstacles[cell] for cell in line])
    crossed = {i: int((np.diff((met == i).astype(int)) != 0).sum()) for i in set(met) - {0}}
    return len(line) - 1 + sum(n * outline(blocked, obstacles, i, start) / 2 for i, n in crossed.items())


@pytest.mark.parametrize("turn", ["left", "right"])
def test_it_arrives_where_flood_filling_does_within_the_bound_of_the_paper(turn):
    rng, counts, tight = np.random.default_rng(0), [0, 0], 0.0
    for _ in range(300):
        blocked = clutter(rng)
        cells = np.argwhere(~blocked)
        start, goal = (tuple(map(int, cells[k])) for k in rng.integers(len(cells), size=2))
        floor, _ = label(~blocked)
        way, policy = walk(blocked, start, goal, turn)
        assert (way[-1] == goal) == (floor[start] == floor[goal])
        assert policy.metrics()["unreachable"] == (way[-1] != goal)
        assert len(way) - 1 <= bound(blocked, start, goal)
        tight = max(tight, (len(way) - 1) / max(bound(blocked, start, goal), 1))
        counts[way[-1] == goal] += 1
    assert min(counts) > 20
    assert tight == 1.0  # who gives up has walked all the way around


def test_around_a_box_it_walks_as_far_as_its_outline_says():
    blocked = np.zeros((20, 20), dtype=bool)
    blocked[[0, -1]] = blocked[:, [0, -1]] = True
    blocked[8:12, 8:12] = True
    way, policy = walk(blocked, (9, 3), (9, 16))
    assert len(way) - 1 == 13 + 2 * 2  # down beside the box by two cells, along it, and up again
    assert policy.metrics() == {"hits": 1, "unreachable": 0}
    blocked[9, 9] = False
    enclosed, policy = walk(blocked, (9, 3), (9, 9))
    assert len(enclosed) - 1 == 4 + 4 * 4 + 4  # to the box, and around it
    assert "the goal cannot be reached" in policy.remark()


def test_in_a_world_without_obstacles_it_walks_the_line_alone():
    blocked = np.ones((22, 32), dtype=bool)
    blocked[1:-1, 1:-1] = False
    for start, goal in [((1, 1), (20, 30)), ((20, 30), (3, 5)), ((5, 5), (5, 25)), ((15, 7), (2, 7))]:
        way, _ = walk(blocked, start, goal)
        assert len(way) - 1 == abs(start[0] - goal[0]) + abs(start[1] - goal[1])
        a, b = np.array(start), np.array(goal)
        off = np.cross(np.append(b - a, 0), np.c_[np.array(way) - a, np.zeros(len(way))])[:, 2] / np.linalg.norm(b - a)
        assert np.abs(off).max() <= np.sqrt(0.5) + 1e-9  # half a diagonal of a cell


def test_a_comb_is_entered_once_for_every_tooth():
    blocked = np.zeros((30, 40), dtype=bool)
    blocked[[0, -1]] = blocked[:, [0, -1]] = True
    blocked[24, 8:33] = True  # teeth hang down from it, across the line
    for column in range(8, 33, 6):
        blocked[5:25, column] = True
    way, policy = walk(blocked, (10, 3), (10, 37), turn="left")
    other, _ = walk(blocked, (10, 3), (10, 37), turn="right")
    assert policy.metrics()["hits"] == 5
    assert len(way) - 1 <= bound(blocked, (10, 3), (10, 37))
    assert len(other) != len(way)


def world(problem, turned=0.0):
    cells = np.zeros((12, 16))
    cells[4:9, 6:11] = 1
    cells[6, 8] = 0
    grid = OccupancyGrid(cells, 0.25, (2.0, -1.0, turned))
    return gymnasium.make("plansim/GridWorld-v0", map=grid, problems=[problem], sight=1, max_steps=200).unwrapped


@pytest.mark.parametrize("turned", [0.0, 0.7])
def test_it_drives_a_grid_world_and_says_so_when_there_is_no_way(turned):
    for goal, success in [((7, 14), True), ((6, 8), False)]:
        env, policy = world(GridProblem(0, "", (6, 2), goal, 0.0), turned), Bug2(0.25, heading=turned)
        observation, over = env.reset(seed=0)[0], False
        policy.reset(seed=0)
        while not over:
            observation, _, terminated, truncated, info = env.step(policy.act(observation))
            over = terminated or truncated
        assert info["is_success"] == success
        assert (policy.remark() == "") == success
        np.testing.assert_allclose(policy.trace()["path"][1], observation["goal"])


def test_what_it_cannot_use_is_said():
    with pytest.raises(MalformedInput, match="resolution"):
        Bug2(0.0)
    with pytest.raises(MalformedInput, match="'left' or 'right'"):
        Bug2(1.0, turn="up")
    with pytest.raises(MalformedInput, match="sight of 1"):
        Bug2(1.0).act({"state": np.zeros(2), "goal": np.ones(2)})
    with pytest.raises(MalformedInput, match="no whole cells"):
        Bug2(0.3).act({"state": np.zeros(2), "goal": np.ones(2), "around": np.zeros((3, 3))})
