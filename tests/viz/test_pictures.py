"""Pictures and animations: they exist, have the promised size, and show what was recorded."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image

from plansim.core.errors import MalformedInput, MissingExtra
from plansim.viz.animation import MOST_FRAMES, frames, write_animation
from plansim.viz.canvas import Canvas
from plansim.viz.player import view
from plansim.viz.report import write_report
from plansim.viz.scene import track
from plansim.viz.style import rgb
from tests.viz import samples

PICTURES = {
    samples.navigation: {"overview.png", "metrics.png", "errors.png"},
    samples.search: {"overview.png", "metrics.png"},
    samples.plain: {"overview.png", "metrics.png"},
}


@pytest.mark.parametrize("make", PICTURES)
def test_a_report_comes_with_its_pictures(make, tmp_path, told):
    result, worlds = make()
    told(worlds)
    write_report(result, tmp_path)
    assert {path.name for path in tmp_path.glob("*.png")} == PICTURES[make]
    for path in tmp_path.glob("*.png"):
        image = Image.open(path)
        assert image.width == 1600
        assert 200 < image.height < 2400
        assert len(image.convert("RGB").getcolors(10**6)) > 20


def test_the_same_result_gives_the_same_pictures(tmp_path, told):
    result, worlds = samples.search()
    told(worlds)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_report(result, tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_nothing_recorded_leaves_the_metrics_alone(tmp_path, told):
    result, worlds = samples.navigation(recorded=0)
    told(worlds)
    write_report(result, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "metrics.png"}


def test_a_gif_has_a_frame_for_each_moment_and_stays_small(tmp_path, told):
    result, worlds = samples.navigation(recorded=1)
    told(worlds)
    short = dataclasses.replace(result, records={("", 0): samples.drive(0, steps=20)})
    assert Image.open(write_animation(short, tmp_path / "short.gif")).n_frames == 21
    path = write_animation(result, tmp_path / "long.gif", episode=0)
    assert Image.open(path).n_frames == MOST_FRAMES
    assert path.stat().st_size < 3_000_000


@pytest.mark.parametrize("heading", [0.0, 0.6])
def test_the_canvas_lays_a_map_where_its_cells_are(heading):
    grid = samples.hall(heading)
    low, high = grid.bounds
    canvas = Canvas((*low, *high), 600, 600)
    picture = np.where(grid.occupied[..., None], 0, 255) * np.ones(3)
    canvas.begin(canvas.ground(picture, grid))
    drawn = np.asarray(canvas.image)[..., 0]
    rng = np.random.default_rng(0)
    cells = rng.integers((1, 1), np.array(grid.shape) - 1, (400, 2))
    columns, rows = np.array(canvas.pixels(grid.points(cells))).astype(int).T
    assert np.array_equal(drawn[rows, columns] < 128, grid.occupied[cells[:, 0], cells[:, 1]])


def test_an_animation_shows_the_robot_where_it_was():
    world = samples.hall_world()
    shown = dataclasses.replace(track(samples.drive(0, steps=20), "", 0), particles=None, ranges=None, estimate=None)
    canvas = Canvas(view(shown, world), 640, 480)
    for i, picture in enumerate(frames(shown, world)):
        x, y, heading = shown.truth[i]
        behind = np.array([x - 0.1 * np.cos(heading), y - 0.1 * np.sin(heading)])  # the mark of its heading is ahead
        ((column, row),) = np.array(canvas.pixels(behind)) // 2
        colour = np.asarray(picture.convert("RGB"))[int(row), int(column)]
        assert np.abs(colour.astype(int) - rgb("truth")).max() < 60


def test_what_cannot_be_animated_is_said_in_one_line(tmp_path, told):
    result, worlds = samples.navigation()
    told(worlds)
    with pytest.raises(MalformedInput, match=r"\.gif or an \.mp4"):
        write_animation(result, tmp_path / "a.avi")
    with pytest.raises(MalformedInput, match="episode 17 was not recorded; recorded: 0, 1, 2"):
        write_animation(result, tmp_path / "a.gif", episode=17)
    with pytest.raises(MalformedInput, match="set `record`"):
        write_animation(dataclasses.replace(result, records={}), tmp_path / "a.gif")


def test_an_mp4_is_written_or_its_missing_part_named(tmp_path, told):
    result, worlds = samples.navigation(recorded=1)
    told(worlds)
    try:
        import imageio_ffmpeg  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtra, match="pip install imageio-ffmpeg"):
            write_animation(result, tmp_path / "a.mp4")
        return
    assert write_animation(result, tmp_path / "a.mp4").stat().st_size > 10_000


def test_an_estimate_is_not_judged_at_a_place_that_it_was_not_asked_about():
    record = samples.drive(seed=1, steps=50)
    record["trace.pose"] = record["info.pose"][:-1].copy()  # the policy speaks before each step, and not after the last
    found = track(record, "", 1)
    error = next(signal.values for signal in found.signals if signal.label == "position error")
    assert len(error) == 51
    assert error[:-1].max() == 0
    assert np.isnan(error[-1])
    assert np.isnan(found.position_error[-1])
    assert np.isfinite(found.estimate).all()
