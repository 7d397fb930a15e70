import numpy as np
import pytest

from plansim.planning.sampling.cost_tree import hang_elsewhere, hang_new, new_links
from plansim.planning.sampling.edge_queue import drop_first, grown_queue, new_queue, push


def naive_costs(parents, lengths):
    def cost(row):
        return 0.0 if parents[row] < 0 else cost(parents[row]) + lengths[row]

    return np.array([cost(row) for row in range(len(parents))])


def children(row, links):
    found, child = [], links[2][row]
    while child >= 0:
        found.append(child)
        child = links[3][child]
    return sorted(found)


@pytest.mark.parametrize("seed", range(10))
def test_costs_follow_wherever_branches_are_hung(seed):
    rng, count = np.random.default_rng(seed), 60
    parents, links, lengths = np.full(count, -1), new_links(count), np.zeros(count)
    for row in range(1, count):
        lengths[row] = rng.random()
        hang_new(row, int(rng.integers(row)), lengths[row], parents, links)
    for _ in range(200):
        row, parent = int(rng.integers(1, count)), int(rng.integers(count))
        above = parent
        while above >= 0 and above != row:
            above = parents[above]
        if above == row:
            continue  # nobody hangs on what hangs on him
        lengths[row] = rng.random()
        hang_elsewhere(row, parent, lengths[row], parents, links)
        assert links[0] == pytest.approx(naive_costs(parents, lengths), abs=1e-12)
    for row in range(count):
        assert children(row, links) == np.flatnonzero(parents == row).tolist()


def test_edges_come_out_of_the_queue_in_order():
    rng, queue, entries = np.random.default_rng(0), new_queue(8), []
    for _ in range(500):
        if len(queue[0]) == queue[2][0]:
            queue = grown_queue(queue)
        if entries and rng.random() < 0.4:
            first = min(entries)
            keys, ends = queue[0][0], queue[1][0]
            assert (keys[0], keys[1], ends[0], ends[1]) == first
            drop_first(queue)
            entries.remove(first)
        else:
            entry = (float(rng.integers(9)), float(rng.integers(5)), int(rng.integers(9)), int(rng.integers(9)))
            push(queue, entry[0], entry[1], 0.5, entry[2], entry[3])
            entries.append(entry)
    assert queue[2][0] == len(entries)
