"""Arms: where their links are, and what their capsules contain."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.models.arm import SerialArm, modified_dh, placed, planar_arm
from plansim.models.kuka import kuka_iiwa
from plansim.models.panda import panda

ARMS = [kuka_iiwa(), panda(), planar_arm(4)]


def postures(arm, count=50, seed=0):
    return np.random.default_rng(seed).uniform(arm.low, arm.high, (count, arm.dimension))


def test_the_pandas_flange_is_where_its_maker_says():
    arm = panda()
    upright = [0.088, 0.0, 0.333 + 0.316 + 0.384 - 0.107]
    np.testing.assert_allclose(arm.tool_pose(np.zeros(7))[:3, 3], upright, atol=1e-12)
    # the pose at which libfranka's examples begin, by its measured O_T_EE: the hand, turned by -45 degrees, looks down
    ready = arm.tool_pose(np.array([0.0, -np.pi / 4, 0.0, -3 * np.pi / 4, 0.0, np.pi / 2, np.pi / 4]))
    hand = ready @ placed((0, 0, 0), (0, 0, -np.pi / 4))
    np.testing.assert_allclose(hand[:3, :3], np.diag([1.0, -1.0, -1.0]), atol=1e-9)
    np.testing.assert_allclose(hand[:3, 3], [0.30689, 0.0, 0.59028], atol=1e-5)


def test_a_planar_arm_is_a_sum_of_angles():
    arm = planar_arm(5, reach=2.0)
    for q in postures(arm):
        along = np.cumsum(q)
        np.testing.assert_allclose(arm.tool_pose(q)[:2, 3], 0.4 * np.array([np.cos(along).sum(), np.sin(along).sum()]))


@pytest.mark.parametrize("arm", ARMS)
def test_links_are_joined_rigidly_and_a_batch_is_its_members(arm):
    q = postures(arm, 6).reshape(2, 3, -1)
    poses = arm.link_poses(q)
    products = poses[..., :3, :3] @ poses[..., :3, :3].swapaxes(-1, -2)
    np.testing.assert_allclose(products, np.broadcast_to(np.eye(3), products.shape), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(poses), 1.0)
    np.testing.assert_array_equal(arm.link_poses(q[1, 2]), poses[1, 2])
    np.testing.assert_array_equal(arm.capsule_ends(q)[0, 1], arm.capsule_ends(q[0, 1]))
    lengths = np.linalg.norm(np.diff(poses[..., :3, 3], axis=-2), axis=-1)
    np.testing.assert_allclose(lengths, np.broadcast_to(np.linalg.norm(arm.origins[:, :3, 3], axis=-1), lengths.shape))


@pytest.mark.parametrize("arm", ARMS)
def test_no_point_of_a_capsule_moves_farther_than_its_reach_says(arm):
    rng, worst = np.random.default_rng(1), 0.0
    q = postures(arm, 400, seed=2)
    single = np.eye(arm.dimension)[rng.integers(arm.dimension, size=len(q))]
    for step in (1e-4 * rng.normal(size=q.shape), 1e-4 * single):
        moved = np.linalg.norm(arm.capsule_ends(q + step) - arm.capsule_ends(q), axis=-1).max(-1)
        bound = np.abs(step) @ arm.reach.T
        assert (moved <= bound + 1e-12).all()
        worst = max(worst, (moved / np.maximum(bound, 1e-9)).max())
    assert worst > 0.7  # and it is no idle bound


def test_denavit_and_hartenberg_agree_with_frames_by_roll_pitch_and_yaw():
    one = modified_dh(np.array([0.3]), np.array([0.7]), np.array([0.2]))[0]
    by_hand = placed((0.3, 0.0, 0.0), (0.7, 0.0, 0.0)) @ placed((0.0, 0.0, 0.2), (0.0, 0.0, 0.0))
    np.testing.assert_allclose(one, by_hand, atol=1e-12)
    both = placed((0, 0, 0), (0.3, 0, 0)), placed((0, 0, 0), (0, 0.4, 0)), placed((0, 0, 0), (0, 0, 0.5))
    np.testing.assert_allclose(placed((0, 0, 0), (0.3, 0.4, 0.5)), both[2] @ both[1] @ both[0], atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"origins": np.eye(4)}, "origins has shape"),
        ({"low": [1.0], "high": [0.0]}, "must lie below"),
        ({"max_speed": [np.nan]}, "max_speed"),
        ({"capsules": [[3, 0, 0, 0, 1, 0, 0, 0.1]]}, "belong to links"),
        ({"pairs": [[0, 4]]}, "pairs name"),
    ],
)
def test_what_is_no_arm_is_refused(changes, says):
    given = {"origins": np.eye(4)[None], "low": [-1.0], "high": [1.0], "max_speed": [1.0]}
    with pytest.raises(MalformedInput, match=says):
        SerialArm(**given | changes)
