"""Pictures of a sensor field from above: targets with their ways, detections, and what the sensors see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from plansim_envs.sensor_field import SensorField

LAND, SEEN, EDGE, TARGET, WAY, FOUND, SENSOR = (
    (238, 236, 230), (255, 255, 255), (200, 204, 212), (31, 95, 168), (150, 185, 222), (179, 36, 95), (14, 124, 107),
)  # fmt: skip
SIDE, FINE, BEHIND = 560, 2, 25  # pixels, pixels, steps of a target's way


def picture(rules: SensorField, episode: np.ndarray) -> np.ndarray:
    """(height, width, 3) uint8, x to the right and y up; from the states (T,) of an episode."""
    now, (width, height) = episode[-1], rules.size
    scale = SIDE * FINE / max(width, height)
    image = Image.new("RGB", (max(int(width * scale), 1), max(int(height * scale), 1)), LAND)
    draw = ImageDraw.Draw(image)

    def pixels(points: np.ndarray) -> list[tuple[float, float]]:
        return [(float(x) * scale, image.height - float(y) * scale) for x, y in points]

    for sensor, pose in zip(rules.sensors, now["sensors"], strict=True):
        draw.polygon(pixels(view_outline(pose, sensor.max_range, sensor.field_of_view)), fill=SEEN, outline=EDGE)
    recent = episode[-BEHIND:]
    for slot in np.flatnonzero(now["alive"]):
        way = recent["x"][recent["ids"][:, slot] == now["ids"][slot], slot, :2]
        draw.line(pixels(way), fill=WAY, width=FINE)
        _disc(draw, pixels(way[-1:])[0], 5 * FINE, TARGET)
    for s, sensor in enumerate(rules.sensors):
        for point in pixels(places(now["detections"][s, : now["counts"][s]], now["sensors"][s], sensor.reads)):
            _disc(draw, point, 2 * FINE, FOUND)
        _disc(draw, pixels(now["sensors"][s : s + 1, :2])[0], 6 * FINE, SENSOR)
    return np.array(image.reduce(FINE))


def view_outline(pose: np.ndarray, reach: float, opening: float) -> np.ndarray:
    """The outline (P, 2) of what a sensor sees."""
    angles = pose[2] + opening * np.linspace(-0.5, 0.5, 65)
    arc = pose[:2] + reach * np.stack((np.cos(angles), np.sin(angles)), axis=-1)
    return arc if opening >= 2 * np.pi else np.concatenate((pose[None, :2], arc))


def places(detections: np.ndarray, pose: np.ndarray, reads: str) -> np.ndarray:
    """Where detections (D, 2) lie in the world."""
    if reads == "position":
        return detections
    angles = pose[2] + detections[:, 1]
    return pose[:2] + detections[:, :1] * np.stack((np.cos(angles), np.sin(angles)), axis=-1)


def _disc(draw: ImageDraw.ImageDraw, middle: tuple[float, float], radius: float, colour: tuple[int, int, int]) -> None:
    x, y = middle
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
