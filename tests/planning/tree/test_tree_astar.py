import numpy as np
import pytest
from scipy.ndimage import label

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.map_makers import rooms
from plansim.core.occupancy_tree import OccupancyTree
from plansim.planning import AStar, Budget, GridSpace, Problem, Status, TreeAStar, VoxelSpace
from plansim.planning.tree.leaf_graph import LeafGraph
from tests.planning.grids import random_problem, random_space


def voxels(seed, shape=(9, 12, 15), density=0.25):
    return VoxelSpace(np.random.default_rng(seed).random(shape) < density, 0.5, (1.0, -2.0, 3.0))


def random_ends(space, rng):
    free = np.argwhere(~space.blocked)
    return space.points(free[rng.integers(len(free), size=2)][:, ::-1] + rng.uniform(0.1, 0.9, size=(2, 3)))


@pytest.mark.parametrize("seed", range(15))
def test_there_is_a_path_through_blocks_where_there_is_one_through_cells(seed):
    problem = random_problem(random_space(seed, (20, 25)), np.random.default_rng(seed))
    plan, cells = TreeAStar().plan(problem), AStar().plan(problem)
    assert plan.status is cells.status
    if plan.solved:
        assert np.array_equal(plan.states[[0, -1]], cells.states[[0, -1]])
        assert problem.space.edge_free(plan.states[:-1], plan.states[1:]).all()
        assert plan.cost == pytest.approx(np.linalg.norm(np.diff(plan.states, axis=0), axis=-1).sum())
        assert plan.lower_bound == pytest.approx(np.linalg.norm(problem.goal - problem.start))


@pytest.mark.parametrize("seed", range(15))
def test_among_voxels_there_is_a_path_within_a_connected_region_only(seed):
    space, rng = voxels(seed, density=0.6), np.random.default_rng(seed)
    regions, _ = label(~space.blocked)
    start, goal = random_ends(space, rng)
    plan = TreeAStar().plan(Problem(space, start, goal))
    same = len({int(regions[tuple(space.cells(point))]) for point in (start, goal)}) == 1
    assert plan.status is (Status.SOLVED if same else Status.NO_PATH)
    if plan.solved:
        assert space.edge_free(plan.states[:-1], plan.states[1:]).all()


def test_a_line_is_free_where_a_hundred_thousand_points_of_it_are():
    space, rng = voxels(3), np.random.default_rng(3)
    low, high = space.points(np.array([[0, 0, 0], space.blocked.shape[::-1]]))
    a, b = rng.uniform(low, high, size=(2, 300, 3))
    shares = np.linspace(0, 1, 2001)[:, None, None]
    sampled = np.logical_and.reduce(space.is_free(a + shares * (b - a)))
    free = space.edge_free(a, b)
    assert not (free & ~sampled).any()
    assert 0.2 < free.sum() / sampled.sum() <= 1.0
    assert (free != sampled).mean() < 0.02  # corners that fall between the samples


def test_passages_join_every_pair_of_free_blocks_with_a_common_face():
    space = random_space(2, (16, 16), density=0.15)
    tree = OccupancyTree.of(space.blocked)
    graph, owner = LeafGraph.of(tree), tree.leaf_of(np.moveaxis(np.indices((16, 16)), 0, -1))
    pairs = set()
    for a, b in ((owner[:-1], owner[1:]), (owner[:, :-1], owner[:, 1:])):
        pairs |= {(i, j) for i, j in zip(a.ravel(), b.ravel(), strict=True) if i != j}
    pairs = {(i, j) for i, j in pairs | {(j, i) for i, j in pairs} if not tree.is_blocked[[i, j]].any()}
    sources = np.repeat(np.arange(len(tree.leaves)), np.diff(graph.first))
    assert set(zip(sources, graph.to, strict=True)) == pairs
    assert len(graph.to) == len(pairs)


def test_in_rooms_it_is_nearly_as_short_as_cells_and_looks_at_far_fewer():
    space, rng = GridSpace(rooms(resolution=0.05)), np.random.default_rng(0)
    longer, looked = [], []
    for _ in range(20):
        problem = Problem(space, *space.grid.random_free_points(rng, count=2))
        blocks, cells = TreeAStar().plan(problem), AStar().plan(problem)
        longer.append(blocks.cost / cells.cost)
        looked.append((blocks.stats.expanded, cells.stats.expanded))
    assert np.median(longer) < 1.1
    assert np.sum(looked, axis=0)[0] < 0.2 * np.sum(looked, axis=0)[1]


def test_a_spent_budget_and_blocks_looked_at():
    space = voxels(1, density=0.3)
    problem = Problem(space, *random_ends(space, np.random.default_rng(1)))
    plan = TreeAStar().plan(problem, Budget(iterations=1))
    assert (plan.status, len(plan.states)) == (Status.BUDGET_SPENT, 1)
    plan = TreeAStar(keep_expanded=True).plan(problem)
    assert plan.expanded.shape == (plan.stats.expanded, 3)
    assert space.is_free(plan.expanded).all()


@pytest.mark.parametrize("start", [(np.nan, 0, 0), (1.0, 2.0)])
def test_a_malformed_start_is_an_error(start):
    with pytest.raises(MalformedInput, match="start"):
        TreeAStar().plan(Problem(voxels(0), np.array(start), np.array([2.0, 0.0, 4.0])))


def test_a_blocked_or_outside_end_is_a_status():
    space = VoxelSpace(np.array([[[0, 1, 0]]]))
    inside, wall, outside = np.array([0.5, 0.5, 0.5]), np.array([1.5, 0.5, 0.5]), np.array([9.0, 0.5, 0.5])
    assert TreeAStar().plan(Problem(space, wall, inside)).status is Status.INVALID_START
    assert TreeAStar().plan(Problem(space, inside, outside)).status is Status.INVALID_GOAL
    assert TreeAStar().plan(Problem(GridSpace(OccupancyGrid([[0]])), inside, inside)).cost == 0.0
