"""CLEAR-MOT, identity, HOTA and the life of tracks: courses drawn by hand, and published values."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.tracking.metrics.boxes import box_frame, image_overlap
from plansim.tracking.metrics.clear_mot import clear_mot, frame_of, matched, point_frame
from plansim.tracking.metrics.hota import hota
from plansim.tracking.metrics.identity import coexistence, identity
from plansim.tracking.metrics.lifecycle_delays import lifecycle


def course(targets, tracks, cutoff=1.0):
    """Frames from {id: position} a frame, on a line."""
    return [
        point_frame(list(a), [[x] for x in a.values()], list(b), [[x] for x in b.values()], cutoff)
        for a, b in zip(targets, tracks, strict=True)
    ]


def test_a_perfect_tracker_makes_no_mistake():
    frames = course([{1: 0.0, 2: 5.0}] * 4, [{7: 0.0, 9: 5.0}] * 4)
    score, own, higher = clear_mot(frames), identity(frames), hota(frames)
    assert (score.mota, score.motp, score.switches, score.fragmentations, score.mostly_tracked) == (1, 0, 0, 0, 2)
    assert (own.idf1, own.idp, own.idr, own.true_positives) == (1, 1, 1, 8)
    assert tuple(higher) == (1, 1, 1)


def test_the_pair_of_before_is_kept_though_another_track_is_nearer():
    frames = course([{1: 0.0}, {1: 0.0}], [{7: 0.5}, {7: 0.5, 8: 0.1}])
    assert [match.track for found in matched(frames) for match in found] == [7, 7]
    assert clear_mot(frames).false_positives == 1
    assert clear_mot(frames).switches == 0


def test_a_target_that_comes_back_takes_no_track_from_the_one_that_has_it():
    one = [frame_of([1], [7], [[0.1]]), *2 * [frame_of([2], [7], [[0.1]])], frame_of([1, 2], [7], [[0.0], [0.1]])]
    assert [[(m.target, m.track) for m in found] for found in matched(one)] == [[(1, 7)], *3 * [[(2, 7)]]]
    assert clear_mot(one).switches == 0


def test_a_track_may_have_any_number_for_a_name():
    frames = [frame_of([2], [-1], [[0.5]]), frame_of([1, 2], [-1, 3], [[0.5, np.inf], [0.1, 0.6]])]
    assert [m.track for found in matched(frames) for m in found] == [-1, -1]


def test_tracks_that_change_places_are_two_switches():
    frames = course([{1: 0.0, 2: 3.0}] * 3, [{7: 0.0, 8: 3.0}, {7: 0.0, 8: 3.0}, {7: 3.0, 8: 0.0}])
    score = clear_mot(frames)
    assert (score.switches, score.misses, score.false_positives) == (2, 0, 0)
    assert score.mota == pytest.approx(1 - 2 / 6)
    assert identity(frames).idf1 == pytest.approx(4 / 6)


def test_another_track_after_a_gap_is_a_switch_and_a_fragmentation():
    frames = course([{1: 0.0}] * 4, [{7: 0.0}, {}, {}, {8: 0.0}])
    score = clear_mot(frames)
    assert (score.switches, score.fragmentations, score.misses) == (1, 1, 2)
    assert identity(frames).true_positives == 1


def test_as_many_pairs_as_can_be_come_before_near_ones():
    frames = course([{1: 0.0, 2: 0.9}], [{7: 0.85, 8: 1.8}], cutoff=0.95)
    assert [(match.target, match.track) for match in matched(frames)[0]] == [(1, 7), (2, 8)]


def test_shares_of_a_life_decide_who_is_mostly_tracked():
    tracks = [{7: 0.0} | ({8: 5.0} if t < 5 else {}) | ({9: 9.0} if t < 1 else {}) for t in range(10)]
    score = clear_mot(course([{1: 0.0, 2: 5.0, 3: 9.0}] * 10, tracks))
    assert (score.mostly_tracked, score.partly_tracked, score.mostly_lost) == (1, 1, 1)


def test_nothing_at_all_has_scores():
    nothing = course([{}, {}], [{}, {}])
    for frames in ([], nothing):
        assert clear_mot(frames).mota == 1.0
        assert math.isnan(clear_mot(frames).motp)
        assert identity(frames).idf1 == hota(frames).hota == 1.0
        assert math.isnan(lifecycle(frames, np.arange(len(frames))).confirmation_delay)
    ghosts, blind = course([{}], [{7: 0.0, 8: 1.0}]), course([{1: 0.0}], [{}])
    assert (clear_mot(ghosts).mota, identity(ghosts).idf1, identity(ghosts).idr, hota(ghosts).hota) == (-1, 0, 0, 0)
    assert (clear_mot(blind).mota, identity(blind).idf1, identity(blind).idp, hota(blind).hota) == (0, 0, 0, 0)


def test_no_pairing_of_identities_is_better():
    rng = np.random.default_rng(0)
    for _ in range(30):
        frames = [
            frame_of(range(3), range(4), np.where(rng.random((3, 4)) < 0.4, rng.random((3, 4)), np.inf))
            for _ in range(6)
        ]
        together, _, _ = coexistence(frames)
        best = max(sum(together[i, j] for i, j in enumerate(p)) for p in itertools.permutations(range(4), 3))
        assert identity(frames).true_positives == best


def test_delays_of_a_track_that_comes_late_and_stays_too_long():
    targets = [{}, *[{1: 0.0}] * 5, {}, {}, {}, {}]
    tracks = [{}, {}, {}, *[{7: 0.0}] * 5, {}, {5: 9.0}]
    life = lifecycle(course(targets, tracks), 0.5 * np.arange(10))
    assert (life.confirmation_delay, life.deletion_delay) == (1.0, 1.0)
    assert (life.never_confirmed, life.track_breaks, life.false_tracks) == (0, 0, 1)


def test_a_target_that_is_lost_and_found_is_a_break():
    life = lifecycle(course([{1: 0.0, 2: 9.0}] * 5, [{7: 0.0}, {}, {7: 0.0}, {}, {8: 0.0}]), np.arange(5.0))
    assert (life.track_breaks, life.never_confirmed, life.confirmation_delay) == (2, 1, 0.0)
    assert math.isnan(life.deletion_delay)


def test_a_track_that_goes_on_as_anothers_is_let_go_at_once():
    life = lifecycle(course([{1: 0.0}, {1: 0.0}, {2: 0.0}, {2: 0.0}], [{7: 0.0}] * 4), np.arange(4.0))
    assert life.deletion_delay == 0.0


def test_an_id_twice_in_a_frame_is_refused():
    with pytest.raises(MalformedInput, match="an id twice"):
        point_frame([1, 1], [[0.0], [1.0]], [7], [[0.0]], 1.0)
    with pytest.raises(MalformedInput, match="there are 2 targets and 1 tracks"):
        frame_of([1, 2], [7], np.zeros((1, 2)))


def test_published_values_of_tud_campus(data):
    """CLEAR-MOT and identity as MOTChallenge's devkit has them, HOTA as py-motmetrics 1.4 prints it."""
    targets, tracks = (np.loadtxt(data / f"mot/TUD-Campus/{name}.txt", delimiter=",") for name in ("gt", "test"))
    frames, all_pairs = [], []
    for f in np.unique(np.concatenate((targets[:, 0], tracks[:, 0]))):
        a, b = targets[targets[:, 0] == f], tracks[tracks[:, 0] == f]
        overlap = image_overlap(a[:, 2:6], b[:, 2:6])
        frames.append(box_frame(a[:, 1], b[:, 1], overlap))
        all_pairs.append(box_frame(a[:, 1], b[:, 1], overlap, least=0.0))
    score, own, higher = clear_mot(frames), identity(frames), hota(all_pairs)
    assert (score.false_positives, score.misses, score.switches, score.fragmentations) == (13, 150, 7, 7)
    assert (score.mostly_tracked, score.partly_tracked, score.mostly_lost) == (1, 6, 1)
    assert (round(100 * score.mota, 1), round(score.motp, 3)) == (52.6, 0.277)
    assert tuple(round(100 * share, 1) for share in own[:3]) == (55.8, 73.0, 45.1)
    assert tuple(round(share, 3) for share in higher) == (0.391, 0.418, 0.369)
