"""Pulls a path tight: straight where one state sees another, and round corners as near as they let it, compiled."""

from __future__ import annotations

from functools import cache, partial

from plansim.core.kernel import lean_kernel
from plansim.planning.sampling.tree import copy

PASSES = 30
BISECTIONS = 10
ENOUGH = 1e-6  # of the path's length: a pass that gains less is the last


def _tighten(sample, nearest, steer, edge_free, distance, make=lambda function: function):
    """Around the moves of a space in which ways are straight lines."""

    @make
    def shortened(path, count, arrays):
        """Leaves out the states between any two that see each other; how many are left."""
        kept, i = 1, 0
        while i < count - 1:
            ahead = count - 1
            while ahead > i + 1 and not edge_free(path[i], path[ahead], True, arrays):
                ahead -= 1
            copy(path[ahead], path[kept])
            i, kept = ahead, kept + 1
        return kept

    @make
    def cut_corner(before, corner, after, first, second, metric, arrays):
        """Fills `first` and `second`, by which the corner can be passed, with its edges cut at the greatest share."""
        low, high = 0.0, 1.0
        share = 1.0
        for _ in range(BISECTIONS):
            steer(corner, before, share, True, metric, arrays, first)
            steer(corner, after, share, True, metric, arrays, second)
            # what is left of the edges is asked again: states of a user's, or a margin's, need not be those before
            if (
                edge_free(first, second, True, arrays)
                and edge_free(before, first, True, arrays)
                and edge_free(second, after, True, arrays)
            ):
                low = share
            else:
                high = share
            if low == 1.0:
                break
            share = 0.5 * (low + high)
        if low == 0.0:
            return False
        steer(corner, before, low, True, metric, arrays, first)
        steer(corner, after, low, True, metric, arrays, second)
        return True

    @make
    def length_of(path, count, metric, arrays):
        total = 0.0
        for i in range(count - 1):
            total += distance(path[i], path[i + 1], metric, arrays)
        return total

    @make
    def tighten(path, count, room, metric, arrays):
        """Shortens the path in the first `count` rows of path (P, n); how many rows it has then.

        room: (P, n) to work in. The ends stay, all edges are free, and the path is never longer than before.
        """
        count = shortened(path, count, arrays)
        before = length_of(path, count, metric, arrays)
        for _ in range(PASSES):
            if count < 3 or 2 * count > path.shape[0]:
                break
            copy(path[0], room[0])
            kept = 1
            for i in range(1, count - 1):
                if not cut_corner(room[kept - 1], path[i], path[i + 1], room[kept], room[kept + 1], metric, arrays):
                    copy(path[i], room[kept])
                    kept += 1
                else:
                    kept += 2
            copy(path[count - 1], room[kept])
            for i in range(kept + 1):
                copy(room[i], path[i])
            count = shortened(path, kept + 1, arrays)
            after = length_of(path, count, metric, arrays)
            if before - after < ENOUGH * after:
                break
            before = after
        return count

    return tighten, length_of


compiled_tighten = cache(partial(_tighten, make=lean_kernel))
tighten_in_python = _tighten
