"""Dubins' and Reeds and Shepp's shortest paths: against laws, references, and a second way to find them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import compose, inverse
from plansim.core.layout import wrap_angle
from plansim.models.bicycle import Bicycle
from plansim.models.unicycle import Unicycle
from plansim.planning.curves.dubins import dubins_length, dubins_path, dubins_word
from plansim.planning.curves.reeds_shepp import reeds_shepp_length, reeds_shepp_path, reeds_shepp_word
from plansim.planning.curves.words import sample_words
from tests.planning.curves.oracles import FIVE, FOUR, LINE, THREE, drive, naive_length

LENGTHS = [dubins_length, reeds_shepp_length]
WORDS = [dubins_word, reeds_shepp_word]
WORDS_OF_SHAPE = {"CSC": 8, "CCC": 12, "CCCC": 8, "CCSC": 8, "CSCC": 8, "CCSCC": 4}
PATHS = [dubins_path, reeds_shepp_path]


def pairs(count, *, size=6.0, seed=5):
    rng = np.random.default_rng(seed)
    return (rng.uniform(-1, 1, (count, 3)) * [size, size, np.pi] for _ in range(2))


def apart(a, b):
    """How far poses lie apart, the headings around the circle."""
    return np.abs(np.concatenate((a[..., :2] - b[..., :2], wrap_angle(a[..., 2:] - b[..., 2:])), axis=-1)).max(-1)


def end_of(word, a, b, radius):
    turns, lengths = word(a, b, radius)
    end = np.empty_like(a)
    sample_words(a, turns, lengths, radius, np.full(len(a), np.inf), end)
    return end


@pytest.mark.parametrize(("length", "column"), [(dubins_length, 7), (reeds_shepp_length, 8)])
def test_lengths_are_those_of_the_reference(length, column, data):
    rows = np.loadtxt(data / "refs/dubins_reeds_shepp_ompl.csv", delimiter=",", skiprows=1)
    assert len(rows) == 900
    for radius in np.unique(rows[:, 0]):
        of = rows[rows[:, 0] == radius]
        assert length(of[:, 1:4], of[:, 4:7], radius) == pytest.approx(of[:, column], abs=1e-12, rel=1e-12)


@pytest.mark.parametrize("size", [0.1, 2.0, 6.0, 100.0])
@pytest.mark.parametrize("word", WORDS)
def test_every_word_ends_at_its_goal(word, size):
    a, b = pairs(5000, size=size)
    for radius in (0.05, 1.0, 7.0):
        assert apart(end_of(word, a, b, radius), b).max() < 1e-10 * (1 + size)


def test_dubins_words_only_drive_forwards():
    turns, lengths = dubins_word(*pairs(5000), 1.0)
    assert (lengths >= 0).all()
    assert (np.abs(np.where(turns == 0, 0.0, lengths)) < 2 * np.pi).all()
    assert len(np.unique(turns, axis=0)) == 6


def test_no_word_that_anybody_drives_is_shorter_than_the_shortest():
    rng = np.random.default_rng(3)
    for turns, matrix, offset in THREE + FOUR + LINE + FIVE:
        for mirror in (1, -1):
            lengths = rng.uniform(-1, 1, (4000, 3)) * rng.choice([0.1, 1.0, 4.0], (4000, 1)) @ matrix.T + offset
            goals = drive([mirror * t for t in turns], lengths)
            found = reeds_shepp_length(np.zeros(3), goals, 1.0)
            assert (found <= np.abs(lengths).sum(-1) + 1e-9).all()
            if offset.any():
                continue
            ahead = drive([mirror * t for t in turns], np.abs(lengths))
            assert (dubins_length(np.zeros(3), ahead, 1.0) <= np.abs(lengths).sum(-1) + 1e-9).all()


def test_each_of_the_48_words_is_the_shortest_somewhere():
    """Where all arcs turn the same way, four arcs with three cusps are just as long as three arcs: not counted."""
    turns, lengths = reeds_shepp_word(*pairs(200_000, size=3.0), 1.0)
    driven = np.abs(lengths) > 1e-6
    used = {
        tuple((int(turn), int(np.sign(length))) for turn, length, on in zip(*row, strict=True) if on)
        for row in zip(turns[:60_000], lengths[:60_000], driven[:60_000], strict=True)
    }
    used = {word for word in used if len(word) < 4 or len({turn * sign for turn, sign in word}) > 1}
    shapes = Counter("".join("S" if turn == 0 else "C" for turn, _ in word) for word in used)
    assert {shape: shapes[shape] for shape in WORDS_OF_SHAPE} == WORDS_OF_SHAPE


@pytest.mark.parametrize(("length", "forwards"), [(dubins_length, True), (reeds_shepp_length, False)])
def test_a_numerical_search_finds_the_same_lengths(length, forwards):
    rng = np.random.default_rng(1)
    for size in (0.3, 1.5, 4.0):
        for goal in rng.uniform(-1, 1, (3, 3)) * [size, size, np.pi]:
            expected = naive_length(goal, rng, forwards=forwards, guesses=60)
            assert length(np.zeros(3), goal, 1.0) == pytest.approx(expected, abs=1e-8)


def test_reeds_shepp_is_no_longer_than_dubins_and_no_shorter_than_the_crow_flies():
    a, b = pairs(20_000)
    forwards, both = dubins_length(a, b, 1.3), reeds_shepp_length(a, b, 1.3)
    assert (both <= forwards + 1e-12).all()
    assert (both >= np.hypot(*(b - a)[:, :2].T) - 1e-12).all()
    assert (both >= 1.3 * np.abs(wrap_angle(b - a)[:, 2]) - 1e-12).all()


def test_there_is_as_far_as_back():
    a, b = pairs(20_000)
    assert reeds_shepp_length(a, b, 0.8) == pytest.approx(reeds_shepp_length(b, a, 0.8), abs=1e-9)
    behind = np.array([0.0, 0.0, np.pi])  # forwards from b turned around to a turned around
    assert dubins_length(a, b, 0.8) == pytest.approx(dubins_length(b + behind, a + behind, 0.8), abs=1e-9)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_way_round_is_no_shorter(length):
    a, b = pairs(20_000, size=2.0)
    c, _ = pairs(20_000, size=2.0, seed=8)
    assert (length(a, b, 1.0) <= length(a, c, 1.0) + length(c, b, 1.0) + 1e-9).all()


@pytest.mark.parametrize("length", LENGTHS)
def test_lengths_do_not_depend_on_where_one_stands_nor_on_the_unit(length):
    a, b = pairs(2000)
    frame, _ = pairs(2000, seed=9)
    expected = length(a, b, 1.0)
    assert length(compose(frame, a), compose(frame, b), 1.0) == pytest.approx(expected, abs=1e-6)
    assert length(a * [3, 3, 1], b * [3, 3, 1], 3.0) == pytest.approx(3.0 * expected, rel=1e-12)
    seen = compose(inverse(a), b)
    assert length(np.zeros(3), seen * [1, -1, -1], 1.0) == pytest.approx(expected, abs=1e-6)  # in a mirror


@pytest.mark.parametrize("path", PATHS)
def test_the_robots_own_step_drives_a_path_to_its_end(path):
    robot, car = Unicycle(), Bicycle(wheelbase=2.0)
    a, b = (list(poses) for poses in pairs(20))
    for start, goal in zip(a, b, strict=True):
        curve = path(start, goal, 1.5, spacing=0.02)
        x = x_car = start
        for curvature, length in curve.controls:
            x = robot.step(x, [length, curvature * length], dt=1.0)
            speed = np.sign(length)
            x_car = car.step([*x_car[:3], speed], [0.0, np.arctan(2.0 * curvature)], dt=abs(length))
        assert apart(x, goal) < 1e-9
        assert apart(x_car[:3], goal) < 1e-9
        assert x == pytest.approx(curve.states[-1], abs=1e-9)


@pytest.mark.parametrize(("path", "length"), list(zip(PATHS, LENGTHS, strict=True)))
def test_a_path_is_as_long_as_it_says_and_has_no_gaps(path, length):
    for start, goal in zip(*pairs(50), strict=True):
        curve = path(start, goal, 1.0, spacing=0.1)
        assert curve.length == pytest.approx(length(start, goal, 1.0), abs=1e-12)
        assert np.array_equal(curve.states[0], start)
        gaps = np.hypot(*np.diff(curve.states[:, :2], axis=0).T)
        assert gaps.max() <= 0.1 + 1e-12
        assert np.abs(np.diff(curve.states[:, 2])).max() <= 0.1 + 1e-12  # headings run on
        assert len(curve.states) == len(curve.controls) + 1


@pytest.mark.parametrize("word", WORDS)
def test_a_place_along_a_word_is_where_its_path_passes(word):
    path = PATHS[WORDS.index(word)]
    for start, goal in zip(*pairs(10), strict=True):
        curve = path(start, goal, 1.0, spacing=0.3)
        along = np.concatenate(([0.0], np.abs(curve.controls[:, 1]).cumsum()))
        turns, lengths = (np.tile(part, (len(along), 1)) for part in word(start, goal, 1.0))
        out = np.empty((len(along), 3))
        sample_words(np.tile(start, (len(along), 1)), turns, lengths, 1.0, along, out)
        assert out == pytest.approx(curve.states, abs=1e-12)


@pytest.mark.parametrize(("length", "path"), list(zip(LENGTHS, PATHS, strict=True)))
def test_to_stay_is_no_way_at_all(length, path):
    poses, _ = pairs(100)
    assert (length(poses, poses, 2.0) == 0.0).all()
    assert (length(poses, poses + np.array([0, 0, 2 * np.pi]), 2.0) < 1e-6).all()
    curve = path(poses[0], poses[0], 2.0, spacing=0.1)
    assert curve.states.tolist() == [poses[0].tolist()]
    assert curve.controls.shape == (0, 2)


@pytest.mark.parametrize("length", LENGTHS)
def test_straight_ahead_and_a_turn_on_the_spot_are_exact_for_any_radius(length):
    for radius in (1e-9, 1e-3, 1.0, 1e3, 1e9):
        assert length(np.zeros(3), [4.0, 0.0, 0.0], radius) == pytest.approx(4.0, rel=1e-12)
        on_arc = [radius * np.sin(0.5), 2 * radius * np.sin(0.25) ** 2, 0.5]
        assert length(np.zeros(3), on_arc, radius) == pytest.approx(0.5 * radius, rel=1e-9)
    # for a car that turns almost on the spot the way is the straight one
    assert length(np.zeros(3), [3.0, 4.0, 1.0], 1e-9) == pytest.approx(5.0, abs=1e-7)


def test_rounding_sends_no_car_round_once_more():
    """Goals at the end of words that lack a letter: beside them, Dubins' length jumps by a whole turn."""
    rng = np.random.default_rng(2)
    for turns in ((1, 0, 1), (1, 0, -1), (-1, 0, 1), (-1, 0, -1)):
        lengths = rng.uniform(0.01, 3.0, (2000, 3)) * rng.integers(0, 2, (2000, 3))
        goals = drive(turns, lengths)
        a, _ = pairs(2000, size=100.0, seed=6)
        a[:, 2] = 0.0
        for scale in (1.0, 20.0):
            found = dubins_length(a, a + goals * [scale, scale, 1], scale)
            assert (found <= scale * lengths.sum(-1) + 1e-6).all()


def test_batches_are_their_members_one_by_one():
    a, b = (poses.reshape(4, 5, 3) for poses in pairs(20))
    for length, word in zip(LENGTHS, WORDS, strict=True):
        together, one = length(a, b, 1.0), length(a[1, 2], b, 1.0)
        assert together.shape == one.shape == (4, 5)
        assert together[1, 2] == one[1, 2] == length(a[1, 2], b[1, 2], 1.0)
        turns, lengths = word(a, b, 1.0)
        assert np.abs(lengths).sum(-1) == pytest.approx(together, abs=1e-12)
        assert turns.shape == lengths.shape
        assert length(np.zeros((0, 3)), np.zeros(3), 1.0).shape == (0,)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(
    ("a", "b", "radius", "message"),
    [
        (np.zeros(3), np.zeros(3), 0.0, "radius is 0.0, but must be a positive"),
        (np.zeros(3), np.zeros(3), -1.0, "radius"),
        (np.zeros(3), np.zeros(3), np.nan, "radius"),
        (np.zeros(3), np.zeros(3), np.inf, "radius"),
        (np.zeros(2), np.zeros(3), 1.0, r"a has shape \(2,\)"),
        (0.0, np.zeros(3), 1.0, "a has shape"),
        (np.zeros(3), [0.0, np.nan, 0.0], 1.0, "b must be finite"),
        ("here", np.zeros(3), 1.0, "a must be poses"),
        (np.zeros((2, 3)), np.zeros((5, 3)), 1.0, "cannot be paired"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_says_where(length, a, b, radius, message):
    with pytest.raises(MalformedInput, match=message):
        length(a, b, radius)


@pytest.mark.parametrize("path", PATHS)
def test_a_spacing_must_be_positive(path):
    for spacing in (0.0, -0.1, np.nan):
        with pytest.raises(MalformedInput, match="spacing"):
            path(np.zeros(3), np.ones(3), 1.0, spacing=spacing)
