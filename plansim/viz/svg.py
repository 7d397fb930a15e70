"""The parts of small charts as SVG inside the page: they follow its colours, scale without blur, and need nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from plansim.viz.markup import Html, join, number, tag

Scale = Callable[[float], float]  # a value to pixels


def svg(width: float, height: float, alternative: str, *parts: Any) -> Html:
    return tag("svg", *parts, viewBox=f"0 0 {short(width)} {short(height)}", role="img", aria_label=alternative)


def label(x: float, y: float, content: Any, **attributes: Any) -> Html:
    return tag("text", content, x=short(x), y=short(y), **attributes)


def rule(x1: float, y1: float, x2: float, y2: float, class_: str) -> Html:
    return tag("line", x1=short(x1), x2=short(x2), y1=short(y1), y2=short(y2), class_=class_)


def short(value: float) -> str:
    """A coordinate to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def scale(extent: tuple[float, float], start: float, end: float) -> Scale:
    """Maps an extent of values linearly onto pixels from start to end."""
    low, high = extent
    return lambda value: start + (end - start) * (float(value) - low) / (high - low)


def widened(low: float, high: float, share: float = 0.0) -> tuple[float, float]:
    """An extent that is not empty, larger by a share at both ends."""
    if high <= low:
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    return low - share * (high - low), high + share * (high - low)


def ticks(extent: tuple[float, float]) -> list[float]:
    """Three to five round numbers inside an extent."""
    low, high = extent
    raw = (high - low) / 4
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(float(m * power) for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return [k * step for k in range(first, last + 1)]


def axis(across: Scale, values: list[float], y: float, left: float, right: float) -> Html:
    """A horizontal axis with its numbers."""
    marks = [
        join(
            rule(across(v), y, across(v), y + 4, "axis"),
            label(min(max(across(v), left + 4), right - 8), y + 18, number(v), text_anchor="middle"),
        )
        for v in values
    ]
    return join(rule(left, y, right, y, "axis"), *marks)
