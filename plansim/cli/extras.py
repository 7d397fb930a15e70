"""What is installed only when it is asked for, and the line that brings it."""

from __future__ import annotations

from plansim.core.errors import MissingExtra

EXTRAS = {  # extra -> module -> distribution
    "envs": {"gymnasium": "gymnasium", "pydantic": "pydantic", "rich": "rich", "pygame": "pygame-ce"},
    "viz": {"matplotlib": "matplotlib", "imageio": "imageio"},
    "learning": {"torch": "torch", "safetensors": "safetensors", "tensorboard": "tensorboard"},
    "mujoco": {"mujoco": "mujoco"},
    "pybullet": {"pybullet": "pybullet"},
    "scale": {"ray": "ray"},
    "peers": {"ompl": "ompl", "filterpy": "filterpy"},
}


def missing_extra(error: ModuleNotFoundError) -> MissingExtra | None:
    """The sentence with the line that mends it; None where no extra of plansim brings that module."""
    module = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if module in modules), None)
    return MissingExtra(f"{module} is not installed: pip install 'plansim[{extra}]'") if extra else None
