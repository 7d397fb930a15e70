"""A belief in the report and in the pictures: what is shown is what was recorded."""

from __future__ import annotations

import re

import numpy as np
import pytest

from plansim.core.layout import layout
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position
from plansim.scenario.playing.record import keep, to_record
from plansim.scenario.result import Episode, Result
from plansim.viz.belief_section import belief_section
from plansim.viz.beliefs import beliefs, bell_moment, components, nees
from plansim.viz.figures import write_pictures
from plansim.viz.reading import Reader
from plansim.viz.report import write_report
from plansim.viz.scene import World, track
from tests.viz.samples import MANIFEST, Scenario

SWING = World(
    dt=0.1,
    state=layout("angle rate", angles="angle"),
    sensors={"angle": LinearSensor("angle", [[1, 0]], [[0.04]], "angle")},
)
PLANE = World(dt=1.0, state=layout("x y vx vy"), sensors={"gps": Position(1.0)}, landmarks=np.array([[3.0, 4.0]]))


def swing(steps: int = 80, seed: int = 0, particles: bool = False, steady: bool = False) -> dict[str, np.ndarray]:
    """The record of an angle that goes round and round, read at every third step."""
    rng = np.random.default_rng(seed)
    truth = np.stack([np.linspace(0.0, 12.0, steps + 1), np.full(steps + 1, 1.5)], -1)
    wrapped = layout("angle rate", angles="angle").wrap(truth)
    std = np.full(steps, 0.1) if steady else 0.05 + 0.1 * rng.random(steps)
    columns: dict = {}
    keep(columns, "info", {"state": wrapped[0]})
    for t in range(steps):
        seen = t % 3 == 0
        cov = std[t] ** 2 * np.eye(2)
        keep(columns, "observation", {"angle": wrapped[t, :1] * seen, "angle_seen": np.array([seen], np.int8)})
        keep(columns, "info", {"state": wrapped[t + 1]})
        said = {"mean": wrapped[t] + std[t] * rng.normal(size=2), "cov": cov, "prior_cov": 2 * cov}
        said |= {
            "prior_mean": wrapped[t],
            "nis": np.array(rng.chisquare(1) if seen else np.nan),
            "nis_size": np.array(int(seen)),
        }
        if particles:
            said["particles"] = wrapped[t] + std[t] * rng.normal(size=(60, 2))
            said["mode_probabilities"] = np.array([0.25, 0.75])
        keep(columns, "trace", said)
        keep(columns, "action", np.zeros(1))
        keep(columns, "reward", 0.0)
    keep(columns, "observation", {"angle": np.zeros(1), "angle_seen": np.zeros(1, np.int8)})
    return to_record(columns, steps)


def flight(steps: int = 50) -> dict[str, np.ndarray]:
    record, rng = swing(steps), np.random.default_rng(0)
    truth = np.stack(
        [np.arange(steps + 1.0), np.arange(steps + 1.0) ** 1.2, np.ones(steps + 1), np.ones(steps + 1)], -1
    )
    pose = np.stack([truth[:, 0], truth[:, 1], np.full(steps + 1, 0.8)], -1)
    covs = np.broadcast_to(np.diag([4.0, 1.0, 0.1, 0.1]), (steps, 4, 4))
    record |= {"info.state": truth, "info.pose": pose, "trace.mean": truth[:-1] + 0.5, "trace.pose": pose[:-1] + 0.5}
    record |= {"trace.cov": covs, "trace.prior_cov": 2 * covs, "trace.prior_mean": truth[:-1]}
    record |= {
        "observation.gps": truth[:, :2] + rng.normal(size=(steps + 1, 2)),
        "observation.gps_seen": np.ones((steps + 1, 1)),
    }
    return {key: value for key, value in record.items() if ".angle" not in key}


def read(record):
    found = beliefs(Reader(record, np.arange(len(record["action"]) + 1)))
    assert found is not None
    return found


def result_of(records, variants=()):
    keys = [(variant, 0) for variant in variants or ("",)]
    episodes = tuple(Episode(variant, 0, "ok", "", {"rmse": 0.1}) for variant, _ in keys)
    scenario = Scenario(
        "watch", env={"id": "plansim/Pendulum-v0"}, metrics=("rmse",), variants={v: {} for v in variants}
    )
    return Result(scenario, episodes, dict(zip(keys, records, strict=True)), manifest=MANIFEST)


def test_an_angle_is_drawn_without_jumps_and_readings_lie_at_the_truth():
    angle, rate = components(read(swing()), SWING.state, SWING.sensors)
    assert (angle.name, rate.name) == ("angle", "rate")
    np.testing.assert_allclose(angle.truth, np.linspace(0.0, 12.0, 81)[:-1], atol=1e-9)
    assert np.abs(angle.mean - angle.truth).max() < 1.0
    np.testing.assert_allclose(angle.readings[::3], angle.truth[::3], atol=1e-9)
    assert np.isnan(angle.readings[1::3]).all()
    assert angle.reading_std == pytest.approx(0.2)
    assert np.isnan(rate.readings).all()


def test_the_nees_of_the_chart_is_that_of_the_metric():
    from plansim.scenario.metrics import Log, measure

    record = swing()
    squares, bounds = nees(read(record), SWING.state)
    columns = {name: list(record[name]) for name in ("info.state", "trace.mean", "trace.cov")}
    assert squares.mean() == pytest.approx(measure("nees", Log(columns=columns, state=SWING.state)))
    assert bounds == pytest.approx((0.0506, 7.378), rel=1e-2)


def test_a_covariance_that_never_changes_is_kept_once_and_shown_all_the_same():
    record = swing(steady=True)
    assert "trace.cov" not in record
    shown = track(record, "", 0).beliefs
    assert shown is not None
    np.testing.assert_allclose(shown.cov, np.broadcast_to(0.01 * np.eye(2), shown.cov.shape))


def test_the_bells_show_a_reading_about_as_sure_as_what_was_believed_before_it():
    found = read(swing())
    angle = components(found, SWING.state, SWING.sensors)[0]
    frame = bell_moment(found, 0, angle)
    assert frame is not None
    assert np.isfinite(angle.readings[frame])
    prior = np.sqrt(found.prior_cov[:, 0, 0])
    assert prior[frame] == prior[::3][np.argmin(np.abs(np.log(prior[::3] / 0.2)))]


def test_the_section_has_a_chart_for_each_number_and_each_thing_that_was_traced():
    html = belief_section([track(swing(particles=True), "", 0)], {"": SWING})
    assert html is not None
    captions = re.findall(r"<figcaption>(.*?)<span>", html)
    assert captions == ["Angle", "Rate", "NEES", "NIS", "Modes", captions[-1]]
    assert re.fullmatch(r"Angle at step \d+", captions[-1])
    assert "before the reading" in html
    assert "particles" in html
    assert "nan" not in html.lower()
    assert "inf" not in html


def test_what_moves_in_the_plane_is_shown_from_above_with_ellipses_and_landmarks():
    html = belief_section([track(flight(), "", 0)], {"": PLANE})
    assert html is not None
    assert "From above" in html
    above = html[html.index("From above") : html.index("<figcaption>X")]
    assert above.count("<polygon") == 14
    assert above.count("occupied") == 1


def test_the_first_variant_is_open_and_the_others_are_folded():
    recorded = [track(swing(seed=i), variant, 0) for i, variant in enumerate(("a", "b", "c"))]
    html = belief_section(recorded, dict.fromkeys("abc", SWING))
    assert html is not None
    assert html.count("<details open") == 1
    assert [*re.findall(r"<summary>(\w), seed 0", html)] == ["a", "b", "c"]


def test_a_run_without_beliefs_has_no_such_section():
    bare = {key: value for key, value in swing().items() if not key.startswith("trace.")}
    assert belief_section([track(bare, "", 0)], {"": SWING}) is None


def test_readings_are_held_in_the_player_until_the_next_one():
    signals = {signal.label: signal.values for signal in track(swing(), "", 0).signals}
    assert "angle_seen" not in signals
    held = signals["angle"]
    np.testing.assert_allclose(held[1::3], held[:-1:3][: len(held[1::3])])


def test_the_report_and_the_pictures_are_written(tmp_path, told):
    result = result_of([swing(), swing(seed=1, particles=True)], ("plain", "cloud"))
    worlds = {"plain": SWING, "cloud": SWING}
    told(worlds)
    page = write_report(result, tmp_path).read_text()
    assert "<h2>Estimates</h2>" in page
    assert (tmp_path / "estimates.png").stat().st_size > 20_000
    assert not (tmp_path / "errors.png").exists()
    names = {path.name for path in write_pictures(result, tmp_path, [track(flight(), "", 0)], {"": PLANE})}
    assert "estimates.png" in names
