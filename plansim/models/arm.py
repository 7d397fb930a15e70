"""Serial arms: where each link of a chain of joints is, and the capsules that stand for the links."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput


@dataclass(frozen=True, eq=False)
class SerialArm:
    """A chain of revolute joints. Link 0 stands still; joint i, at `origins[i]` in link i, turns link i + 1 about z.

    Siciliano et al. 2009, Robotics, section 2.8. The arm's body is a set of capsules, each fixed to a link.

    >>> arm = planar_arm(2)
    >>> arm.tool_pose(np.array([0.0, np.pi / 2]))[:3, 3].round(3).tolist()  # half forward, then half to the left
    [0.5, 0.5, 0.0]
    """

    origins: Array  # (n, 4, 4) of each joint in the link before it
    low: Array  # (n,) rad
    high: Array  # (n,) rad
    max_speed: Array  # (n,) rad/s
    capsules: Array = ()  # (C, 8) link, one end, other end, radius; in m and the link's frame
    pairs: Array = ()  # (P, 2) capsules that may touch each other
    tool: Array = field(default_factory=lambda: np.eye(4))  # (4, 4) in the last link
    base: Array = field(default_factory=lambda: np.eye(4))  # (4, 4) link 0 in the world

    def __post_init__(self) -> None:
        n = len(np.atleast_1d(self.low))
        shapes = {"origins": (n, 4, 4), "low": (n,), "high": (n,), "max_speed": (n,), "tool": (4, 4), "base": (4, 4)}
        for name, shape in shapes.items():
            value = readonly(getattr(self, name))
            if value.shape != shape or not np.isfinite(value).all():
                raise MalformedInput(f"{name} has shape {value.shape}, but must be {shape} finite numbers")
            object.__setattr__(self, name, value)
        object.__setattr__(self, "capsules", readonly(np.reshape(self.capsules, (-1, 8))))
        pairs = np.array(self.pairs, dtype=np.int64).reshape(-1, 2)
        object.__setattr__(self, "pairs", pairs)
        if not (self.low < self.high).all():
            raise MalformedInput(
                f"low is {self.low.tolist()} and high {self.high.tolist()}, but low must lie below high"
            )
        if not np.isin(self.capsules[:, 0], np.arange(n + 1)).all():
            raise MalformedInput(f"capsules belong to links {np.unique(self.capsules[:, 0])}, but there are 0 to {n}")
        if not np.isin(pairs, np.arange(len(self.capsules))).all():
            raise MalformedInput(f"pairs name capsules {pairs.min()} to {pairs.max()}, of {len(self.capsules)}")

    @property
    def dimension(self) -> int:
        return len(self.low)

    def link_poses(self, q: Array) -> Array:
        """The frames of all links in the world, (..., n + 1, 4, 4), at joint angles (..., n)."""
        q = np.asarray(q, dtype=float)
        poses = [np.broadcast_to(self.base, (*q.shape[:-1], 4, 4))]
        for i, origin in enumerate(self.origins):
            poses.append(poses[-1] @ origin @ _turned(q[..., i]))
        return np.stack(poses, axis=-3)

    def tool_pose(self, q: Array) -> Array:
        """The frame of the tool in the world, (..., 4, 4)."""
        return self.link_poses(q)[..., -1, :, :] @ self.tool

    def capsule_ends(self, q: Array) -> Array:
        """Both ends of each capsule's axis in the world, (..., C, 2, 3)."""
        poses = self.link_poses(q)[..., self.capsules[:, 0].astype(int), :, :]
        ends = self.capsules[:, 1:7].reshape(-1, 2, 3)
        return np.einsum("...cij,cej->...cei", poses[..., :3, :3], ends) + poses[..., None, :3, 3]

    @cached_property
    def reach(self) -> Array:
        """(C, n): how far a capsule's axis can lie from that of a joint which turns it; 0 where none turns it.

        Turning by an angle, a joint moves no point of the axis by more than angle times reach, wherever the others are.
        """
        steps, reach = self.origins[:, :3, 3], np.zeros((len(self.capsules), self.dimension))
        for c, capsule in enumerate(self.capsules):
            link, ends = int(capsule[0]), capsule[1:7].reshape(2, 3)
            for j in range(link):
                if j == link - 1:
                    reach[c, j] = np.hypot(ends[:, 0], ends[:, 1]).max()
                    continue
                between = np.linalg.norm(
                    steps[j + 2 : link], axis=-1
                ).sum()  # seen from the axis, a shift along it is 0
                reach[c, j] = np.hypot(*steps[j + 1, :2]) + between + np.linalg.norm(ends, axis=-1).max()
        return readonly(reach)

    @cached_property
    def arrays(self) -> tuple[Array, ...]:
        """As kernels take it: limits (2, n), base and origins (n + 1, 3, 4), capsules, reach, pairs."""
        frames = np.concatenate((self.base[None], self.origins))[:, :3]
        return readonly([self.low, self.high]), readonly(frames), self.capsules, self.reach, self.pairs


def modified_dh(a: Array, alpha: Array, d: Array) -> Array:
    """Joint origins (n, 4, 4) from link lengths, twists and offsets, angle 0.

    Craig 2005, Introduction to Robotics, eq. 3.6: about and along x by alpha and a, then about and along z by the
    joint's angle and d.
    """
    alpha = np.asarray(alpha, dtype=float)
    c, s, zero, one = np.cos(alpha), np.sin(alpha), np.zeros_like(alpha), np.ones_like(alpha)
    rows = [[one, zero, zero, a], [zero, c, -s, -s * d], [zero, s, c, c * d], [zero, zero, zero, one]]
    return np.moveaxis(np.array([[np.broadcast_to(v, alpha.shape) for v in row] for row in rows]), -1, 0)


def placed(xyz: Array, rpy: Array) -> Array:
    """A frame (4, 4) as URDF gives it: turned about fixed x, y, z by roll, pitch, yaw, then moved."""
    pose = np.eye(4)
    (cr, sr), (cp, sp), (cy, sy) = ((np.cos(angle), np.sin(angle)) for angle in rpy)
    pose[:3, :3] = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    pose[:3, 3] = xyz
    return pose


def planar_arm(joints: int, reach: float = 1.0, radius: float = 0.01, limit: float = np.pi) -> SerialArm:
    """Equal links in the plane z = 0 that together reach so far (m): an arm of any number of joints."""
    length = reach / joints
    origins = np.repeat(np.eye(4)[None], joints, axis=0)
    origins[1:, 0, 3] = length
    capsules = [[i + 1, 0, 0, 0, length, 0, 0, radius] for i in range(joints)]
    tool = np.eye(4)
    tool[0, 3] = length
    most = np.full(joints, limit)
    pairs = [(i, j) for i in range(joints) for j in range(i + 2, joints)]
    return SerialArm(origins, -most, most, np.ones(joints), capsules, pairs, tool)


def _turned(angle: Array) -> Array:
    turn = np.zeros((*angle.shape, 4, 4))
    turn[..., 0, 0] = turn[..., 1, 1] = np.cos(angle)
    turn[..., 1, 0], turn[..., 0, 1] = np.sin(angle), -np.sin(angle)
    turn[..., 2, 2] = turn[..., 3, 3] = 1.0
    return turn
