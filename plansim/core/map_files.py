"""The files that maps come in: ROS map_server (yaml with pgm or png) and MovingAI (`.map`, `.scen`)."""

from plansim.core.movingai import (
    GridProblem,
    read_movingai_map,
    read_movingai_problems,
    write_movingai_map,
    write_movingai_problems,
)
from plansim.core.ros_map import read_ros_map, write_ros_map

__all__ = [
    "GridProblem",
    "read_movingai_map",
    "read_movingai_problems",
    "read_ros_map",
    "write_movingai_map",
    "write_movingai_problems",
    "write_ros_map",
]
