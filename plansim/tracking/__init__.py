"""Tracking: many targets from detections that nobody signs. `from plansim.tracking import gospa` loads that alone."""

from __future__ import annotations

from plansim.core.lazy import lazy_names

_WHERE = {
    "clear_mot": "metrics.clear_mot",
    "gospa": "metrics.gospa",
    "hota": "metrics.hota",
    "identity": "metrics.identity",
    "lifecycle": "metrics.lifecycle_delays",
    "ospa": "metrics.ospa",
}
__all__ = list(_WHERE)
__getattr__, __dir__ = lazy_names(__name__, _WHERE)
