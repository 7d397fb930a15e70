"""How far averages of NEES and NIS stray by chance alone."""

from __future__ import annotations

from plansim.core.errors import MalformedInput


def chi_square_bounds(dimension: int, runs: int = 1, probability: float = 0.95) -> tuple[float, float]:
    """Between which the average of `runs` independent chi-square numbers lies with this probability.

    dimension: n for NEES, k for NIS (Bar-Shalom, Li and Kirubarajan 2001, eq. 5.4.2-6).

    >>> [round(bound, 4) for bound in chi_square_bounds(dimension=4, runs=50)]
    [3.2546, 4.8212]
    """
    from scipy.stats import chi2

    for name, value in (("dimension", dimension), ("runs", runs)):
        if not value >= 1:
            raise MalformedInput(f"{name} is {value}, but must be at least 1")
    if not 0 < probability < 1:
        raise MalformedInput(f"probability is {probability}, but must lie between 0 and 1")
    tail = (1 - probability) / 2
    low, high = chi2.ppf([tail, 1 - tail], dimension * runs) / runs
    return float(low), float(high)
