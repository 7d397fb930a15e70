"""What only a problem's own is_free knows is in nobody's way: processors of paths ask it, too."""

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.shapes import Shapes
from plansim.planning import BoxSpace, GridSpace, Problem, RandomShortcut, Shortcut, Smooth, TimeOptimal
from plansim.planning.base import Plan, Status

AROUND = np.array([[1.0, 1.0], [1.0, 9.0], [9.0, 9.0], [9.0, 1.0]])
SPACES = {"boxes": BoxSpace(Shapes([0, 0], [10, 10])), "a map": GridSpace(OccupancyGrid(np.zeros((40, 40)), 0.25))}
PROCESSORS = [
    Shortcut(),
    RandomShortcut(),
    Smooth(spacing=0.8, rounds=2000),
    Smooth(spacing=0.8, clearance=0.3, rounds=2000),
    TimeOptimal(deviation=0.1),
]


def off_the_wall(states, less=0.0):
    """A wall from below, that the space does not show."""
    x, y = states[..., 0], states[..., 1]
    return ~((x > 4 + less) & (x < 6 - less) & (y < 8 - less))


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("processor", PROCESSORS, ids=lambda processor: type(processor).__name__)
def test_a_processed_path_keeps_off_what_the_user_knows(name, processor):
    length = np.linalg.norm(np.diff(AROUND, axis=0), axis=-1).sum()
    plan = Plan(Status.SOLVED, AROUND, length)
    for is_free in (None, off_the_wall):
        problem = Problem(SPACES[name], AROUND[0], AROUND[-1], is_free)
        points = processor.process(problem, plan, np.random.default_rng(0)).states[:, :2]
        shares = np.linspace(0, 1, 101)[:, None, None]
        between = points[:-1] + shares * np.diff(points, axis=0)
        assert np.allclose(points[[0, -1]], AROUND[[0, -1]])
        if is_free is None and not isinstance(processor, TimeOptimal):
            assert not off_the_wall(between, 0.15).all()
        else:  # as far apart as the user is asked, a corner can be cut
            assert off_the_wall(between, 0.15).all()


def test_an_answer_of_another_shape_is_refused():
    problem = Problem(SPACES["boxes"], AROUND[0], AROUND[-1], lambda states: True)
    with pytest.raises(MalformedInput, match="is_free"):
        Shortcut().process(problem, Plan(Status.SOLVED, AROUND, 24.0))
