"""How a search went is shown as it was: its place, its order, its costs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image

from plansim.core.geometry import transform
from plansim.core.grid import OccupancyGrid
from plansim.core.shapes import Shapes
from plansim.planning.base import Problem
from plansim.planning.grid.astar import AStar
from plansim.planning.grid.space import GridSpace
from plansim.viz.animation import GROWING_FRAMES, frames, write_animation
from plansim.viz.canvas import Canvas
from plansim.viz.growth import MOST_EDGES
from plansim.viz.outlines import outlines
from plansim.viz.overview import search_colours
from plansim.viz.packing import unpack
from plansim.viz.player import player_data, search_order, view
from plansim.viz.report import page, write_report
from plansim.viz.scene import World, track, tracks
from plansim.viz.style import rgb
from tests.viz import samples
from tests.viz.test_report import Page, player_of


def told_player():
    result, worlds = samples.growing()
    return result, worlds, player_data(tracks(result), worlds, {})


def test_a_world_of_shapes_is_in_the_page_once_however_many_variants_share_it():
    _, _, data = told_player()
    assert [episode["map"] for episode in data["episodes"]] == [0, 0, 0, 0]
    (place,) = data["maps"]
    assert place["shapes"]["bounds"] == [0, 0, 20, 20]
    assert place["shapes"]["polygons"][0] == [[8, -1], [11, -1], [11, 5], [8, 5]]
    assert place["shapes"]["discs"] == [[4, 8, 1.2]]
    assert data["episodes"][0]["view"] == (0, 0, 20, 20)


def test_a_tree_comes_in_order_thinned_and_small():
    result, _, data = told_player()
    record, episode = result.records["rrt", 0], data["episodes"][0]
    tree = unpack(episode["tree"])
    assert tree.shape == (MOST_EDGES, 4)
    kept = np.linspace(0, 6999, MOST_EDGES).round().astype(int)
    np.testing.assert_allclose(tree, record["trace.tree.values"][kept], atol=0.51e-3)
    assert len(unpack(episode["looked"])) <= 4000
    assert len(page(*_shown(result))) < 1_500_000


def _shown(result):
    worlds = samples.growing()[1]
    return result, tracks(result), worlds


def test_bodies_are_drawn_where_their_parts_were():
    result, worlds, data = told_player()
    body, world = data["episodes"][0]["body"], worlds["rrt"]
    poses = unpack(body["poses"]).reshape(-1, 2, 3)
    np.testing.assert_allclose(poses, result.records["rrt", 0]["info.parts"], atol=0.51e-3)
    np.testing.assert_allclose(body["polygons"], world.polygons)


def test_the_page_charts_the_cost_over_samples_and_stays_balanced():
    text = page(*_shown(samples.growing()[0]))
    read = Page(text)
    assert "Convergence" in read.text_of("h2")
    charts = [v for _, name, v in read.attributes if name == "aria-label" and "best path" in (v or "")]
    assert charts == [
        "Cost of the best path so far: % above the best in the end over samples drawn, "
        "for rrt, seed 0, rrt, seed 1, rrt-star, seed 0, rrt-star, seed 1"
    ]
    assert "Convergence" not in page(*_of(samples.navigation))


def _of(make):
    result, worlds = make()
    return result, tracks(result), worlds


def test_the_growth_of_a_search_is_animated_before_the_motion(tmp_path, told):
    result, worlds = samples.growing()
    told(worlds)
    path = write_animation(result, tmp_path / "grow.gif")
    with Image.open(path) as image:
        assert image.n_frames == GROWING_FRAMES + 61
    assert path.stat().st_size < 6_000_000  # the sample is a thicket


def test_the_first_edges_are_drawn_first():
    result, worlds = samples.growing()
    shown = dataclasses.replace(track(result.records["rrt", 0], "rrt", 0), expanded=None)
    inked = [
        (np.asarray(picture.convert("RGB")) != 255).any(-1).sum()
        for picture, _ in zip(frames(shown, worlds["rrt"]), range(GROWING_FRAMES), strict=False)
    ]
    assert all(np.diff(inked) >= -200)  # the latest edges are drawn wider
    assert inked[-1] > 2 * inked[0]


def test_an_animation_shows_the_body_where_it_was():
    result, worlds = samples.growing()
    shown = dataclasses.replace(track(result.records["rrt", 0], "rrt", 0), tree=None, expanded=None, path=None)
    canvas = Canvas(view(shown, worlds["rrt"]), 640, 480)
    for i, picture in enumerate(frames(shown, worlds["rrt"])):
        corner = transform(shown.parts[i, 0], np.array([[3.2, 0.7]]))  # just within the tractor
        ((column, row),) = np.array(canvas.pixels(corner)) // 2
        colour = np.asarray(picture.convert("RGB"))[int(row), int(column)]
        assert np.abs(colour.astype(int) - rgb("truth")).max() < 80


@pytest.mark.parametrize("make", [samples.growing])
def test_a_report_of_shapes_comes_with_its_pictures(make, tmp_path, told):
    result, worlds = make()
    told(worlds)
    write_report(result, tmp_path)
    assert {path.name for path in tmp_path.glob("*.png")} == {"overview.png", "metrics.png"}


def test_a_share_of_a_search_has_the_colours_that_it_has_in_the_end():
    grid, points = OccupancyGrid(np.zeros((4, 5))), np.stack(np.meshgrid(np.arange(5), np.arange(4)), -1) + 0.5
    points = points.reshape(-1, 2)
    whole, part = search_colours(points, grid), search_colours(points[:9], grid, len(points))
    seen = search_order(points[:9], grid) > 0
    assert np.array_equal(whole[seen], part[seen])
    assert not part[~seen][:, 3].any()


def test_of_a_world_with_more_dimensions_it_shows_what_is_seen_from_above():
    drawn = outlines(Shapes([0, 0, 0], [5, 6, 7], boxes=[[[1, 1, 1], [2, 3, 4]]], balls=[[3, 3, 3, 0.5]]))
    assert drawn.bounds.tolist() == [0, 0, 5, 6]
    assert drawn.polygons[0].tolist() == [[1, 1], [2, 1], [2, 3], [1, 3]]
    assert drawn.discs.tolist() == [[3, 3, 0.5]]


def test_a_point_in_space_has_no_heading():
    state = np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 3.0]])
    shown = track({"observation.state": state, "info.path_length": np.arange(2.0)}, "", 0)
    assert np.isnan(shown.truth[:, 2]).all()
    assert shown.truth[:, :2].tolist() == [[1, 2], [2, 2]]


def test_a_small_search_comes_with_its_costs():
    grid = OccupancyGrid(np.zeros((4, 5)))
    plan = AStar(keep_expanded=True).plan(Problem(GridSpace(grid), np.array([0.5, 0.5]), np.array([4.5, 2.5])))
    costs = np.arange(float(len(plan.expanded)))[:, None]
    record = {
        "observation.state": np.array([[0.5, 0.5], [4.5, 2.5]]),
        "info.path_length": np.array([0.0, 4.0]),
        "trace.expanded": plan.expanded[None],
        "trace.cost_to_come": costs[None],
    }
    shown = track(record, "", 0)
    (episode,) = player_data([shown], {"": World(map=grid)}, {})["episodes"]
    np.testing.assert_allclose(unpack(episode["numbers"]), np.column_stack((plan.expanded[:, :2], costs)), atol=1e-3)
    assert episode["looked"] is None


def test_the_page_tells_its_player_all_of_this():
    data = player_of(page(*_shown(samples.growing()[0])))
    assert {"tree", "looked", "numbers", "body"} <= data["episodes"][0].keys()
