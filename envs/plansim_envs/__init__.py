"""plansim's environments, registered with Gymnasium when this package is imported."""

from gymnasium import register

__all__ = ["EXTRAS", "IDS"]

_WORLDS = {
    "plansim/Aircraft-v0": "plansim_envs.aircraft:Aircraft",
    "plansim/ArmCell-v0": "plansim_envs.arm_cell:ArmCell",
    "plansim/Coverage-v0": "plansim_envs.coverage:Coverage",
    "plansim/Engine-v0": "plansim_envs.engine:Engine",
    "plansim/DetectionReplay-v0": "plansim_envs.detection_replay:DetectionReplay",
    "plansim/GridNavigation-v0": "plansim_envs.grid_navigation:GridNavigation",
    "plansim/GridWorld-v0": "plansim_envs.grid_world:GridWorld",
    "plansim/LandmarkRobot-v0": "plansim_envs.landmark_robot:LandmarkRobot",
    "plansim/Pendulum-v0": "plansim_envs.pendulum:Pendulum",
    "plansim/RailCar-v0": "plansim_envs.rail_car:RailCar",
    "plansim/Road-v0": "plansim_envs.road:Road",
    "plansim/SensorField-v0": "plansim_envs.sensor_field:SensorField",
    "plansim/Workspace-v0": "plansim_envs.workspace:Workspace",
}
IDS = tuple(_WORLDS)
EXTRAS = {"plansim/ArmCell-v0": "pybullet"}  # what an environment cannot be made without: the module, and its extra

for _id, _world in _WORLDS.items():
    register(id=_id, entry_point=_world + "Env", vector_entry_point=_world + "VectorEnv")
