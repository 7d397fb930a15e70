"""DetectionReplay plays what was recorded, and adds the luck that it is asked for."""

from __future__ import annotations

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest

from plansim.core.detection_log import DetectionLog, two_walkers
from plansim.core.errors import MalformedInput

LOG = two_walkers(30)


def test_without_luck_every_frame_is_as_recorded():
    env = gymnasium.make("plansim/DetectionReplay-v0", log=LOG)
    observation, info = env.reset(seed=3)
    for f in range(30):
        found = observation["detections"][0, : observation["counts"][0]]
        np.testing.assert_array_equal(found, LOG.detections_at(f))
        np.testing.assert_array_equal(info["targets"][info["alive"] > 0], LOG.targets_at(f)[0])
        assert observation["time"][0] == LOG.times[f]
        if f < 29:
            observation, _, terminated, truncated, info = env.step(np.zeros((1, 2)))
    assert (terminated, truncated) == (False, True)


def test_a_seed_chooses_where_a_short_episode_begins():
    env = gymnasium.make_vec("plansim/DetectionReplay-v0", 200, log=LOG, max_steps=10)
    _, info = env.reset(seed=0)
    assert sorted(set(info["frame"])) == list(range(20))
    for step in range(10):
        _, _, _, truncated, _ = env.step(np.zeros((200, 1, 2)))
        assert truncated.all() == (step == 9)


def test_drops_noise_and_clutter_are_as_many_as_asked_for():
    luck = {"dropped": 0.3, "noise_std": 0.5, "clutter": 3.0}
    env = gymnasium.make_vec("plansim/DetectionReplay-v0", 2000, log=LOG, max_steps=5, **luck)
    counts = env.reset(seed=0)[0]["counts"][:, 0]
    mean, var = 2 * 0.7 + 3.0, 2 * 0.7 * 0.3 + 3.0
    assert abs(counts.mean() - mean) < 4.5 * np.sqrt(var / 2000)
    assert abs(counts.var() - var) < 4.5 * np.sqrt(3 * var**2 / 2000)
    env = gymnasium.make_vec("plansim/DetectionReplay-v0", 2000, log=LOG, noise_std=0.5)
    errors = env.reset(seed=0)[0]["detections"][:, 0, :2] - LOG.detections_at(0)
    assert abs(errors.mean()) < 4.5 * 0.5 / np.sqrt(errors.size)
    assert abs(errors.var() - 0.25) < 4.5 * 0.25 * np.sqrt(2 / errors.size)


def test_what_cannot_be_meant_is_refused():
    for wrong, says in (
        ({"dropped": 1.5}, "dropped is 1.5"), ({"log": "x"}, "log is a str"), ({"clutter": -1.0}, "clutter -1.0"),
        ({"log": two_walkers(1)}, "one frame"),
    ):  # fmt: skip
        with pytest.raises(MalformedInput, match=says):
            gymnasium.make("plansim/DetectionReplay-v0", **wrong)


def test_a_log_far_from_its_origin_is_refused():
    times, first, far = np.arange(2.0), np.array([0, 1, 2]), np.array([[5e6, 0.0], [5e6, 1.0]])
    log = DetectionLog(times, far, first, np.zeros((0, 4)), np.zeros(0, int), np.zeros(3, int))
    with pytest.raises(MalformedInput, match="move its origin nearer"):
        gymnasium.make("plansim/DetectionReplay-v0", log=log)
