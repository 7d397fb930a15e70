"""What a record keeps of an episode."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import readonly
from plansim.scenario.playing.record import keep, to_record


def test_arrays_that_may_be_reused_are_copied_and_lasting_ones_are_not():
    columns, reused, lasting = {}, np.zeros((2, 2)), readonly(np.ones((3, 2)))
    for step in range(3):
        reused[:] = step
        keep(columns, "trace", {"reused": reused, "lasting": lasting})
    assert [row[0, 0] for row in columns["trace.reused"]] == [0, 1, 2]
    assert all(row is lasting for row in columns["trace.lasting"])


def test_an_array_that_stays_is_kept_once():
    columns = {}
    paths = [np.zeros((4, 2)), np.ones((5, 2))]
    for step in range(10):
        keep(columns, "trace", {"path": paths[step >= 7]})
    record = to_record(columns, 10)
    assert record["trace.path.values"].shape == (9, 2)
    assert record["trace.path.index"].tolist() == [0] * 7 + [1] * 3
