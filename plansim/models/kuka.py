"""The KUKA LBR iiwa with seven joints, as it ships with PyBullet's data."""

from __future__ import annotations

import numpy as np

from plansim.models.arm import SerialArm, placed

_HALF = np.pi / 2
_JOINTS = (  # x y z, roll pitch yaw: kuka_iiwa/model.urdf of pybullet_data
    ((0.0, 0.0, 0.1575), (0.0, 0.0, 0.0)),
    ((0.0, 0.0, 0.2025), (_HALF, 0.0, np.pi)),
    ((0.0, 0.2045, 0.0), (_HALF, 0.0, np.pi)),
    ((0.0, 0.0, 0.2155), (_HALF, 0.0, 0.0)),
    ((0.0, 0.1845, 0.0), (-_HALF, np.pi, 0.0)),
    ((0.0, 0.0, 0.2155), (_HALF, 0.0, 0.0)),
    ((0.0, 0.081, 0.0), (-_HALF, np.pi, 0.0)),
)
_LIMITS = np.radians((170, 120, 170, 120, 170, 120, 175))  # the same file
_SPEEDS = np.radians((85, 85, 100, 75, 130, 135, 135))  # rad/s, KUKA's data sheet of the LBR iiwa 14 R820
# link, one end, other end, radius: the smallest around the convex hull of each link's mesh, that of link 5 cut in two;
# and 2 mm more, for the millimetre by which PyBullet blows up hulls and for the rounding of these numbers
_CAPSULES = (
    (0, -0.0107, 0.0019, 0.0549, -0.0263, -0.0020, 0.0668, 0.145),
    (1, 0.0041, -0.0272, 0.2017, 0.0007, -0.0004, 0.0369, 0.097),
    (2, -0.0017, -0.0003, 0.0378, 0.0021, 0.1394, 0.0001, 0.098),
    (3, -0.0002, 0.0401, 0.2166, -0.0012, 0.0004, 0.0373, 0.082),
    (4, -0.0011, 0.1608, 0.0075, 0.0007, -0.0005, 0.0389, 0.082),
    (5, 0.0015, 0.0005, 0.0215, 0.0000, 0.0292, 0.1358, 0.076),
    (5, -0.0003, 0.0588, 0.1897, -0.0028, 0.0627, 0.2101, 0.060),
    (6, -0.0000, -0.0180, -0.0014, 0.0017, 0.0244, -0.0018, 0.081),
    (7, -0.0016, -0.0005, 0.0066, -0.0001, -0.0004, 0.0065, 0.055),
)
# neighbours, and links 5 and 7 around the wrist, do not count; of the others, no more than these come near each other
_PAIRS = tuple((i, j) for i in (0, 1, 2) for j in (5, 6, 7, 8))


def kuka_iiwa() -> SerialArm:
    """The arm, on the ground at the origin; its tool is the flange of link 7.

    >>> kuka_iiwa().tool_pose(np.zeros(7))[:3, 3].round(4).tolist()[2]  # m, upright
    1.261
    """
    origins = np.array([placed(*joint) for joint in _JOINTS])
    return SerialArm(origins, -_LIMITS, _LIMITS, _SPEEDS, _CAPSULES, _PAIRS)
