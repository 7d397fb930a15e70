import numpy as np
import pytest

from plansim.core.shapes import Shapes
from plansim.planning import DubinsSpace, ReedsSheppSpace
from plansim.planning.sampling.moves import compiled_moves
from plansim.planning.sampling.tree import Tree, add


@pytest.mark.parametrize("kind", [DubinsSpace, ReedsSheppSpace])
@pytest.mark.parametrize("forward", [True, False])
def test_the_nearest_pose_is_the_one_with_the_shortest_way(kind, forward):
    """Also where the way there is not as long as the way back."""
    space, rng = kind(Shapes([0, 0], [10, 10]), turning_radius=1.5), np.random.default_rng(0)
    poses = rng.uniform(space.low, space.high, size=(400, 3))
    tree = Tree(poses[0], space.metric)
    for time, pose in enumerate(poses[1:]):
        add(tree.arrays, pose, 0, time, space.metric)
    nearest = compiled_moves(*space.kernels[1:])[0].nearest
    for x in rng.uniform(space.low, space.high, size=(200, 3)):
        ways = space.distance(poses, x) if forward else space.distance(x, poses)
        row, length = nearest(x, tree.arrays, forward, space.metric, space.kernels.arrays)
        assert (row, length) == (np.argmin(ways), pytest.approx(ways.min()))
