"""Planners: a `Problem` in, a `Plan` out. `from plansim.planning import AStar` loads that planner and no other."""

from __future__ import annotations

import importlib

_WHERE = {
    "Budget": "base",
    "PathProcessor": "base",
    "Plan": "base",
    "Planner": "base",
    "Problem": "base",
    "Stats": "base",
    "Status": "base",
    "AStar": "grid.astar",
    "AnyAngle": "grid.any_angle",
    "BidirectionalAStar": "grid.bidirectional",
    "BreadthFirst": "grid.breadth_first",
    "DepthFirst": "grid.depth_first",
    "GraphSpace": "graph.space",
    "GreedyBestFirst": "grid.greedy",
    "RandomWalk": "grid.random_walk",
    "descend": "grid.distance_map",
    "distance_map": "grid.distance_map",
    "next_moves": "grid.distance_map",
    "plan_many": "grid.many",
    "BoxSpace": "spaces.box",
    "Dijkstra": "grid.dijkstra",
    "DStarLite": "grid.dstar_lite",
    "DubinsSpace": "spaces.dubins",
    "GridSpace": "grid.space",
    "KinodynamicRRT": "car.kinodynamic_rrt",
    "JumpPointIndex": "grid.jump_index",
    "JumpPointSearch": "grid.jump_points",
    "JumpPointSearchPlus": "grid.jump_point_plus",
    "ReedsSheppSpace": "spaces.reeds_shepp",
    "VehicleSpace": "car.vehicle_space",
    "dubins_length": "curves.dubins",
    "dubins_path": "curves.dubins",
    "reeds_shepp_length": "curves.reeds_shepp",
    "reeds_shepp_path": "curves.reeds_shepp",
    "TreeAStar": "tree.tree_astar",
    "VoxelSpace": "tree.voxels",
    "CarSpace": "car.space",
    "HybridAStar": "car.hybrid_astar",
    "TruckHybridAStar": "car.truck_hybrid_astar",
    "TruckSpace": "car.truck_space",
    "BITStar": "sampling.bit_star",
    "InformedRRTStar": "sampling.informed_rrt_star",
    "RRTStar": "sampling.rrt_star",
    "shortcut": "trajectory.shortcut",
    "Hierarchical": "trajectory.hierarchical",
    "RandomShortcut": "trajectory.random_shortcut",
    "Shortcut": "trajectory.shortcut",
    "Smooth": "trajectory.smoothing",
    "TimeOptimal": "trajectory.timing",
    "TrajectoryOptimization": "trajectory.local_optimization",
    "blended_path": "trajectory.paths",
    "jerk_limited": "trajectory.jerk_limited",
    "random_shortcut": "trajectory.random_shortcut",
    "rounded_path": "trajectory.paths",
    "safe_corridor": "trajectory.corridor",
    "smooth": "trajectory.smoothing",
    "spline_path": "trajectory.paths",
    "time_optimal": "trajectory.time_optimal",
    "FrenetCandidates": "trajectory.candidates",
    "LaneProblem": "trajectory.candidates",
    "LaneSearch": "trajectory.lane_search",
    "PassingProblem": "trajectory.lane_search",
    "ArmSpace": "spaces.arm",
    "JointSpace": "spaces.joints",
    "OMPL": "peers.ompl_peer",
    "PRM": "sampling.prm",
    "PRMStar": "sampling.prm_star",
    "PoseSpace": "spaces.pose",
    "RRT": "sampling.rrt",
    "RRTConnect": "sampling.rrt_connect",
    "Roadmap": "sampling.roadmap",
}
__all__ = list(_WHERE)


def __getattr__(name: str):
    if name not in _WHERE:
        raise AttributeError(f"module 'plansim.planning' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"plansim.planning.{_WHERE[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
