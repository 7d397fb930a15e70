"""Pictures of robots on maps, drawn with Pillow: no GPU, no display."""

from __future__ import annotations

from math import ceil, cos, sin
from weakref import WeakKeyDictionary

import numpy as np
from PIL import Image, ImageDraw

from plansim.core.grid import OccupancyGrid

Colour = tuple[int, int, int]

FREE, OCCUPIED, UNKNOWN = (250, 249, 246), (52, 64, 84), (208, 213, 221)
ROBOT, HEADING, TRACE = (37, 99, 235), (255, 255, 255), (147, 180, 246)
GOAL, LIDAR, OBSTACLE = (22, 163, 74), (234, 88, 12), (190, 24, 60)

_LONG_SIDE = 800  # pixels
_FINE = 2  # drawn this many times larger, then averaged: smooth edges
_BACKGROUNDS: WeakKeyDictionary[OccupancyGrid, Image.Image] = WeakKeyDictionary()


class Canvas:
    """A drawing in metres on a map, which is shown in its own frame: row 0 at the bottom, whatever its heading."""

    def __init__(self, grid: OccupancyGrid):
        self._origin = np.asarray(grid.origin, dtype=float)
        self._scale = _LONG_SIDE * _FINE / max(grid.size)  # pixels a metre
        if grid not in _BACKGROUNDS:
            _BACKGROUNDS[grid] = _background(grid, self._scale)
        self._image = _BACKGROUNDS[grid].copy()
        self._draw = ImageDraw.Draw(self._image)

    def picture(self) -> np.ndarray:
        """(height, width, 3) uint8."""
        return np.array(self._image.reduce(_FINE))

    def line(self, points: np.ndarray, colour: Colour, width: float = 2.0) -> None:
        """A line of `width` pixels through points (T, 2)."""
        if len(points) > 1:
            pixels = [tuple(point) for point in self._pixels(points)]
            self._draw.line(pixels, fill=colour, width=round(width * _FINE), joint="curve")

    def dots(self, points: np.ndarray, colour: Colour, size: float = 1.5) -> None:
        """Dots of `size` pixels of radius at points (N, 2)."""
        for point in self._pixels(points):
            self._circle(point, size * _FINE, fill=colour)

    def tint(self, mask: np.ndarray, colour: Colour) -> None:
        """Fills the cells of a mask (H, W) of the map."""
        size = self._image.size
        self._image.paste(colour, mask=Image.fromarray(mask[::-1]).convert("L").resize(size, Image.Resampling.NEAREST))

    def disc(self, centre: np.ndarray, radius: float, colour: Colour) -> None:
        """A disc of `radius` metres, never too small to be seen."""
        self._circle(self._pixels(centre), max(radius * self._scale, 3.0 * _FINE), fill=colour)

    def goal(self, centre: np.ndarray, radius: float) -> None:
        """A ring of `radius` metres around a dot."""
        pixel, size = self._pixels(centre), max(radius * self._scale, 6.0 * _FINE)
        self._circle(pixel, size, outline=GOAL, width=2 * _FINE)
        self._circle(pixel, size / 3, fill=GOAL)

    def robot(self, pose: np.ndarray, radius: float) -> None:
        """A disc of `radius` metres with a wedge that shows its heading."""
        self.disc(pose[:2], radius, ROBOT)
        size = max(radius, 3.0 * _FINE / self._scale)
        turns = pose[2] + np.array([0.0, 2.4, -2.4])
        wedge = pose[:2] + size * np.array([0.75, 0.6, 0.6])[:, None] * np.stack(
            [np.cos(turns), np.sin(turns)], axis=-1
        )
        self._draw.polygon([tuple(point) for point in self._pixels(wedge)], fill=HEADING)

    def _pixels(self, points: np.ndarray) -> np.ndarray:
        x, y, heading = self._origin
        dx, dy = points[..., 0] - x, points[..., 1] - y
        c, s = cos(heading), sin(heading)
        across, up = (c * dx + s * dy) * self._scale, (c * dy - s * dx) * self._scale
        return np.stack([across, self._image.height - up], axis=-1)

    def _circle(self, centre: np.ndarray, radius: float, **style) -> None:
        x, y = centre
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), **style)


def _background(grid: OccupancyGrid, scale: float) -> Image.Image:
    colours = np.full((*grid.shape, 3), UNKNOWN, dtype=np.uint8)
    colours[grid.free], colours[grid.occupied] = FREE, OCCUPIED
    width, height = (_FINE * max(ceil(side * scale / _FINE), 1) for side in grid.size)
    image = Image.fromarray(np.ascontiguousarray(colours[::-1]))
    # a map finer than the picture is averaged, a coarser one keeps its square cells
    method = Image.Resampling.NEAREST if grid.shape[1] <= width else Image.Resampling.BOX
    return image.resize((width, height), method)
