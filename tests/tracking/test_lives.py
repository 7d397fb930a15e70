"""Rules of a track's life, and its score."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.tracking import ExistenceProbability, HitsOfScans, LikelihoodRatio
from plansim.tracking.lives import CONFIRMED, DELETED, TENTATIVE, judged


def verdicts(life, seen, confirmed=False):
    """The verdict after each of the scans, until the track is deleted."""
    recent = age = misses = 0
    out = []
    for hit in seen:
        recent, age, misses = recent << 1 | hit, age + 1, 0 if hit else misses + 1
        column = [np.array([v]) for v in (0.5, 0.0, misses, age, recent, confirmed)]
        out.append(int(judged(life, *column)[0]))
        confirmed = out[-1] == CONFIRMED
        if out[-1] == DELETED:
            break
    return out


def test_three_of_five():
    life = HitsOfScans(hits=3, scans=5, delete_after=3)
    T, C, D = TENTATIVE, CONFIRMED, DELETED
    assert verdicts(life, [1, 1, 1]) == [T, T, C]
    assert verdicts(life, [1, 0, 1, 0, 1]) == [T, T, T, T, C]
    assert verdicts(life, [1, 0, 0, 0, 1]) == [T, T, T, D]
    assert verdicts(life, [1, 1, 1, 0, 0, 1, 0, 0, 0]) == [T, T, C, C, C, C, C, C, D]


def test_existence_confirms_releases_and_deletes():
    life = ExistenceProbability(confirm_above=0.9, release_below=0.4, delete_below=0.01)
    existence = np.array([0.95, 0.6, 0.6, 0.3, 0.005])
    confirmed = np.array([False, False, True, True, True])
    none = np.zeros(5, np.int64)
    verdict = judged(life, existence, np.zeros(5), none, none, none, confirmed)
    assert verdict.tolist() == [CONFIRMED, TENTATIVE, CONFIRMED, TENTATIVE, DELETED]


def test_walds_test_keeps_its_error_rates():
    # steps of a detector seen by 90 % or by 30 % of clutter's gates; Wald 1947: bounds on both errors
    rng, life = np.random.default_rng(0), LikelihoodRatio(false_confirmed=0.02, true_deleted=0.05)
    gains = np.log([0.1 / 0.7, 0.9 / 0.3])
    up, down, _ = life.parameters()

    def ends(p):
        score = 0.0
        while down < score < up:
            score += gains[int(rng.random() < p)]
        return score >= up

    assert np.mean([ends(0.3) for _ in range(4000)]) < 0.02 / 0.95 + 0.005
    assert np.mean([not ends(0.9) for _ in range(4000)]) < 0.05 / 0.98 + 0.005


def test_a_rule_of_ones_own_needs_no_kernel():
    class Patient:
        verdict = staticmethod(lambda p, existence, score, misses, age, recent, confirmed: 2 if age > p[0] else 1)
        parameters = staticmethod(lambda: (3.0, 0.0, 0.0))

    ages, none = np.array([1, 5]), np.zeros(2, np.int64)
    assert judged(Patient, np.ones(2), np.zeros(2), none, ages, none, none).tolist() == [TENTATIVE, CONFIRMED]


def test_rules_that_contradict_themselves_are_refused():
    for make in (
        lambda: ExistenceProbability(confirm_above=0.3, release_below=0.5),
        lambda: ExistenceProbability(delete_below=0.0),
        lambda: HitsOfScans(hits=4, scans=3),
        lambda: HitsOfScans(scans=63),
        lambda: LikelihoodRatio(false_confirmed=0.0),
    ):
        with pytest.raises(MalformedInput):
            make()
