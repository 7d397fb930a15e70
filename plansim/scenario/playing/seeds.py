"""Which seeds to run, and how that is written."""

from __future__ import annotations

from collections.abc import Sequence

from plansim.core.errors import MalformedInput
from plansim.scenario.schema import MOST_EPISODES


def parse_seeds(text: str) -> list[int]:
    """`"0:100"` (100 is not among them), `"0:100:10"`, `"7"`, `"1,5,9"`, and their mixtures."""
    seeds: dict[int, None] = {}
    for part in text.split(","):
        try:
            numbers = [int(number) for number in part.split(":")]
            found = range(*numbers) if len(numbers) > 1 else numbers
            count = len(found)
        except (ValueError, TypeError, OverflowError):
            raise MalformedInput(f"{text!r} are no seeds; write 0:100, 7, or 1,5,9") from None
        if len(seeds) + count > MOST_EPISODES:
            raise MalformedInput(f"{text!r} are more than {MOST_EPISODES:,} seeds")
        seeds.update(dict.fromkeys(found))
    if not seeds:
        raise MalformedInput(f"{text!r} are no seeds; a range ends before its second number, as 0:100 does at 99")
    if min(seeds) < 0:
        raise MalformedInput(f"{text!r} are no seeds; none may be below zero")
    return list(seeds)


def seeds_text(seeds: Sequence[int]) -> str:
    """`"0:100"` for a range of seeds, else their list."""
    whole = list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
    return f"{seeds[0]}:{seeds[0] + len(seeds)}" if whole else ",".join(map(str, seeds))
