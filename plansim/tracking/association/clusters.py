"""Clusters: tracks that share detections, directly or by others; each cluster is an association of its own."""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel


@kernel
def clusters(first, detection, detections):
    """(first (C + 1,), tracks (M,)): the tracks of cluster c are tracks[first[c] : first[c + 1]], ascending.

    The connected components of the validation matrix (Bar-Shalom and Li 1995, 6.2.5); a track alone is one too.
    """
    tracks = first.shape[0] - 1
    parent = np.arange(tracks)
    owner = np.full(detections, -1)  # a track that the detection is a neighbour of
    for i in range(tracks):
        for p in range(first[i], first[i + 1]):
            j = detection[p]
            if owner[j] < 0:
                owner[j] = i
            else:
                a, b = root_of(parent, i), root_of(parent, owner[j])
                parent[max(a, b)] = min(a, b)
    number, count = np.full(tracks, -1), 0
    for i in range(tracks):
        a = root_of(parent, i)
        if number[a] < 0:
            number[a] = count
            count += 1
        number[i] = number[a]
    starts = np.zeros(count + 1, np.int64)
    for i in range(tracks):
        starts[number[i] + 1] += 1
    for c in range(count):
        starts[c + 1] += starts[c]
    place, members = starts.copy(), np.empty(tracks, np.int64)
    for i in range(tracks):
        members[place[number[i]]] = i
        place[number[i]] += 1
    return starts, members


@kernel
def root_of(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@kernel
def local_detections(first, detection, members, local, found):
    """Numbers the detections of a cluster's tracks 0, 1, … in `local`, lists them in `found`; how many there are.

    `local` (D,) must be -1 where the cluster looks, and is left so for the other clusters.
    """
    count = 0
    for i in members:
        for p in range(first[i], first[i + 1]):
            j = detection[p]
            if local[j] < 0:
                local[j] = count
                found[count] = j
                count += 1
    return count
