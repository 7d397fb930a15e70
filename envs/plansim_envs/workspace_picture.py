"""Pictures of a body among obstacles, drawn with Pillow: no GPU, no display."""

from __future__ import annotations

from math import ceil

import numpy as np
from PIL import Image, ImageDraw

from plansim.core.geometry import transform
from plansim.core.grid import OccupancyGrid
from plansim.core.shapes import Shapes
from plansim_envs import rendering
from plansim_envs.workspace_robot import Robot

TRAILER = (96, 140, 240)


class ShapesCanvas(rendering.Canvas):
    """A drawing in metres among shapes; of a world with more than two dimensions it shows x and y."""

    def __init__(self, world: Shapes):
        size = np.asarray(world.high - world.low)[:2]
        self._origin = np.array([world.low[0], world.low[1], 0.0])
        self._scale = rendering._LONG_SIDE * rendering._FINE / float(size.max())
        width, height = (rendering._FINE * max(ceil(side * self._scale / rendering._FINE), 1) for side in size)
        self._image = Image.new("RGB", (width, height), rendering.FREE)
        self._draw = ImageDraw.Draw(self._image)
        for (left, low), (right, high) in np.asarray(world.boxes)[:, :, :2]:
            self.polygon(np.array([[left, low], [right, low], [right, high], [left, high]]), rendering.OCCUPIED)
        for polygon in world.polygons:
            self.polygon(polygon, rendering.OCCUPIED)
        for *centre, radius in np.asarray(world.balls):
            self.disc(np.array(centre[:2]), radius, rendering.OCCUPIED)

    def polygon(self, corners: np.ndarray, colour: rendering.Colour) -> None:
        self._draw.polygon([tuple(point) for point in self._pixels(corners)], fill=colour)


def picture(robot: Robot, states: np.ndarray, goal: np.ndarray, goal_radius: float) -> np.ndarray:
    """The world with the way so far, states (T, n), the goal, and the body where it is now."""
    world = robot.world
    canvas = rendering.Canvas(world) if isinstance(world, OccupancyGrid) else ShapesCanvas(world)
    canvas.goal(goal[:2], goal_radius)
    canvas.line(states[:, :2], rendering.TRACE)
    poses = robot.poses(states[-1:])[0]
    if robot.polygonal and not robot.body.radius:
        for pose, corners, colour in list(zip(poses, robot.body.corners, (rendering.ROBOT, TRAILER), strict=False))[
            ::-1
        ]:
            outline = transform(pose, corners)
            canvas._draw.polygon([tuple(point) for point in canvas._pixels(outline)], fill=colour)
    elif robot.turns:
        canvas.robot(poses[0], robot.body.radius)
    else:
        canvas.disc(poses[0, :2], robot.body.radius, rendering.ROBOT)
    return canvas.picture()
