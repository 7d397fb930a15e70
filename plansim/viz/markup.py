"""HTML that cannot forget to escape: text is text until somebody says that it is Html."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Html(str):
    """Text that is HTML already; any other string is escaped where it is put in."""


def text(value: Any) -> Html:
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def join(*parts: Any) -> Html:
    return Html("".join(text(part) for part in parts if part is not None))


def tag(name: str, /, *children: Any, **attributes: Any) -> Html:
    """An element; `class_` and `data_seed` are class and data-seed, None and False are left out, True is bare."""
    written = []
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is True:
            written.append(f" {key}")
        elif value is not None and value is not False:
            written.append(f' {key}="{html.escape(str(value))}"')
    opening = f"<{name}{''.join(written)}>"
    if name in ("br", "img", "input", "meta"):
        return Html(opening)
    return Html(f"{opening}{join(*children)}</{name}>")


def json_script(identifier: str, data: Any) -> Html:
    """Data for a script of the page: no text in it can close the element or open a comment."""
    body = json.dumps(data, separators=(",", ":"), allow_nan=False, sort_keys=True)
    body = body.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Html(f'<script type="application/json" id="{identifier}">{body}</script>')


def number(value: Any) -> str:
    """A number as a person writes it: four digits that matter, no tail of zeros, a true minus."""
    if value is None:
        return "–"
    value = float(value)
    if value != value:
        return "–"
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "−∞"
    if value == int(value) and abs(value) < 1e6:
        written = str(int(value))
    elif abs(value) >= 1000:
        written = f"{value:,.0f}".replace(",", "\u2009")
    elif abs(value) < 1e-3:
        digits, power = f"{value:.2e}".split("e")
        written = f"{float(digits):g}×10{str(int(power)).translate(RAISED)}"
    else:
        written = f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"
    return written.replace("-", "−")


def interval_text(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f"{number(low)} {'to' if low < 0 else '–'} {number(high)}"


def words(name: str) -> str:
    """A metric's name for reading: `path_length` is `path length`."""
    return name.replace("_", " ")


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def section(title: str, says: str, *parts: Any) -> Html:
    return tag("section", tag("h2", title), tag("p", says), *parts)


def table(head: Html, rows: Iterable[Html]) -> Html:
    return tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="table")


def head_cell(label: str, style: str | None = None) -> Html:
    return tag("th", label, scope="col", class_=style)
