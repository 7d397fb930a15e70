"""Results made by hand come with the worlds that their environments would have told of."""

from __future__ import annotations

import pytest

from plansim.viz import animation, report
from plansim.viz.scene import World


@pytest.fixture
def told(monkeypatch):
    """Call it with worlds: environments are then not built, these are what they said."""

    def tell(worlds: dict[str, World]) -> None:
        monkeypatch.setattr(report, "worlds_of", lambda result: worlds)
        monkeypatch.setattr(animation, "world_of", lambda result, variant: worlds[variant])

    return tell
