"""Pictures of hidden states: each number over time with what the sensors read, or the way from above."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER, INK, RULE, TRUTH, READING, MARK = (
    (250, 249, 246), (71, 79, 92), (226, 223, 216), (37, 99, 235), (217, 119, 6), (82, 96, 118),
)  # fmt: skip
WIDTH, ROW, FINE, EDGE = 640, 150, 2, 24  # pixels


def courses(episode: np.ndarray, world: Any) -> np.ndarray:
    """(height, width, 3) uint8: a chart for each number of the state, over the steps of the whole episode."""
    names, x = world.state.names, episode["x"]
    image = Image.new("RGB", (WIDTH * FINE, ROW * len(names) * FINE), PAPER)
    draw = ImageDraw.Draw(image)
    for row, name in enumerate(names):
        top = row * ROW
        read = [(z, seen) for which, z, seen in _readings(episode, world) if which == name]
        shown = [x[:, row], *(z[seen] for z, seen in read)]
        values = np.concatenate(shown)
        low, high = values.min(), values.max()
        low, high = (low - 0.5, high + 0.5) if high - low < 1e-9 else (low, high)
        across = EDGE + (WIDTH - 2 * EDGE) * np.arange(len(x)) / world.max_steps

        def at(steps: np.ndarray, values: np.ndarray, top=top, low=low, high=high) -> list[tuple[float, float]]:
            up = top + ROW - 14 - (ROW - 44) * (values - low) / (high - low)
            return [(float(a) * FINE, float(b) * FINE) for a, b in zip(steps, up, strict=True)]

        draw.line([(EDGE * FINE, (top + ROW - 14) * FINE), ((WIDTH - EDGE) * FINE, (top + ROW - 14) * FINE)], RULE, 2)
        for z, seen in read:
            for a, b in at(across[seen], z[seen]):
                draw.ellipse((a - 4, b - 4, a + 4, b + 4), fill=READING)
        points = at(across, x[:, row])
        draw.line(points, TRUTH, 2 * FINE)
        a, b = points[-1]
        draw.ellipse((a - 6, b - 6, a + 6, b + 6), fill=TRUTH)
        draw.text((EDGE * FINE, (top + 8) * FINE), f"{name}  {x[-1, row]:.3g}", INK, ImageFont.load_default(13 * FINE))
    return np.array(image.reduce(FINE))


def _readings(episode: np.ndarray, world: Any):
    """(name, readings (T,), seen (T,)) of each number that a sensor reads by the name of a state's."""
    for which, sensor in world.sensors.items():
        for i, name in enumerate(sensor.measurement.names):
            yield name, episode[which][:, i], episode[f"{which}_seen"][:, 0].astype(bool)


def plane(episode: np.ndarray, world: Any, marks: np.ndarray | None = None) -> np.ndarray:
    """(height, width, 3) uint8: the way so far from above, what was read of the position, and marks (L, 2)."""
    x, side = episode["x"][:, :2], WIDTH
    dots = [np.empty((0, 2))]
    for which, sensor in world.sensors.items():
        if sensor.measurement.names[:2] == ("x", "y"):
            dots.append(episode[which][episode[f"{which}_seen"][:, 0].astype(bool), :2])
    shown = np.concatenate([x, *dots, np.empty((0, 2)) if marks is None else marks])
    centre, size = (shown.min(0) + shown.max(0)) / 2, max(float(np.ptp(shown, axis=0).max()), 1e-3) * 1.1
    image = Image.new("RGB", (side * FINE, side * FINE), PAPER)
    draw = ImageDraw.Draw(image)

    def pixels(points: np.ndarray) -> list[tuple[float, float]]:
        scaled = (points - centre) / size * (side * FINE)
        return [(side * FINE / 2 + a, side * FINE / 2 - b) for a, b in scaled]

    for a, b in pixels(np.zeros((0, 2)) if marks is None else marks):
        draw.polygon([(a - 10, b + 8), (a + 10, b + 8), (a, b - 10)], fill=MARK)
    for a, b in pixels(np.concatenate(dots)):
        draw.ellipse((a - 3, b - 3, a + 3, b + 3), fill=READING)
    way = pixels(x)
    if len(way) > 1:
        draw.line(way, TRUTH, 2 * FINE, joint="curve")
    now, heading = episode[-1]["x"], None
    if "heading" in world.state.names:
        heading = now[world.state.index("heading")]
    elif len(now) >= 4:
        heading = np.arctan2(now[3], now[2])
    a, b = way[-1]
    turns = (0.0 if heading is None else heading) + np.array([0.0, 2.5, -2.5])
    draw.polygon([(a + 18 * np.cos(t), b - 18 * np.sin(t)) for t in turns], fill=TRUTH)
    return np.array(image.reduce(FINE))
