import numpy as np
import pytest
from scipy.stats import kstest

from plansim.core.random import stream
from plansim.planning.sampling.informed import draw_informed, unit_ball
from plansim.planning.spaces.base import metric


def draws(start, goal, best, bounds, weights=1.0, count=4000):
    random, out, found = stream(3), np.empty(len(start)), []
    frame = metric(*bounds, weights)
    for _ in range(count):
        if draw_informed(random, start, goal, best, bounds, frame, out):
            found.append(out.copy())
    return np.array(found)


def ball_below(x, n):
    """Share of the unit ball's volume on which the first coordinate is below x."""
    grid = np.linspace(-1, 1, 20_001)
    density = np.maximum(1 - grid**2, 0) ** ((n - 1) / 2)
    return np.interp(x, grid, np.cumsum(density) / density.sum())


@pytest.mark.parametrize("n", [2, 3, 6])
def test_samples_fill_the_ellipsoid_evenly(n):
    """In coordinates in which the ellipsoid is a ball, the n-th power of the radius is uniform."""
    rng = np.random.default_rng(n)
    start, goal = rng.uniform(-1, 1, (2, n))
    least, best = np.linalg.norm(goal - start), 1.4 * np.linalg.norm(goal - start)
    points = draws(start, goal, best, np.array([np.full(n, -9.0), np.full(n, 9.0)])) - (start + goal) / 2
    axis = (goal - start) / least
    along = points @ axis
    across = points - along[:, None] * axis
    radius = np.hypot(along / (best / 2), np.linalg.norm(across, axis=-1) / (np.sqrt(best**2 - least**2) / 2))
    assert radius.max() <= 1 + 1e-12
    assert kstest(radius**n, "uniform").pvalue > 1e-3
    assert kstest(along / (best / 2), ball_below, args=(n,)).pvalue > 1e-3


def test_weights_stretch_the_ellipsoid_and_bounds_cut_it():
    start, goal, bounds = np.array([0.0, 0.0]), np.array([1.0, 0.0]), np.array([[-1.0, -0.02], [2.0, 9.0]])
    points = draws(start, goal, 1.5, bounds, weights=np.array([1.0, 4.0]))
    scaled = points * [1, 4]
    through = np.linalg.norm(scaled, axis=-1) + np.linalg.norm(scaled - goal * [1, 4], axis=-1)
    assert through.max() <= 1.5 * (1 + 1e-12)
    assert points[:, 1].min() >= -0.02


def test_unit_balls():
    assert [unit_ball(n) for n in (1, 2, 3)] == pytest.approx([2, np.pi, 4 * np.pi / 3])


def test_where_the_best_path_is_straight_nothing_but_its_line_is_left():
    points = draws(np.zeros(2), np.ones(2), np.sqrt(2), np.array([[-1.0, -1.0], [2.0, 2.0]]), count=50)
    assert np.allclose(points[:, 0], points[:, 1])
