"""Tracking in reports: what a record tells, pictures of it, and the page."""

from __future__ import annotations

import numpy as np
import pytest

import plansim
from plansim.viz.reading import Reader
from plansim.viz.report import page
from plansim.viz.scene import tracks, worlds_of
from plansim.viz.watched import View, identity_colour, pieces, view_outline, watched
from plansim.viz.watched_section import runs

SCENARIO = """
name: two
seed: 3
episodes: 1
env:
  id: plansim/SensorField-v0
  max_steps: 12
  traffic: parallel
  targets: 2
  sensors: [{reads: range-bearing, pose: [0.0, 0.0, 0.8], field_of_view: 3.0, detection_probability: 1.0}]
policy:
  name: surveillance
  tracker:
    estimator: {name: extended-kalman-filter, motion: {name: constant-velocity}}
    clutter_density: 1.0e-3
    birth_density: 1.0e-7
    start_density: 1.0e-4
  sensors: [{model: {name: radar, range_std: 10.0, bearing_std: 0.01}, field_of_view: 3.0}]
metrics: [gospa, id_switches]
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    path = tmp_path_factory.mktemp("two") / "two.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return plansim.run(plansim.load(path))


def test_a_record_tells_targets_tracks_and_where_detections_lie(result):
    (shown,), world = tracks(result), worlds_of(result)[""]
    told = shown.watched
    record = result.records["", 3]
    assert world.views == (View(1500.0, 3.0, True),)
    for f in range(13):
        np.testing.assert_allclose(told.targets[f], record["info.targets"][f, :2, :2])
        places = told.detections(f, world.views)
        real = record["info.origins"][f, 0, : len(places)] > 0
        gaps = np.linalg.norm(places[real][:, None] - told.targets[f], axis=-1).min(1, initial=1e9)
        assert (gaps < 60.0).all()
    assert max(map(len, told.track_ids)) >= 2
    assert [len(ids) for ids in told.track_ids] == [len(x) for x in told.tracks] == [len(c) for c in told.covs]
    assert told.scores[8].distance < 50.0


def test_the_page_has_player_charts_and_lives(result):
    html = page(result, tracks(result), worlds_of(result))
    for part in ('"watched"', "drawWatched", "Targets and their tracks", "GOSPA and its parts"):
        assert part in html
    assert "NaN" not in html.split('id="player-data"')[1].split("</script>")[0]


def test_pictures_and_an_animation_are_drawn(result, tmp_path):
    pytest.importorskip("matplotlib")
    from plansim.viz.figures import write_pictures
    from plansim.viz.watched_pictures import watched_frames

    shown, worlds = tracks(result), worlds_of(result)
    assert (tmp_path / "overview.png") in write_pictures(result, tmp_path, shown, worlds)
    frames = list(watched_frames(shown[0], worlds[""], 320, 240))
    assert len(frames) == 13
    assert frames[0].size[0] <= 322
    assert not np.array_equal(np.asarray(frames[0]), np.asarray(frames[-1]))


def test_courses_break_where_somebody_is_gone():
    ids = [np.array([1, 2]), np.array([1]), np.array([2, 1])]
    points = [np.array([[0.0, 0], [9, 9]]), np.array([[1.0, 0]]), np.array([[8.0, 8], [2, 0]])]
    found = pieces(ids, points)
    assert [(first, way.tolist()) for first, way in found[1]] == [(0, [[0, 0], [1, 0], [2, 0]])]
    assert [(first, way.tolist()) for first, way in found[2]] == [(0, [[9, 9]]), (2, [[8, 8]])]


def test_stretches_of_a_life():
    assert runs([0, 1, 2, 5, 6, 7], [None, 4, 4, 4, 8, None]) == [
        (0, 0, None), (1, 2, 4), (5, 5, 4), (6, 6, 8), (7, 7, None),
    ]  # fmt: skip


def test_what_a_sensor_sees_is_a_disc_or_a_part_of_one():
    disc = view_outline(np.array([1.0, 2.0, 0.3]), View(5.0, 2 * np.pi, False))
    np.testing.assert_allclose(np.hypot(*(disc - [1.0, 2.0]).T), 5.0)
    part = view_outline(np.array([1.0, 2.0, 0.3]), View(5.0, 1.0, False))
    assert part[0].tolist() == [1.0, 2.0]
    angles = np.arctan2(*(part[1:] - [1.0, 2.0]).T[::-1])
    assert (angles.min(), angles.max()) == pytest.approx((-0.2, 0.8))


def test_colours_of_neighbours_differ():
    assert len({identity_colour(k) for k in range(100)}) == 100


def test_what_is_no_tracking_is_left_alone():
    record = {"info.targets": np.zeros((3, 2)), "observation.sensors": np.zeros((3, 1, 3))}
    assert watched(Reader(record, np.arange(3))) is None
