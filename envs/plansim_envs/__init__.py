"""plansim's environments, registered with Gymnasium when this package is imported."""

from gymnasium import register

__all__ = ["IDS"]

_WORLDS = {
    "plansim/Coverage-v0": "plansim_envs.coverage:Coverage",
    "plansim/GridNavigation-v0": "plansim_envs.grid_navigation:GridNavigation",
    "plansim/GridWorld-v0": "plansim_envs.grid_world:GridWorld",
    "plansim/Road-v0": "plansim_envs.road:Road",
    "plansim/Workspace-v0": "plansim_envs.workspace:Workspace",
}
IDS = tuple(_WORLDS)

for _id, _world in _WORLDS.items():
    register(id=_id, entry_point=_world + "Env", vector_entry_point=_world + "VectorEnv")
