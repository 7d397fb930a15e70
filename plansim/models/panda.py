"""The Franka Emika Panda: seven joints, and a hand with its fingers open."""

from __future__ import annotations

import numpy as np

from plansim.models.arm import SerialArm, modified_dh

# Franka Emika, "Robot and interface specifications": Denavit-Hartenberg parameters in Craig's convention, and limits
_A = (0.0, 0.0, 0.0, 0.0825, -0.0825, 0.0, 0.088)  # m
_ALPHA = np.pi / 2 * np.array((0.0, -1.0, 1.0, 1.0, -1.0, 1.0, 1.0))
_D = (0.333, 0.0, 0.316, 0.0, 0.384, 0.0, 0.0)  # m
_FLANGE = 0.107  # m, from the last joint
_LOW = (-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973)
_HIGH = (2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973)
_SPEEDS = (2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61)  # rad/s
# link, one end, other end, radius: one or two capsules around each hull of the collision meshes in pybullet_data; the
# hand and the fingers, open by 8 cm, belong to link 7
_CAPSULES = (
    (0, -0.0574, -0.0025, 0.0143, -0.0023, 0.0025, 0.0525, 0.107),
    (1, -0.0003, -0.0559, 0.0092, -0.0001, -0.0002, -0.1402, 0.078),
    (2, 0.0000, -0.1424, 0.0010, 0.0004, 0.0013, 0.0533, 0.078),
    (3, 0.0911, 0.0467, 0.0083, -0.0148, -0.0071, -0.0939, 0.071),
    (4, -0.0823, 0.0784, -0.0004, 0.0006, -0.0002, 0.0394, 0.074),
    (5, -0.0006, 0.0105, -0.2436, -0.0003, 0.0637, 0.0025, 0.069),
    (6, 0.0238, 0.0022, 0.0009, 0.0859, 0.0084, 0.0029, 0.078),
    (7, 0.0525, 0.0284, 0.0792, 0.0278, 0.0527, 0.0793, 0.034),
    (7, 0.0052, 0.0048, 0.0782, -0.0014, -0.0021, 0.0797, 0.054),
    (7, 0.0541, 0.0540, 0.1160, -0.0535, -0.0534, 0.1104, 0.034),
    (7, 0.0582, 0.0581, 0.1443, -0.0554, -0.0550, 0.1463, 0.035),
    (7, 0.0385, 0.0385, 0.1686, 0.0359, 0.0357, 0.2085, 0.018),
    (7, -0.0385, -0.0385, 0.1686, -0.0359, -0.0357, 0.2085, 0.018),
)
# links 0 to 2 against 5 to 7: the others are neighbours, or never meet
_PAIRS = tuple((i, j) for i in (0, 1, 2) for j in range(5, 13))


def panda() -> SerialArm:
    """The arm, on the ground at the origin; its tool is the flange, to which the hand is mounted turned by -45 degrees.

    >>> panda().tool_pose(np.zeros(7))[[0, 2], 3].round(4).tolist()  # x and z
    [0.088, 0.926]
    """
    flange = np.eye(4)
    flange[2, 3] = _FLANGE
    return SerialArm(modified_dh(_A, _ALPHA, _D), _LOW, _HIGH, _SPEEDS, _CAPSULES, _PAIRS, flange)
