"""The k-d tree beside a look at every state."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.planning.sampling.nearest import grown_index, insert, k_nearest, nearest, new_index, within
from plansim.planning.spaces.base import distance, metric


class Ring:
    """Three components, of which the last comes round."""

    metric = metric(np.full(3, -2.0), np.full(3, 3.0), [1.0, 2.0, 0.7], [False, False, True])


def filled(states, capacity, first=0, index=None):
    index = new_index(3, capacity) if index is None else index
    for row in range(first, len(states)):
        insert(row, states, Ring.metric, index)
    return index


def drawn(kind, count):
    rng = np.random.default_rng(1)
    if kind == "uniform":
        return rng.uniform(-2, 3, size=(count, 3))
    if kind == "in a row":  # the worst order to insert in
        return np.linspace(-2, 3, count)[:, None] * np.ones(3)
    return np.repeat(rng.uniform(-2, 3, size=(count // 50, 3)), 50, axis=0)


@pytest.mark.parametrize("kind", ["uniform", "in a row", "alike"])
def test_the_nearest_are_those_of_a_look_at_all(kind):
    states = drawn(kind, 1500)
    index = filled(states, 1500)
    rows, distances, all_rows = np.empty(9, dtype=np.int64), np.empty(9), np.empty(1500, dtype=np.int64)
    for x in np.random.default_rng(2).uniform(-2, 3, size=(150, 3)):
        d = distance(Ring, states, x)
        row, least = nearest(x, Ring.metric, index)
        assert least == pytest.approx(d.min(), abs=1e-12)
        assert d[row] == pytest.approx(d.min(), abs=1e-12)
        assert k_nearest(x, Ring.metric, index, rows, distances) == 9
        assert distances == pytest.approx(np.sort(d)[:9], abs=1e-12)
        assert d[rows] == pytest.approx(distances, abs=1e-12)
        assert len(set(rows.tolist())) == 9
        found = within(x, 0.8, Ring.metric, index, all_rows)
        assert sorted(all_rows[:found]) == np.flatnonzero(d <= 0.8).tolist()


def test_it_grows_and_says_how_many_there_are():
    states = drawn("uniform", 700)
    index = filled(states[:100], 100)
    index = filled(states, 700, 100, grown_index(index, 700))
    x, rows, distances = states[333], np.empty(800, dtype=np.int64), np.empty(800)
    assert nearest(x, Ring.metric, index) == (333, 0.0)
    assert k_nearest(x, Ring.metric, index, rows, distances) == 700
    assert sorted(rows[:700]) == list(range(700))
    assert within(x, 100.0, Ring.metric, index, rows[:10]) == 10
    assert nearest(x, Ring.metric, new_index(3, 4)) == (-1, np.inf)


def test_nobody_is_nearest_where_nobody_is_asked_for():
    found = k_nearest.function(
        np.zeros(2), metric([0.0, 0.0], [1.0, 1.0]), new_index(2, 0), np.empty(0, dtype=np.int64), np.empty(0)
    )
    assert found == 0
