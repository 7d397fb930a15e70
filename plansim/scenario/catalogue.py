"""What there is to name in a scenario: every component of a kind, with a line about it."""

from __future__ import annotations

from plansim.scenario import registry


def names(kind: str) -> dict[str, str]:
    """Every name of a kind with the first line of its docstring, read from the file without importing it."""
    if kind == "env":
        from plansim.scenario.reading.environments import registered

        return {name: registry.summary(target) for name, target in registered().items()}
    found = {name: registry.summary(target) for name, target in registry.known(kind).items()}
    return found | metrics() if kind == "metric" else found


def metrics() -> dict[str, str]:
    """The built-in metrics, with their units."""
    from plansim.scenario.metrics import METRICS

    return {name: f"{m.meaning} ({m.unit})" if m.unit else m.meaning for name, m in METRICS.items()}
