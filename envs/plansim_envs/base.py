"""From the rules of a world to Gymnasium's environments: one world, or many at once, bit for bit the same.

Write a `World`, a frozen dataclass whose fields are its parameters, and give it its two views:

    class DockEnv(SingleView):
        parameters = Dock          # the dataclass: what a scenario may set, with its types and defaults

    class DockVectorEnv(VectorView):
        parameters = Dock

    gymnasium.register("me/Dock-v0", entry_point="me.dock:DockEnv", vector_entry_point="me.dock:DockVectorEnv")

Both take the fields as keyword arguments. `plansim.testing.check_vector_env("me/Dock-v0")` then holds them together.
"""

from plansim_envs.single import SingleView
from plansim_envs.vector import VectorView
from plansim_envs.view import EpisodeOver
from plansim_envs.world import Observation, StepResult, World, constants, normals, uniforms

__all__ = [
    "EpisodeOver",
    "Observation",
    "SingleView",
    "StepResult",
    "VectorView",
    "World",
    "constants",
    "normals",
    "uniforms",
]
