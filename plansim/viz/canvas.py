"""A drawing in metres, made with Pillow: what an animation's frames are painted on."""

from __future__ import annotations

from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.viz.style import LIGHT

FINE = 2  # drawn this many times larger, then averaged: smooth edges


class Canvas:
    """A view (x, y, x, y) in metres on a picture of the given width; the map lies beneath everything."""

    def __init__(self, view: tuple[float, float, float, float], width: int, tallest: int):
        x0, y0, x1, y1 = view
        self.scale = min(width / (x1 - x0), tallest / (y1 - y0)) * FINE
        self.corner = np.array([x0, y1])
        self.size = self._even(x1 - x0), self._even(y1 - y0)  # pixels; what an mp4 needs
        self.draw: Any = None
        self.image: Any = None

    def _even(self, metres: float) -> int:
        return max(round(metres * self.scale / FINE / 2) * 2, 2) * FINE

    def ground(self, picture: Array, grid: Any, outside: str = LIGHT["unknown"]) -> Any:
        """A map's picture (H, W, 3) of 0..255, row 0 lowest, laid into the view by its origin pose."""
        from PIL import Image

        x, y, heading = grid.origin
        c, s = np.cos(heading), np.sin(heading)
        # from pixels of the canvas to those of the picture: world = corner + (u, -v) / scale, then into the map's frame
        k, size = 1 / (self.scale * grid.resolution), (self.corner - (x, y)) / grid.resolution
        across = (c * k, -s * k, c * size[0] + s * size[1])
        down = (s * k, c * k, len(picture) - (-s * size[0] + c * size[1]))
        source = Image.fromarray(np.ascontiguousarray(picture[::-1]).astype(np.uint8))
        method = Image.Resampling.NEAREST if k < 1 else Image.Resampling.BILINEAR
        return source.transform(self.size, Image.Transform.AFFINE, (*across, *down), method, fillcolor=outside)

    def lay(self, picture: Array, grid: Any) -> None:
        """A map's picture with an alpha, (H, W, 4), over what was drawn."""
        alpha = self.ground(np.repeat(picture[..., 3:], 3, axis=-1), grid, outside="#000000").convert("L")
        self.image.paste(self.ground(picture[..., :3], grid), (0, 0), alpha)

    def begin(self, ground: Any) -> None:
        from PIL import ImageDraw

        self.image = ground.copy()
        self.draw = ImageDraw.Draw(self.image, "RGBA")

    def picture(self) -> Any:
        """What was drawn since `begin`, a Pillow image."""
        return self.image.reduce(FINE)

    def pixels(self, points: Array) -> list[tuple[float, float]]:
        moved = (np.atleast_2d(points)[:, :2] - self.corner) * (self.scale, -self.scale)
        return [tuple(p) for p in moved[np.isfinite(moved).all(1)]]

    def line(self, points: Array, colour: Any, width: float) -> None:
        pixels = self.pixels(points)
        if len(pixels) > 1:
            self.draw.line(pixels, fill=colour, width=round(width * FINE), joint="curve")

    def rays(self, origin: Array, ends: Array, colour: Any) -> None:
        start = self.pixels(origin)
        for end in self.pixels(ends) if start else []:
            self.draw.line([start[0], end], fill=colour, width=1)

    def polygon(self, corners: Array, colour: Any, edge: Any = None, margin: float = 0.0) -> None:
        """A filled polygon (P, 2), grown by `margin` metres."""
        pixels = self.pixels(corners)
        self.draw.polygon(pixels, fill=colour, outline=edge, width=FINE)
        if margin > 0:
            self.draw.line([*pixels, *pixels[:2]], fill=colour, width=round(2 * margin * self.scale), joint="curve")

    def disc(self, centre: Array, radius: float, colour: Any) -> None:
        """A disc of `radius` metres."""
        r = radius * self.scale
        for x, y in self.pixels(centre):
            self.draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def segments(self, edges: Array, colour: Any, width: float) -> None:
        """Lines (E, 4) of x, y, x, y."""
        starts, ends = self.pixels(edges[:, :2]), self.pixels(edges[:, 2:])
        for start, end in zip(starts, ends, strict=False):
            self.draw.line([start, end], fill=colour, width=round(width * FINE))

    def numbers(self, points: Array, values: Array, side: float) -> None:
        """A number in the middle of each cell, `side` metres wide, where there is room for it."""
        from PIL import ImageFont

        room = side * self.scale / FINE
        if room < 22:
            return
        font = ImageFont.load_default(min(room / 2.6, 13) * FINE)
        for point, value in zip(self.pixels(points), values, strict=True):
            if np.isfinite(value):
                self.draw.text(point, f"{value:.1f}", font=font, anchor="mm", fill=LIGHT["ink"])

    def dots(self, points: Array, colour: Any, radius: float) -> None:
        """Discs of `radius` pixels at points (N, 2+)."""
        r = radius * FINE
        for x, y in self.pixels(points) if len(points) else []:
            self.draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def ring(self, centre: Array, radius: float, colour: Any, fill: Any = None) -> None:
        """A circle of `radius` metres, never too small to be seen."""
        r = max(radius * self.scale, 5 * FINE)
        for x, y in self.pixels(centre):
            self.draw.ellipse((x - r, y - r, x + r, y + r), outline=colour, width=2 * FINE, fill=fill)

    def robot(self, pose: Array, radius: float, colour: Any) -> None:
        r = max(radius * self.scale, 5 * FINE)
        for x, y in self.pixels(pose[:2]):
            self.draw.ellipse((x - r, y - r, x + r, y + r), fill=colour, outline=LIGHT["panel"], width=FINE)
            if np.isfinite(pose[2]):
                tip = (x + 0.85 * r * np.cos(pose[2]), y - 0.85 * r * np.sin(pose[2]))
                self.draw.line([(x, y), tip], fill=LIGHT["panel"], width=2 * FINE)

    def words(self, text: str) -> None:
        """A line of text in the lower left corner."""
        from PIL import ImageFont

        font = ImageFont.load_default(13 * FINE)
        x, y = 10 * FINE, self.size[1] - 10 * FINE
        box = self.draw.textbbox((x, y), text, font=font, anchor="ls")
        pad = 5 * FINE
        self.draw.rectangle((box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad), fill=LIGHT["panel"])
        self.draw.text((x, y), text, font=font, anchor="ls", fill=LIGHT["ink"])
