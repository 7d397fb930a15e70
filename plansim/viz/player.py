"""The data of the page's player: recorded episodes and their maps, small enough to lie inside the page."""

from __future__ import annotations

from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.viz.grounds import ground_number
from plansim.viz.growth import growth
from plansim.viz.outlines import outlines
from plansim.viz.packing import pack, png, shrink
from plansim.viz.reading import Ragged
from plansim.viz.road_scene import road_data
from plansim.viz.scene import Track, World
from plansim.viz.watched import watched_data
from plansim.viz.watched_pictures import extent_of

MOST_BEAMS = 90
MOST_PARTICLES = 60
MOST_POINTS = 240  # of a plan, or of the obstacles seen, at one moment
ROOM = 4_000_000  # characters for all episodes
MILLIMETRE, CENTIMETRE = 1e-3, 1e-2


def player_data(tracks: list[Track], worlds: dict[str, World], outcomes: dict[tuple[str, int], str]) -> dict[str, Any]:
    """All that the player shows; `left_out` counts recorded episodes for which the page had no room."""
    maps: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    episodes: list[dict[str, Any]] = []
    room = ROOM
    for track in _fairly(tracks):
        world = worlds[track.variant]
        episode = _episode(track, world)
        room -= _size(episode)
        if room < 0 and episodes:
            break
        episode["map"] = ground_number(world, maps, seen) if track.placed else None
        episode["outcome"] = outcomes.get((track.variant, track.seed), "")
        episodes.append(episode)
    order = {(track.variant, track.seed): i for i, track in enumerate(tracks)}
    episodes.sort(key=lambda episode: order[episode["variant"], episode["seed"]])
    return {"maps": maps, "episodes": episodes, "left_out": len(tracks) - len(episodes)}


def _fairly(tracks: list[Track]) -> list[Track]:
    """The first of each variant, then the second of each, so that room runs out for all alike."""
    rank: dict[str, int] = {}
    ranks = []
    for track in tracks:
        ranks.append(rank.get(track.variant, 0))
        rank[track.variant] = ranks[-1] + 1
    return [tracks[i] for i in sorted(range(len(tracks)), key=lambda i: (ranks[i], i))]


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_size(v) for v in value.values())
    return sum(_size(v) for v in value) if isinstance(value, list) else len(str(value))


def _episode(track: Track, world: World) -> dict[str, Any]:
    data: dict[str, Any] = {
        "variant": track.variant,
        "seed": track.seed,
        "dt": world.dt,
        "steps": pack(track.steps, 1),
        "signals": [_signal(signal) for signal in track.signals],
        "omitted": list(track.omitted),
    }
    if track.placed:
        data |= {
            "radius": world.radius,
            "goal_radius": world.goal_radius,
            "truth": pack(track.truth, MILLIMETRE),
            "estimate": _packed(track.estimate),
            "spread": _packed(None if track.cov is None else track.cov[:, [0, 0, 1], [0, 1, 1]], 1e-6),
            "goal": _packed(track.goal),
            "discs": _packed(track.discs),
            "body": _body(track, world),
            "beams": _beams(track, world),
            "path": _ragged(track.path, MOST_POINTS),
            "particles": _ragged(track.particles, MOST_PARTICLES),
            "obstacles": _ragged(track.obstacles, MOST_POINTS),
            "expanded": _expanded(track, world),
            "view": view(track, world),
        }
        data |= growth(track, world, MILLIMETRE)
        data |= road_data(track, world, world.car)
        data |= watched_data(track.watched, world.views)
    return data


def _body(track: Track, world: World) -> dict[str, Any] | None:
    """The corners of the body's polygons, and where these are."""
    if track.parts is None or world.polygons is None:
        return None
    corners = [[[round(float(v), 4) for v in corner] for corner in polygon] for polygon in world.polygons]
    return {"polygons": corners, "poses": pack(track.parts.reshape(len(track.parts), -1), MILLIMETRE)}


def _signal(signal: Any) -> dict[str, Any]:
    finite = signal.values[np.isfinite(signal.values)]
    span = float(np.abs(finite).max()) if len(finite) else 1.0
    step = 10.0 ** np.floor(np.log10(max(span, 1e-6)) - 4)  # five digits
    return {"label": signal.label, "unit": signal.unit, "charted": signal.charted, "values": pack(signal.values, step)}


def _packed(values: Array | None, step: float = MILLIMETRE) -> dict[str, Any] | None:
    return None if values is None else pack(values, step)


def _ragged(ragged: Ragged | None, most: int) -> dict[str, Any] | None:
    if ragged is None:
        return None
    thin = ragged.thinned(most)
    return {
        "values": pack(thin.values[:, :2], CENTIMETRE),
        "offsets": pack(thin.offsets, 1),
        "index": pack(thin.index, 1),
    }


def _beams(track: Track, world: World) -> dict[str, Any] | None:
    """Ranges of evenly taken beams, with their angles and the range at which nothing was hit."""
    if track.ranges is None or world.beam_angles is None or track.ranges.shape[-1:] != world.beam_angles.shape:
        return None
    every = -(-len(world.beam_angles) // MOST_BEAMS)
    return {
        "angles": pack(world.beam_angles[::every], 1e-4),
        "ranges": pack(track.ranges[:, ::every], CENTIMETRE),
        "longest": world.max_range,
    }


def _expanded(track: Track, world: World) -> str | None:
    """The states that the first search took from its queue, as an image as large as the map: the later, the paler."""
    if track.expanded is None or world.map is None or not len(track.expanded.values):
        return None
    first = track.expanded.at(0)
    return png(shrink(search_order(first[:, :2], world.map))[0]) if len(first) else None


def search_order(points: Array, grid: Any, count: int | None = None) -> Array:
    """Levels (H, W): 0 for cells never looked at, 255 for the first looked at, falling to 55 for the last.

    count: how many it were in the end, where points are the first of them only
    """
    levels = np.zeros(grid.shape, np.uint8)
    cells = grid.cells(points)
    inside = ((cells >= 0) & (cells < grid.shape)).all(-1)
    order = np.linspace(255, 55, count or len(cells))[: len(cells)].round().astype(np.uint8)
    levels[cells[inside, 0], cells[inside, 1]] = order[inside]
    return levels


def view(track: Track, world: World) -> tuple[float, float, float, float]:
    """What to show at first, (x, y, x, y) m: the known part of the map, or where the robot went."""
    if world.map is not None:
        rows, columns = np.nonzero(~np.asarray(world.map.unknown))
        if len(rows):
            r, c = [rows.min() - 0.5, rows.max() + 0.5], [columns.min() - 0.5, columns.max() + 0.5]
            corners = world.map.points(np.array([[a, b] for a in r for b in c]))
            return _extent(corners.min(0), corners.max(0))
    if world.shapes is not None:
        low, high = outlines(world.shapes).bounds.reshape(2, 2)
        return _extent(low, high)
    if track.watched is not None:
        return extent_of(track.watched)
    shown = (track.truth, track.estimate, track.goal)
    points = np.concatenate([part[:, :2] for part in shown if part is not None])
    points = points[np.isfinite(points).all(1)]
    low, high = (points.min(0), points.max(0)) if len(points) else (np.zeros(2), np.ones(2))
    margin = 0.08 * max(float((high - low).max()), 1.0)
    return _extent(low - margin, high + margin)


def _extent(low: Array, high: Array) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (round(float(v), 3) for v in (*low, *high))
    return x0, y0, x1, y1
