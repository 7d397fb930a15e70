"""Bodies on maps: free means free, and clear by so much means that."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.planning.car.space import CarSpace
from plansim.planning.curves.words import advance
from plansim.planning.spaces.body import arc_room, body_of, clearance, ground_of, inscribed
from tests.planning.car.naive_bodies import overlaps

OUTLINES = {
    "car": [[-0.6, -0.5], [1.7, -0.5], [1.7, 0.5], [-0.6, 0.5]],
    "triangle": [[1.2, 0.0], [-0.7, 0.8], [-0.7, -0.8]],
    "clockwise": [[0.5, -0.4], [-0.5, -0.4], [-0.5, 0.4], [0.5, 0.4]],
}


@pytest.fixture
def blocked():
    return np.random.default_rng(3).random((30, 40)) < 0.012


def poses(count, rng):
    return np.column_stack((rng.uniform(-0.5, 10.5, count), rng.uniform(-0.5, 8.0, count), rng.uniform(-4, 4, count)))


@pytest.mark.parametrize("outline", OUTLINES.values(), ids=OUTLINES)
def test_a_body_is_free_where_no_separating_axis_is_missing(blocked, outline):
    space = CarSpace(OccupancyGrid(blocked.astype(float), 0.25), outline)
    some = poses(400, np.random.default_rng(0))
    expected = [not overlaps(np.array(outline), pose, blocked, 0.25) for pose in some]
    assert np.array_equal(space.is_free(some), expected)
    assert 60 < sum(expected) < 340


def test_a_body_can_go_as_far_as_it_is_clear(blocked):
    rng, ground, body = np.random.default_rng(1), ground_of(~blocked, 0.25), body_of(OUTLINES["car"], 0.02)
    for x, y, heading in poses(300, rng):
        room = clearance(x, y, np.cos(heading), np.sin(heading), ground, body)
        if room > 0.0:
            for angle in rng.uniform(-np.pi, np.pi, 5):
                pose = x + 0.999 * room * np.cos(angle), y + 0.999 * room * np.sin(angle), heading
                assert not overlaps(body.corners, pose, blocked, 0.25)


@pytest.mark.parametrize("curvature", [0.0, 0.6, -0.3])
def test_with_a_skin_what_is_free_along_an_arc_is_free_at_every_moment(blocked, curvature):
    rng, ground, skinned = np.random.default_rng(2), ground_of(~blocked, 0.25), body_of(OUTLINES["car"], 0.06, 0.01)
    free = 0
    for x, y, heading in poses(300, rng):
        room = clearance(x, y, np.cos(heading), np.sin(heading), ground, skinned)
        if room >= 0.0 and arc_room(x, y, heading, curvature, -1.5, room, ground, skinned)[3] >= 0.0:
            free += 1
            moments = [advance(x, y, heading, curvature, -1.5 * share) for share in np.linspace(0, 1, 301)]
            assert not any(overlaps(np.array(OUTLINES["car"]), pose, blocked, 0.25) for pose in moments)
    assert free > 5


def test_edges_are_arcs_and_states_between_lie_on_them(blocked):
    space = CarSpace(OccupancyGrid(blocked.astype(float), 0.25), OUTLINES["car"])
    a, rng = poses(300, np.random.default_rng(4)), np.random.default_rng(5)
    arcs = zip(rng.uniform(-0.5, 0.5, 300), rng.uniform(-2, 2, 300), strict=True)
    b = np.array([advance(*pose, *arc) for pose, arc in zip(a, arcs, strict=True)])
    free = space.edge_free(a, b)
    between = [space.interpolate(a, b, np.full(300, t)) for t in np.linspace(0, 1, 41)]
    assert not (free & ~np.all([space.is_free(poses) for poses in between], axis=0)).any()
    assert free.sum() > 20
    assert np.array_equal(free, space.edge_free(b, a))


def test_the_inscribed_disc_touches_the_nearest_edge():
    corners = np.array(OUTLINES["car"])
    assert inscribed(corners, np.array([0.0, 0.0])) == pytest.approx(0.5)
    assert inscribed(corners, np.array([1.5, 0.0])) == pytest.approx(0.2)
    assert inscribed(corners, np.array([2.0, 0.0])) < 0


def test_unknown_cells_are_free_only_when_asked_to():
    grid = OccupancyGrid(np.full((20, 20), 0.5), 0.25)
    pose = np.array([2.5, 2.5, 0.0])
    assert not CarSpace(grid, 0.3).is_free(pose)
    assert CarSpace(grid, 0.3, unknown_is_free=True).is_free(pose)


@pytest.mark.parametrize(
    "wrong",
    [0.0, -1.0, np.nan, "car", [[0, 0], [1, 0]], [[0, 0], [1, 0], [2, 0]], [[0, 0], [2, 0], [1, 0.2], [1, 2]]],
)
def test_what_is_no_convex_body_is_refused(wrong):
    with pytest.raises(MalformedInput, match="body"):
        CarSpace(OccupancyGrid(np.zeros((5, 5))), wrong)


def test_poses_must_be_finite_triples():
    space = CarSpace(OccupancyGrid(np.zeros((5, 5))))
    with pytest.raises(MalformedInput, match="poses"):
        space.is_free(np.array([1.0, np.nan, 0.0]))
    with pytest.raises(MalformedInput, match="turning_radius"):
        CarSpace(OccupancyGrid(np.zeros((5, 5))), turning_radius=0.0)
