"""Roads with traffic for tests and benchmarks."""

from __future__ import annotations

import numpy as np

from plansim.core.road import Road
from plansim.planning.trajectory.candidates import LaneProblem

BENDS = ((0.0, 0.0), (80.0, 0.0), (160.0, 25.0), (240.0, 20.0), (320.0, -10.0), (400.0, 0.0))


def lane_problem(planner, seed, vehicles=10, speed=14.0):
    """A car on the middle lane of a winding road with slower vehicles all around it."""
    rng, road = np.random.default_rng(seed), Road(points=BENDS, lanes=3, oncoming_lanes=0)
    s = 20 + (0.5 * rng.uniform(10, 60, vehicles)).cumsum()
    offset, pace = rng.choice(road.lane_offsets, vehicles), rng.uniform(5, 12, vehicles)
    ways = road.vehicles(s[:, None] + pace[:, None] * planner.times, offset[:, None], pace[:, None], 4.6, 1.9)
    frame = road.line.at(np.array(20.0))
    start = [*road.line.beside(np.array(20.0), road.lane_offsets[1]), float(frame.heading) + rng.normal(0, 0.02)]
    start += [speed, rng.normal(0, 0.5), float(frame.curvature) + rng.normal(0, 0.005)]
    sizes, lanes = np.tile([4.6, 1.9], (vehicles, 1)), road.lane_offsets
    follow = np.array([[60.0, 8.0]])
    return LaneProblem(
        road.line, np.array(start), ways[..., :3], sizes, lanes, road.edges, 20.0, float(lanes[1]), follow
    )
