"""Pictures of an arm in its cell: the way that its tool has gone, and where it is to end."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from plansim.models.kuka import kuka_iiwa
from plansim_envs.arm_bullet import Simulator, pixels_of

_TRACE, _GOAL, _GOAL_LINKS = (37, 99, 235), (22, 163, 74), (120, 200, 150)


def picture(simulator: Simulator, states: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """The last of the states (T, 7), the tool's trace in blue, and the goal's posture as a green line."""
    arm = kuka_iiwa()
    image = Image.fromarray(simulator.picture(states[-1]))
    draw = ImageDraw.Draw(image)
    skeleton = pixels_of(arm.link_poses(goal)[:, :3, 3])
    draw.line([tuple(p) for p in skeleton], fill=_GOAL_LINKS, width=2)
    column, row = pixels_of(arm.tool_pose(goal)[:3, 3])
    draw.ellipse((column - 5, row - 5, column + 5, row + 5), outline=_GOAL, width=3)
    trace = pixels_of(arm.tool_pose(states)[:, :3, 3])
    if len(trace) > 1:
        draw.line([tuple(p) for p in trace], fill=_TRACE, width=2)
    column, row = trace[-1]
    draw.ellipse((column - 3, row - 3, column + 3, row + 3), fill=_TRACE)
    return np.array(image)
