"""The look that report, pictures and animations share: few colours, each with one meaning."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from plansim.core.errors import require

LIGHT = {
    "ground": "#faf9f6",
    "panel": "#ffffff",
    "ink": "#1c232e",
    "muted": "#5c6573",
    "rule": "#e5e2db",
    "free": "#ffffff",
    "unknown": "#eeece6",
    "occupied": "#414a59",
    "truth": "#1f5fa8",  # where the robot is
    "estimate": "#c9430a",  # where it believes to be
    "plan": "#0e7c6b",
    "particles": "#7a3fd0",
    "beams": "#d99a00",
    "obstacles": "#b3245f",
    "expanded": "#8fb4dd",  # the cells that a search has looked at
    "tree": "#7f93ad",  # what a search has grown
    "looked": "#4f86c2",
    "good": "#18794e",
    "bad": "#b42318",
}
DARK = {
    "ground": "#11141a",
    "panel": "#191d25",
    "ink": "#e9ebef",
    "muted": "#9ba4b3",
    "rule": "#2c323d",
    "free": "#20252f",
    "unknown": "#161a21",
    "occupied": "#6d788b",
    "truth": "#6cb2ff",
    "estimate": "#ff9a5c",
    "plan": "#4fd0b3",
    "particles": "#bb9cff",
    "beams": "#f0c94f",
    "obstacles": "#ff7fae",
    "expanded": "#35577f",
    "tree": "#54657d",
    "looked": "#5f93cf",
    "good": "#56c98c",
    "bad": "#ff8078",
}
WIDTH, DPI = 10.0, 160  # inches, pixels an inch: pictures are 1600 pixels wide
SERIES = ("truth", "estimate", "plan", "particles", "obstacles", "beams")  # the order of colours for many lines


def css_variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())


def rgb(name: str, colours: dict[str, str] = LIGHT) -> tuple[int, int, int]:
    """A colour of the look as three numbers of 0..255."""
    value = colours[name].lstrip("#")
    return int(value[0:2], 16), int(value[2:4], 16), int(value[4:6], 16)


def figure_style() -> AbstractContextManager:
    """Inside it matplotlib draws in this look."""
    matplotlib = require("matplotlib", "viz")
    return matplotlib.rc_context(
        {
            "figure.facecolor": LIGHT["panel"],
            "axes.facecolor": LIGHT["panel"],
            "axes.edgecolor": LIGHT["rule"],
            "axes.labelcolor": LIGHT["muted"],
            "axes.titlecolor": LIGHT["ink"],
            "axes.titlelocation": "left",
            "axes.titlesize": 10.5,
            "axes.titleweight": "bold",
            "axes.labelsize": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "text.color": LIGHT["ink"],
            "xtick.color": LIGHT["rule"],
            "ytick.color": LIGHT["rule"],
            "xtick.labelcolor": LIGHT["muted"],
            "ytick.labelcolor": LIGHT["muted"],
            "xtick.labelsize": 8.5,
            "ytick.labelsize": 8.5,
            "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture on every machine
            "font.size": 9,
            "legend.frameon": False,
            "legend.fontsize": 8.5,
            "lines.solid_capstyle": "round",
        }
    )


def figure_of(height: float) -> Any:
    """An empty matplotlib figure, as many inches high."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((WIDTH, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)  # Agg whatever is set elsewhere: a run on a server draws as one on a desk
    return figure


def legend(figure: Any, axes: Any) -> None:
    """What the lines of these axes mean, below the whole figure."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower left", ncols=8, handlelength=1.6, columnspacing=1.6)
