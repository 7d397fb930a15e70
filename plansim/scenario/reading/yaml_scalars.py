"""What a plain scalar means: the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).

`1e-3` is a number, `0o17` is fifteen, `no`, `on` and `1_000` are text: not so in YAML 1.1, which PyYAML speaks.
"""

from __future__ import annotations

import math
import re
from typing import Any

from plansim.scenario.reading.nodes import REFUSED

_NULL = re.compile(r"null|Null|NULL|~|")
_BOOLEAN = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INTEGERS = (
    (re.compile(r"[-+]?[0-9]+"), 10),
    (re.compile(r"0o[0-7]+"), 8),
    (re.compile(r"0x[0-9a-fA-F]+"), 16),
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def scalar(text: str) -> Any:
    """null, a boolean, an integer, a float or the text itself; REFUSED where it is no finite number of 64 bits."""
    if _NULL.fullmatch(text):
        return None
    boolean = _BOOLEAN.fullmatch(text)
    if boolean:
        return boolean.group(1) is not None
    for pattern, base in _INTEGERS:
        if pattern.fullmatch(text):
            return _integer(text, base)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else REFUSED
    return REFUSED if _NOT_FINITE.fullmatch(text) else text


def _integer(text: str, base: int) -> Any:
    if len(text) > 70:  # Python refuses to read thousands of digits
        return REFUSED
    number = int(text, base)
    return number if -(2**63) <= number < 2**63 else REFUSED
