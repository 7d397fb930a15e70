"""Pictures of a road from above: the car and its way, the others, and those that it cannot see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from plansim.core.boxes import corners

if TYPE_CHECKING:
    from plansim_envs.road import Road

GRASS, ASPHALT, PAINT, ME, OTHER, TRUCK, HIDDEN, TRACE = (
    (226, 232, 216), (107, 114, 128), (249, 250, 251), (37, 99, 235), (234, 179, 8),
    (180, 83, 9), (190, 196, 206), (147, 180, 246),
)  # fmt: skip
WIDTH, HEIGHT, FINE = 900, 260, 2  # pixels
SHOWN = 150.0  # m, across the picture


def picture(rules: Road, episode: np.ndarray) -> np.ndarray:
    """(height, width, 3) uint8, x to the right, the car left of the middle; from the states (T,) of an episode."""
    now, scale = episode[-1], WIDTH * FINE / SHOWN
    x = now["x"]
    c, s = np.cos(x[2]), np.sin(x[2])
    centre = x[:2] + 0.2 * SHOWN * np.array([c, s])
    image = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), GRASS)
    draw = ImageDraw.Draw(image)

    def pixels(points: np.ndarray) -> list[tuple[float, float]]:
        across, up = ((np.asarray(points) - centre) * scale).T
        return list(zip(across + image.width / 2, image.height / 2 - up, strict=True))

    _paint_road(draw, rules, now["s"], pixels, scale)
    draw.line(pixels(episode["x"][-400:, :2]), fill=TRACE, width=2 * FINE)
    for vehicle, seen in zip(now["vehicles"], now["seen"], strict=True):
        if vehicle[4] > 0:
            colour = HIDDEN if not seen else TRUCK if vehicle[4] > rules.length else OTHER
            draw.polygon(pixels(corners(vehicle)), fill=colour, outline=(55, 65, 81))
    middle = x[:2] + rules.wheelbase / 2 * np.array([c, s])
    draw.polygon(pixels(corners(np.array([*middle, x[2], x[3], rules.length, rules.width]))), fill=ME, outline=PAINT)
    return np.array(image.reduce(FINE))


def _paint_road(draw: ImageDraw.ImageDraw, rules: Road, s: float, pixels, scale: float) -> None:
    line, (right, left) = rules.road.line, rules.road.edges
    along = np.arange(np.floor(s - SHOWN), s + 2 * SHOWN, 2.0)
    draw.polygon(pixels(line.beside(along, right)) + pixels(line.beside(along[::-1], left)), fill=ASPHALT)
    for offset in (right, left):
        draw.line(pixels(line.beside(along, offset)), fill=PAINT, width=3)
    middles = np.concatenate((rules.road.lane_offsets, rules.road.oncoming_offsets))
    for offset in middles[:-1] + rules.road.lane_width / 2:
        if abs(offset) < 1e-9:  # traffic goes the other way beyond it
            draw.line(pixels(line.beside(along, 0.0)), fill=PAINT, width=3)
            continue
        for begin in np.arange(np.floor(along[0] / 12) * 12, along[-1], 12.0):
            draw.line(pixels(line.beside(np.linspace(begin, begin + 4, 3), offset)), fill=PAINT, width=3)
