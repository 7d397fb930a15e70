"""Roads in pictures: the lanes, the other vehicles, and a fan of candidate trajectories coloured by what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.boxes import corners
from plansim.viz.canvas import Canvas
from plansim.viz.packing import pack
from plansim.viz.reading import Ragged, Reader
from plansim.viz.style import LIGHT, rgb

STEP, FAR = 0.03, 400.0  # m, to which places are rounded; from the car to vehicles that a page leaves out
AROUND = (45.0, 95.0, 24.0)  # m, of the road behind and ahead of the car, and of the land beside it
GRASS, ASPHALT, PAINT = (226, 232, 216), (107, 114, 128), (249, 250, 251)
SEEN, UNSEEN, BAD = (234, 179, 8), (176, 182, 192), (120, 113, 108, 60)


def road_of(told: Any) -> Any:
    """The road that an environment names, where it is one."""
    return told if hasattr(told, "line") and hasattr(told, "lane_offsets") else None


def vehicles_of(place: Reader) -> Array | None:
    """The other vehicles (F, Q, 7): x, y, heading, speed, length, width, and 1 where the car saw it."""
    rows, seen = place.rows("info.vehicles"), place.rows("observation.seen")
    if rows is None or rows.ndim != 3 or rows.shape[2] != 6:
        return None
    seen = np.ones(rows.shape[:2]) if seen is None or seen.shape != rows.shape[:2] else seen
    return np.concatenate((rows, seen[..., None]), axis=-1)


def road_lines(road: Any) -> dict[str, Any]:
    """Both edges (2, P, 2), and the lines between lanes (L, P, 2), the innermost first."""
    s = np.linspace(0.0, road.line.length, max(int(road.line.length / 5.0), 2))
    middles = np.concatenate((road.lane_offsets, road.oncoming_offsets))
    between = middles[:-1] + road.lane_width / 2
    between = between[np.argsort(np.abs(between), kind="stable")]
    edges = np.stack([road.line.beside(s, offset) for offset in road.edges])
    lines = np.stack([road.line.beside(s, offset) for offset in between]) if len(between) else np.empty((0, len(s), 2))
    return {"edges": edges, "lines": lines, "divided": bool(road.oncoming_lanes)}


def road_data(track: Any, world: Any, body: Array | None) -> dict[str, Any]:
    """What the page's player needs of it; nothing where there is no road."""
    if world.road is None:
        return {}
    lines = road_lines(world.road)
    data: dict[str, Any] = {
        "road": {name: np.round(lines[name], 2).tolist() for name in ("edges", "lines")} | {"divided": lines["divided"]}
    }
    if body is not None:
        data["car"] = np.round(body, 3).tolist()
    if track.vehicles is not None:
        far = np.hypot(*np.moveaxis(track.vehicles[..., :2] - track.truth[:, None, :2], -1, 0)) > FAR
        near = np.where(far[..., None], 0.0, track.vehicles)
        data |= {"vehicles": pack(near.reshape(len(near), -1), STEP), "vehicles_wide": near.shape[2]}
    if track.fan is not None and len(track.fan.values):
        data["fan"] = _fan_data(track.fan)
    return data


def _fan_data(fan: Ragged) -> dict[str, Any]:
    """Points of all fans, and the level of each curve; all curves have as many points."""
    points = int(np.argmax(np.append(np.diff(fan.values[:, 3]) != 0, True))) + 1
    return {
        "points": points,
        "values": pack(fan.values[:, :2], STEP),
        "levels": pack(fan.values[::points, 2], 0.01),
        "offsets": pack(fan.offsets, 1),
        "index": pack(fan.index, 1),
    }


def car_body(told: Any) -> Array | None:
    """Length, width and how far the middle lies before the pose, (3,), of an environment's car."""
    sizes = [told(name) for name in ("length", "width", "wheelbase")]
    return None if None in sizes else np.array([sizes[0], sizes[1], sizes[2] / 2], dtype=float)


def road_frames(track: Any, world: Any, width: int, tallest: int) -> Iterator[Any]:
    """The moments of an episode as Pillow images that go along with the car."""
    from PIL import Image

    lines, truth = road_lines(world.road), np.asarray(track.truth)
    for i, (x, y, heading) in enumerate(truth):
        behind, ahead, aside = AROUND
        middle = np.array([x, y]) + (ahead - behind) / 2 * np.array([np.cos(heading), np.sin(heading)])
        half = np.array([(ahead + behind) / 2, aside])
        canvas = Canvas((*(middle - half), *(middle + half)), width, tallest)
        canvas.begin(Image.new("RGB", canvas.size, GRASS))
        _draw_road(canvas, lines)
        if track.fan is not None:
            _draw_fan(canvas, track.fan, i)
        if track.path is not None:
            canvas.line(track.path.at(i), PAINT, 2.0)
        canvas.line(truth[: i + 1], LIGHT["truth"], 1.5)
        for vehicle in [] if track.vehicles is None else track.vehicles[i]:
            if vehicle[4] > 0:
                canvas.draw.polygon(
                    canvas.pixels(corners(vehicle[:6])), fill=SEEN if vehicle[6] else UNSEEN, outline=(55, 65, 81)
                )
        _draw_car(canvas, truth[i], world)
        canvas.words(f"{track.steps[i] * (world.dt or 1.0):.1f} s")
        yield canvas.picture()


def _draw_road(canvas: Canvas, lines: dict[str, Any]) -> None:
    right, left = lines["edges"]
    canvas.draw.polygon(canvas.pixels(np.concatenate((right, left[::-1]))), fill=ASPHALT)
    for edge in lines["edges"]:
        canvas.line(edge, PAINT, 1.2)
    for number, line in enumerate(lines["lines"]):
        if lines["divided"] and number == 0:
            canvas.line(line, PAINT, 1.2)
            continue
        for k in range(0, len(line) - 1, 2):
            canvas.line(line[k : k + 2], PAINT, 1.0)


def _draw_fan(canvas: Canvas, fan: Ragged, i: int) -> None:
    rows = fan.at(i)
    numbers = rows[:, 3] if len(rows) else np.empty(0)
    # the best last: on top
    for number in sorted(np.unique(numbers), key=lambda n: -rows[numbers == n][0, 2]):
        points = rows[numbers == number]
        canvas.line(points, fan_colour(points[0, 2]), 1.0)


def fan_colour(level: float) -> tuple[int, ...]:
    """Green for the cheapest, by yellow to red; a faint grey for a candidate with a fault."""
    if level > 1.0:
        return BAD
    stops = np.array([[34, 197, 94], [250, 204, 21], [239, 68, 68]], dtype=float)
    return (*(int(np.interp(level, [0.0, 0.5, 1.0], stops[:, k])) for k in range(3)), 200)


def _draw_car(canvas: Canvas, pose: Array, world: Any) -> None:
    length, width, ahead = world.car if world.car is not None else (4.6, 1.9, 1.4)
    x, y, heading = pose
    middle = x + ahead * np.cos(heading), y + ahead * np.sin(heading)
    box = corners(np.array([*middle, heading, 0.0, length, width]))
    canvas.draw.polygon(canvas.pixels(box), fill=rgb("truth"), outline=PAINT)
