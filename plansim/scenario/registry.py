"""What every component is called: the built-in ones, and those that other packages add through entry points.

A built-in is one line in `BUILTINS`; nothing is imported before a scenario asks for it. Another package adds to a kind
through the entry-point group of its name (`plansim.planners`), and any class or function that can be imported may be
named as `module:attribute`.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

from plansim.core.errors import MalformedInput, near_miss

BUILTINS: dict[str, dict[str, str]] = {
    "planner": {
        "a-star": "plansim.planning.grid.astar:AStar",
        "dijkstra": "plansim.planning.grid.dijkstra:Dijkstra",
        "breadth-first": "plansim.planning.grid.breadth_first:BreadthFirst",
        "depth-first": "plansim.planning.grid.depth_first:DepthFirst",
        "greedy-best-first": "plansim.planning.grid.greedy:GreedyBestFirst",
        "bidirectional-a-star": "plansim.planning.grid.bidirectional:BidirectionalAStar",
        "random-walk": "plansim.planning.grid.random_walk:RandomWalk",
        "jump-point-search": "plansim.planning.grid.jump_points:JumpPointSearch",
        "jump-point-search-plus": "plansim.planning.grid.jump_point_plus:JumpPointSearchPlus",
        "any-angle": "plansim.planning.grid.any_angle:AnyAngle",
        "tree-a-star": "plansim.planning.tree.tree_astar:TreeAStar",
        "d-star-lite": "plansim.planning.grid.dstar_lite:DStarLite",
        "hierarchical": "plansim.planning.trajectory.hierarchical:Hierarchical",
        "trajectory-optimization": "plansim.planning.trajectory.local_optimization:TrajectoryOptimization",
        "hybrid-a-star": "plansim.planning.car.hybrid_astar:HybridAStar",
        "truck-hybrid-a-star": "plansim.planning.car.truck_hybrid_astar:TruckHybridAStar",
        "kinodynamic-rrt": "plansim.planning.car.kinodynamic_rrt:KinodynamicRRT",
        "bit-star": "plansim.planning.sampling.bit_star:BITStar",
        "informed-rrt-star": "plansim.planning.sampling.informed_rrt_star:InformedRRTStar",
        "rrt-star": "plansim.planning.sampling.rrt_star:RRTStar",
        "rrt": "plansim.planning.sampling.rrt:RRT",
        "rrt-connect": "plansim.planning.sampling.rrt_connect:RRTConnect",
        "prm": "plansim.planning.sampling.prm:PRM",
        "prm-star": "plansim.planning.sampling.prm_star:PRMStar",
        "networkx-a-star": "plansim.planning.peers.networkx_peer:NetworkX",
        "ompl": "plansim.planning.peers.ompl_peer:OMPL",
    },
    "estimator": {
        "kalman-filter": "plansim.estimation.kalman.kalman_filter:KalmanFilter",
        "square-root-kalman-filter": "plansim.estimation.kalman.square_root:SquareRootKalmanFilter",
        "information-filter": "plansim.estimation.kalman.information:InformationFilter",
        "steady-state-kalman-filter": "plansim.estimation.kalman.steady_state:SteadyStateKalmanFilter",
        "gated": "plansim.estimation.gating:Gated",
        "extended-kalman-filter": "plansim.estimation.kalman.extended:ExtendedKalmanFilter",
        "iterated-extended-kalman-filter": "plansim.estimation.kalman.iterated:IteratedExtendedKalmanFilter",
        "unscented-kalman-filter": "plansim.estimation.kalman.unscented:UnscentedKalmanFilter",
        "square-root-unscented-kalman-filter": (
            "plansim.estimation.kalman.square_root_unscented:SquareRootUnscentedKalmanFilter"
        ),
        "cubature-kalman-filter": "plansim.estimation.kalman.cubature:CubatureKalmanFilter",
        "ensemble-kalman-filter": "plansim.estimation.kalman.ensemble:EnsembleKalmanFilter",
        "interacting-multiple-model": "plansim.estimation.imm:InteractingMultipleModel",
        "dead-reckoning": "plansim.estimation.dead_reckoning:DeadReckoning",
        "filterpy": "plansim.estimation.peers.filterpy_filter:FilterpyFilter",
        "particle-filter": "plansim.estimation.particle.particle_filter:ParticleFilter",
        "auxiliary-particle-filter": "plansim.estimation.particle.auxiliary:AuxiliaryParticleFilter",
        "rao-blackwellised-particle-filter": (
            "plansim.estimation.particle.rao_blackwellised:RaoBlackwellisedParticleFilter"
        ),
        "luenberger-observer": "plansim.estimation.observer:LuenbergerObserver",
        "monte-carlo-localization": "plansim.estimation.localization.monte_carlo:MonteCarloLocalization",
    },
    "policy": {
        "agent": "plansim.agent:Agent",
        "watcher": "plansim.watcher:Watcher",
        "open-loop": "plansim.control.open_loop:OpenLoop",
        "pure-pursuit": "plansim.control.pure_pursuit:PurePursuit",
        "grid-moves": "plansim.control.grid_moves:GridMoves",
        "frenet-driver": "plansim.driving.frenet_driver:FrenetDriver",
        "overtaking-rule": "plansim.driving.overtaking_rule:OvertakingRule",
        "optimal-overtaking": "plansim.driving.optimal_overtaking:OptimalOvertaking",
        "network": "plansim.control.network:Network",
        "plan-follower": "plansim.plan_follower:PlanFollower",
        "surveillance": "plansim.surveillance:Surveillance",
        "random": "plansim.scenario.random_policy:RandomPolicy",
        "random-bounce": "plansim.control.random_bounce:RandomBounce",
        "lawnmower": "plansim.control.lawnmower:Lawnmower",
        "wall-follower": "plansim.control.wall_follower:WallFollower",
        "bug2": "plansim.control.bug2:Bug2",
        "bug2-lidar": "plansim.control.bug2_lidar:LidarBug2",
    },
    "motion": {
        "unicycle": "plansim.models.unicycle:Unicycle",
        "bicycle": "plansim.models.bicycle:Bicycle",
        "car": "plansim.models.car:Car",
        "truck-trailer": "plansim.models.truck:TruckTrailer",
        "point": "plansim.models.point:Point",
        "point-mass": "plansim.models.point_mass:PointMass",
        "wheel-odometry": "plansim.models.odometry:WheelOdometry",
        "disturbed": "plansim.models.disturbed:Disturbed",
        "linear-system": "plansim.models.linear_motion:LinearSystem",
        "constant-velocity": "plansim.models.kinematic:ConstantVelocity",
        "constant-acceleration": "plansim.models.kinematic:ConstantAcceleration",
        "coordinated-turn": "plansim.models.kinematic:CoordinatedTurn",
        "rail-car": "plansim.models.rail_car:rail_car",
        "aircraft": "plansim.models.aircraft:Aircraft",
        "pendulum": "plansim.models.pendulum:Pendulum",
        "small-angle-pendulum": "plansim.models.pendulum:small_angle_pendulum",
        "engine": "plansim.models.engine:engine",
    },
    "sensor": {
        "lidar": "plansim.models.lidar:Lidar",
        "position": "plansim.models.position:Position",
        "linear-sensor": "plansim.models.linear_sensor:LinearSensor",
        "range-bearing": "plansim.models.range_bearing:RangeBearing",
        "beacon": "plansim.models.beacon:Beacon",
        "horizontal-position": "plansim.models.horizontal:HorizontalPosition",
        "radar": "plansim.models.radar:Radar",
        "doppler": "plansim.models.radar:Doppler",
        "bearing-only": "plansim.models.radar:BearingOnly",
        "likelihood-field": "plansim.models.lidar_likelihood:LikelihoodField",
        "beam-model": "plansim.models.lidar_beams:BeamModel",
    },
    "map": {
        "ros-map": "plansim.core.ros_map:read_ros_map",
        "movingai-map": "plansim.core.movingai:read_movingai_map",
        "warehouse": "plansim.core.map_makers:warehouse",
        "rooms": "plansim.core.map_makers:rooms",
        "maze": "plansim.core.map_makers:maze",
        "empty": "plansim.core.map_makers:empty",
        "car-park": "plansim.core.parking_maps:car_park",
        "truck-yard": "plansim.core.parking_maps:truck_yard",
        "cluttered": "plansim.core.map_makers:cluttered",
        "traps": "plansim.core.trap_maker:traps",
        "inflated": "plansim.core.trap_maker:inflated",
        "island-maze": "plansim.core.island_maze:island_maze",
        "twin-corridor": "plansim.core.corridor_maker:twin_corridor",
    },
    "world": {
        "shapes": "plansim.core.shapes:Shapes",
        "random-boxes": "plansim.core.shape_makers:random_boxes",
        "forest": "plansim.core.shape_makers:forest",
        "narrow-passage": "plansim.core.shape_makers:narrow_passage",
        "trap": "plansim.core.shape_makers:trap",
    },
    "cell": {
        "solids": "plansim.core.solids:Solids",
        "cluttered-cell": "plansim.core.cell_makers:cluttered_cell",
    },
    "arm": {
        "serial-arm": "plansim.models.arm:SerialArm",
        "planar-arm": "plansim.models.arm:planar_arm",
        "kuka-iiwa": "plansim.models.kuka:kuka_iiwa",
        "panda": "plansim.models.panda:panda",
    },
    "space": {
        "arm-space": "plansim.planning.spaces.arm:ArmSpace",
        "car-space": "plansim.planning.car.space:CarSpace",
        "truck-space": "plansim.planning.car.truck_space:TruckSpace",
        "box-space": "plansim.planning.spaces.box:BoxSpace",
        "pose-space": "plansim.planning.spaces.pose:PoseSpace",
        "joint-space": "plansim.planning.spaces.joints:JointSpace",
        "dubins-space": "plansim.planning.spaces.dubins:DubinsSpace",
        "grid-space": "plansim.planning.grid.space:GridSpace",
        "reeds-shepp-space": "plansim.planning.spaces.reeds_shepp:ReedsSheppSpace",
        "vehicle-space": "plansim.planning.car.vehicle_space:VehicleSpace",
    },
    "processor": {
        "shortcut": "plansim.planning.trajectory.shortcut:Shortcut",
        "random-shortcut": "plansim.planning.trajectory.random_shortcut:RandomShortcut",
        "smooth": "plansim.planning.trajectory.smoothing:Smooth",
        "time-optimal": "plansim.planning.trajectory.timing:TimeOptimal",
    },
    "corridor-solver": {
        "interior-point": "plansim.planning.trajectory.corridor_qp:InteriorPoint",
        "osqp": "plansim.planning.trajectory.corridor_osqp:Osqp",
    },
    "tracker": {"tracker": "plansim.tracking.tracker:Tracker"},
    "associator": {
        "nearest-neighbour": "plansim.tracking.association.nearest_neighbour:NearestNeighbour",
        "global-nearest-neighbour": "plansim.tracking.association.global_nearest_neighbour:GlobalNearestNeighbour",
        "jpda": "plansim.tracking.association.jpda:JointProbabilistic",
        "jpda-star": "plansim.tracking.association.best_hypotheses:JointProbabilisticStar",
        "best-hypotheses": "plansim.tracking.association.best_hypotheses:BestHypotheses",
    },
    "track-life": {
        "existence-probability": "plansim.tracking.lives:ExistenceProbability",
        "hits-of-scans": "plansim.tracking.lives:HitsOfScans",
        "likelihood-ratio": "plansim.tracking.lives:LikelihoodRatio",
    },
    "track-initiation": {
        "one-point": "plansim.tracking.initiation:OnePoint",
        "two-point": "plansim.tracking.initiation:TwoPoint",
    },
    "log": {
        "kitti-log": "plansim.core.kitti_tracking:read_kitti_tracking",
        "mot-log": "plansim.core.motchallenge:read_motchallenge",
        "pedestrian-log": "plansim.core.pedestrians:read_pedestrians",
        "ais-log": "plansim.core.ais:read_ais",
        "two-walkers": "plansim.core.detection_log:two_walkers",
    },
    "problems": {
        "movingai-problems": "plansim.core.movingai:read_movingai_problems",
        "island-problems": "plansim.core.island_maze:island_problems",
    },
}

# entry-point group of each kind
GROUPS = {
    "planner": "plansim.planners",
    "estimator": "plansim.estimators",
    "policy": "plansim.policies",
    "motion": "plansim.motions",
    "sensor": "plansim.sensors",
    "map": "plansim.maps",
    "world": "plansim.worlds",
    "cell": "plansim.cells",
    "arm": "plansim.arms",
    "space": "plansim.spaces",
    "processor": "plansim.processors",
    "corridor-solver": "plansim.corridor_solvers",
    "tracker": "plansim.trackers",
    "associator": "plansim.associators",
    "track-life": "plansim.track_lives",
    "track-initiation": "plansim.track_initiations",
    "log": "plansim.logs",
    "problems": "plansim.problems",
    "metric": "plansim.metrics",
    "env": "plansim.envs",  # modules that register their environments with Gymnasium when they are imported
}

# the words that constructors are annotated with
KINDS = {
    "plansim.planning.base:Planner": "planner",
    "plansim.estimation.base:Estimator": "estimator",
    "plansim.control.base:Policy": "policy",
    "plansim.models.vehicle:Vehicle": "motion",
    "plansim.models.base:MotionModel": "motion",
    "plansim.models.base:NoisyMotion": "motion",
    "plansim.models.base:GaussianMotion": "motion",
    "plansim.models.base:LinearMotion": "motion",
    "plansim.models.base:MeasurementModel": "sensor",
    "plansim.models.base:LikelihoodModel": "sensor",
    "plansim.core.grid:OccupancyGrid": "map",
    "plansim.core.shapes:Shapes": "world",
    "plansim.core.detection_log:DetectionLog": "log",
    "plansim.tracking.association.base:Associator": "associator",
    "plansim.tracking.lives:Life": "track-life",
    "plansim.tracking.initiation:Initiation": "track-initiation",
    "plansim.planning.spaces.base:Space": "space",
    "plansim.planning.base:PathProcessor": "processor",
    "plansim.planning.trajectory.corridor_qp:CorridorSolver": "corridor-solver",
    "plansim.plan_follower:PlannedSpace": "space",
}
KINDS_OF_LISTS = {"plansim.core.movingai:GridProblem": "problems"}


def known(kind: str) -> Mapping[str, str]:
    """Every name of a kind with its `module:attribute`; none of them is imported. Environments: see `environments`."""
    if kind not in GROUPS:
        raise MalformedInput(f"no kind of component is called {kind!r}{near_miss(kind, GROUPS)}")
    return entry_points(GROUPS[kind]) | BUILTINS.get(kind, {})


def find(kind: str, name: str) -> Callable[..., Any]:
    """The class or function that a name stands for, `module:attribute` included."""
    target = name if ":" in name else known(kind).get(name)
    if target is None:
        choices = ", ".join(known(kind))
        raise MalformedInput(f"there is no {kind} {name!r}{near_miss(name, known(kind)) or f' (there are: {choices})'}")
    found = load(target)
    if not callable(found):
        raise MalformedInput(f"{target} is no class or function")
    return found


def load(target: str) -> Any:
    """Imports `module:attribute`."""
    module_name, _, attribute = target.partition(":")
    found = load_module(module_name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise MalformedInput(f"{module_name!r} has no {part!r}{near_miss(part, dir(found))}")
        found = getattr(found, part)
    return found


def load_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MalformedInput(f"{name!r} cannot be imported: {error}") from error
    except Exception as error:  # whatever a module may raise while it runs
        raise MalformedInput(f"{name!r} cannot be imported: {type(error).__name__}: {error}") from error


def address(target: Any) -> str:
    """`module:attribute` of a class or function."""
    return f"{target.__module__}:{target.__qualname__}"


def name_of(kind: str, target: Any) -> str:
    """The name under which a scenario finds a class or function again."""
    where = address(target)
    return next((name for name, there in known(kind).items() if there == where), where)


def kind_of(annotation: Any) -> str | None:
    """The kind of component that an annotation asks for: by its protocol, or by a class that has a name itself."""
    if not isinstance(annotation, type):
        return None
    where = address(annotation)
    return KINDS.get(where) or next((kind for kind, named in BUILTINS.items() if where in named.values()), None)


def summary(target: str) -> str:
    """The first line of the docstring of `module:attribute`, without importing the module."""
    module_name, _, attribute = target.partition(":")
    try:
        spec = importlib.util.find_spec(module_name) if module_name else None
        if spec is None or spec.origin is None:
            return ""
        with open(spec.origin, encoding="utf-8") as file:
            body = ast.parse(file.read()).body
    except (ImportError, ValueError, OSError, SyntaxError):
        return ""
    named = {node.name: node for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    found = named.get(attribute)
    doc = ast.get_docstring(found) if found else ""
    if not doc and isinstance(found, ast.ClassDef):  # an environment whose parameters are a class of their own
        assigned = {ast.unparse(node.targets[0]): node.value for node in found.body if isinstance(node, ast.Assign)}
        owner = named.get(ast.unparse(assigned["parameters"])) if "parameters" in assigned else None
        doc = ast.get_docstring(owner) if owner else ""
    return (doc or "").partition("\n")[0]


def entry_points(group: str) -> dict[str, str]:
    """name -> `module:attribute` of what installed packages add to a group."""
    return _entry_points().get(group, {})


@functools.cache
def _entry_points() -> dict[str, dict[str, str]]:
    from importlib.metadata import distributions

    found: dict[str, dict[str, str]] = {}
    for point in (point for package in distributions() for point in package.entry_points):
        if point.group in GROUPS.values():
            found.setdefault(point.group, {}).setdefault(point.name, point.value)
    return found
