"""The page is one file, true to its Result, and safe whatever the Result says."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import yaml

from plansim.core.errors import MissingExtra
from plansim.core.geometry import transform
from plansim.scenario.result import Episode, Result
from plansim.viz.markup import number
from plansim.viz.packing import unpack
from plansim.viz.report import page, write_report
from plansim.viz.scene import World, tracks
from tests.viz import samples

VOID = {"br", "img", "input", "meta"}
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class Page(HTMLParser):
    """Reads a page and holds it to HTML's rules: what opens closes, in order."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.attributes, self.texts, self.ids = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.attributes += [(tag, name, value) for name, value in attributes]
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.attributes += [(tag, name, value) for name, value in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((tuple(self.open), data))

    def text_of(self, tag):
        return "".join(data for stack, data in self.texts if tag in stack)


def write(make, **fields):
    result, worlds = make(**fields)
    return page(result, tracks(result), worlds), result, worlds


def player_of(text):
    return json.loads(re.search(r'id="player-data">(.*?)</script>', text, re.S)[1])


@pytest.mark.parametrize("make", [samples.navigation, samples.search, samples.plain])
def test_the_page_is_balanced_html_that_fetches_nothing(make):
    text, _, _ = write(make)
    read = Page(text)
    for tag, name, value in read.attributes:
        assert name != "src", f"<{tag}> loads {value}"
        assert name != "href" or value.startswith("#"), f"<{tag}> refers to {value}"
        assert not name.startswith("on"), f"<{tag}> runs code in {name}"
    addresses = set(re.findall(r"\w*://[^\s\"'<)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, never fetched
    assert "@import" not in text
    assert "url(" not in text
    assert len(read.ids) == len(set(read.ids))
    assert len(text) < 3_000_000


def test_names_causes_and_metrics_are_text_never_markup():
    result, worlds = samples.navigation(name=EVIL, description=EVIL, variants={})
    rows = [dataclasses.replace(e, cause=EVIL, metrics={**e.metrics, EVIL: 1.0}, variant=EVIL) for e in result.episodes]
    evil = Result(
        result.scenario, tuple(rows), {(EVIL, 0): samples.drive(0)}, {"command": EVIL, "libraries": {EVIL: EVIL}}
    )
    text = page(evil, tracks(evil), {EVIL: worlds[""]}, notes=[EVIL])
    read = Page(text)
    assert not [t for t in read.attributes if t[0] == "img"]
    assert text.count("<script") == 2  # the data and the player
    assert EVIL in read.text_of("title")
    assert EVIL in read.text_of("h1") or EVIL[1:] in read.text_of("h1").replace(" ", "")
    assert EVIL in read.text_of("td")
    assert player_of(text)["episodes"][0]["variant"] == EVIL


def test_every_image_like_element_says_what_it_shows():
    read = Page(write(samples.search)[0])
    roles = [(tag, name, value) for tag, name, value in read.attributes if name == "role" and value == "img"]
    labels = [value for tag, name, value in read.attributes if tag in ("svg", "canvas") and name == "aria-label"]
    assert len(labels) >= len(roles) > 3
    assert all(labels)


def test_the_player_holds_the_recorded_numbers_to_the_millimetre():
    text, result, worlds = write(samples.navigation)
    data = player_of(text)
    assert [episode["seed"] for episode in data["episodes"]] == [0, 1, 2]
    for episode in data["episodes"]:
        record = result.records["", episode["seed"]]
        steps = unpack(episode["steps"]).astype(int)
        assert np.array_equal(steps, np.arange(len(record["info.pose"])))
        np.testing.assert_allclose(unpack(episode["truth"]), record["info.pose"], atol=0.51e-3)
        np.testing.assert_allclose(unpack(episode["estimate"])[:-1], record["trace.pose"], atol=0.51e-3)
        np.testing.assert_allclose(unpack(episode["discs"]), record["info.obstacles"], atol=0.51e-3)
        np.testing.assert_allclose(unpack(episode["goal"]), record["observation.goal"], atol=0.51e-3)
        ranges = unpack(episode["beams"]["ranges"])
        assert ranges.shape[1] <= 90
        np.testing.assert_allclose(ranges, record["observation.lidar"][:, ::2], atol=0.51e-2)
        assert episode["dt"] == worlds[""].dt
    error = next(s for s in data["episodes"][0]["signals"] if s["label"] == "position error")
    pose, estimate = result.records["", 0]["info.pose"][:-1], result.records["", 0]["trace.pose"]
    expected = np.linalg.norm(pose[:, :2] - estimate[:, :2], axis=1)
    np.testing.assert_allclose(unpack(error["values"])[:-1], expected, atol=1e-4)


def test_the_page_states_the_means_and_intervals_of_the_result():
    text, result, _ = write(samples.navigation)
    read = Page(text)
    cells = read.text_of("td")
    assert "not met" in cells
    assert "≥ 0.95" in cells
    assert result.estimate("success").mean == 0.9
    assert "0.9" in cells
    low, high = result.estimate("path_length")[1:3]
    assert f"{low:.3g} – {high:.3g}" in read.text_of("div")
    assert "1 of 2 expectations not met · 1 episode crashed or timed out" in read.text_of("p")


def test_failures_come_first_in_the_table_and_watch_links_lead_to_recorded_episodes():
    text, result, _ = write(samples.navigation)
    ended = re.findall(r'<td class="cause"[^>]*><span[^>]*></span>(\w+)', text)
    assert ended == ["crashed", "collision", *["succeeded"] * 18]
    links = {value for tag, name, value in Page(text).attributes if name == "href" and "episode=" in value}
    assert links == {f"#episode={seed}" for _, seed in result.records}


def test_variants_lie_side_by_side_with_their_paired_difference():
    text, _, _ = write(samples.search)
    assert 'class="difference"' in text
    data = player_of(text)
    assert [(e["variant"], e["seed"]) for e in data["episodes"]] == [
        ("a-star", 0), ("a-star", 1), ("dijkstra", 0), ("dijkstra", 1)
    ]  # fmt: skip
    assert len(data["maps"]) == 1  # one map, kept once
    assert all(e["expanded"].startswith("data:image/png;base64,") for e in data["episodes"])


def test_the_map_in_the_page_is_the_grid_upside_down():
    import base64
    import io

    from PIL import Image

    text, _, worlds = write(samples.navigation)
    (shown,) = player_of(text)["maps"]
    grid = worlds[""].map
    levels = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["png"].split(",")[1]))))
    np.testing.assert_array_equal(levels[::-1], np.round(255 * grid.probability))
    assert (shown["resolution"], shown["origin"]) == (grid.resolution, list(grid.origin))


def test_a_rotated_map_is_shown_whole():
    world = samples.hall_world(heading=0.7)
    result, _ = samples.navigation(recorded=0)
    result = dataclasses.replace(result, records={("", 0): samples.drive(0, world=world)})
    (episode,) = player_of(page(result, tracks(result), {"": world}))["episodes"]
    corners = transform(np.asarray(world.map.origin), np.array([[0, 0], [12, 0], [12, 7.5], [0, 7.5]], float))
    x0, y0, x1, y1 = episode["view"]
    np.testing.assert_allclose((x0, y0, x1), (*corners.min(0), corners[:, 0].max()), atol=0.51)
    assert y1 <= world.map.bounds[1, 1] + 1e-3


def test_an_environment_that_is_no_place_is_shown_as_courses_of_its_numbers():
    text, result, _ = write(samples.plain)
    episode = player_of(text)["episodes"][0]
    assert "truth" not in episode
    assert [s["label"] for s in episode["signals"]] == [
        *(f"observation {i}" for i in range(4)), "action", "reward", "return so far"
    ]  # fmt: skip
    seen = np.column_stack([unpack(s["values"]) for s in episode["signals"][:4]])
    np.testing.assert_allclose(seen, result.records["", 0]["observation"], rtol=1e-3, atol=1e-4)


def test_a_reward_is_shown_where_it_was_earned():
    text, result, _ = write(samples.navigation)
    reward = next(s for s in player_of(text)["episodes"][0]["signals"] if s["label"] == "reward")
    values = unpack(reward["values"])
    assert np.isnan(values[0])
    np.testing.assert_allclose(values[1:], result.records["", 0]["reward"], atol=1e-4)


def test_long_episodes_are_thinned_with_their_times_right_and_many_still_fit():
    result, worlds = samples.navigation(count=30, recorded=0)
    long = samples.drive(0, steps=2500)
    result = dataclasses.replace(result, records={("", seed): long for seed in range(30)})
    text = page(result, tracks(result), worlds)
    data = player_of(text)
    assert len(text) < 8_000_000
    assert len(data["episodes"]) + data["left_out"] == 30
    steps = unpack(data["episodes"][0]["steps"]).astype(int)
    assert len(steps) <= 600
    assert (steps[0], steps[-1]) == (0, 2500)
    np.testing.assert_allclose(unpack(data["episodes"][0]["truth"]), long["info.pose"][steps], atol=0.51e-3)
    total = next(s for s in data["episodes"][0]["signals"] if s["label"] == "return so far")
    np.testing.assert_allclose(unpack(total["values"])[-1], long["reward"].sum(), atol=1e-3)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_result_without_records_or_even_without_episodes_has_a_page(count):
    text, _, _ = write(samples.navigation, count=count, recorded=0)
    Page(text)
    assert "player-data" not in text.split("<script>")[0]


def test_an_episode_that_crashed_at_once_is_shown_as_far_as_it_went():
    first = {k: v[:1] for k, v in samples.drive(0).items() if k.startswith(("observation", "info"))}
    result = Result(samples.Scenario(), (Episode("", 0, "crashed", "KeyError: 'x'", {"success": 0}),), {("", 0): first})
    text = page(result, tracks(result), {"": samples.hall_world()})
    assert unpack(player_of(text)["episodes"][0]["truth"]).shape == (1, 3)
    empty = dataclasses.replace(result, records={("", 0): {}})
    assert player_of(page(empty, tracks(empty), {"": World()}))["episodes"][0]["signals"] == []


def test_the_page_says_how_to_run_it_again_and_not_where_it_was_run():
    text, result, _ = write(samples.navigation)
    said = Page(text).text_of("code")
    assert said.startswith("plansim run scenarios/warehouse_delivery.yaml --seeds 0:20")
    assert yaml.safe_load(said.split("0:20", 1)[1]) == result.scenario.resolved()
    assert "somewhere" not in text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.95, "0.95"), (1.0, "1"), (-0.25, "−0.25"), (123.456, "123.5"), (12345.6, "12\u2009346"),
        (3.604e-05, "3.6×10⁻⁵"),
        (float("nan"), "–"), (None, "–"), (float("inf"), "∞"), (0.0, "0"), (-2e-9, "−2×10⁻⁹"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_a_person_writes_them(value, written):
    assert number(value) == written


def test_numbers_that_are_not_finite_do_not_break_the_page():
    result, worlds = samples.navigation()
    rows = [
        dataclasses.replace(e, metrics={**e.metrics, "path_length": [np.nan, np.inf][e.seed % 2]})
        for e in result.episodes
    ]
    record = samples.drive(0)
    record["observation.lidar"][3] = np.inf
    record["trace.cov"][5] = np.nan
    broken = Result(result.scenario, tuple(rows), {("", 0): record}, {})
    Page(page(broken, tracks(broken), worlds))


def test_the_same_result_gives_the_same_bytes():
    assert write(samples.navigation)[0] == write(samples.navigation)[0]


def test_where_the_environment_cannot_be_built_the_report_says_so(tmp_path, monkeypatch):
    from plansim.viz import scene

    result, _ = samples.navigation(count=1, recorded=1)
    assert scene.world_of(result).map is None
    assert scene.world_of(result).note
    text = write_report(result, tmp_path).read_text()
    assert "could not be built again" in text
    assert player_of(text)["episodes"][0]["map"] is None


def test_without_matplotlib_the_page_is_written_and_says_what_is_missing(tmp_path, monkeypatch, told):
    from plansim.viz import figures

    def missing(*arguments):
        raise MissingExtra("matplotlib is not installed: pip install 'plansim[viz]'")

    monkeypatch.setattr(figures, "require", missing)
    result, worlds = samples.navigation()
    told(worlds)
    assert "pip install &#x27;plansim[viz]&#x27;" in write_report(result, tmp_path).read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
