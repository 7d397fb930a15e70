"""How recorded frames are played: detections as they were, less what is dropped, plus noise and clutter if wanted."""

from __future__ import annotations

from plansim.core.kernel import kernel
from plansim.core.random import normal_pair, uniform, uniform_pair
from plansim_envs.sensor_field_step import poisson


@kernel
def begin(state, mask, settings, detections, first):
    """Begins at a frame from which there is as much of the log as the episode is to take."""
    rules = settings[0]
    for i in range(state.shape[0]):
        if mask[i]:
            world = state[i]
            world["steps"] = 0
            world["frame"] = int(uniform(world["random"], 0.0, rules["starts"]))
            _look(world, rules, detections, first)


@kernel
def play(state, settings, detections, first, reward, terminated, truncated):
    rules = settings[0]
    for i in range(state.shape[0]):
        world = state[i]
        world["frame"] += 1
        world["steps"] += 1
        _look(world, rules, detections, first)
        reward[i], terminated[i], truncated[i] = 0.0, False, world["steps"] >= rules["length"]


@kernel
def _look(world, rules, detections, first):
    stream, found, count = world["random"], world["detections"], 0
    found[:] = 0.0
    for row in range(first[world["frame"]], first[world["frame"] + 1]):
        if rules["dropped"] > 0.0 and uniform_pair(stream)[0] < rules["dropped"]:
            continue
        for k in range(found.shape[1]):
            noise = rules["noise_std"] * normal_pair(stream)[0] if rules["noise_std"] > 0.0 else 0.0
            found[count, k] = detections[row, k] + noise
        count += 1
    for _ in range(poisson(stream, rules["clutter"])):
        if count < found.shape[0]:
            for k in range(found.shape[1]):
                found[count, k] = uniform(stream, rules["low"][k], rules["high"][k])
            count += 1
    world["counts"][0] = count
