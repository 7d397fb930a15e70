"""What the runner costs beside the episodes themselves, and how long a thousand of them take from a cold start."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import gymnasium
import numpy as np

from benchmarks.record import record
from plansim.scenario.run import run
from plansim.scenario.schema import Scenario

EPISODES, STEPS = 1000, 10


class Nothing(gymnasium.Env):
    """A world that does nothing for ten steps, so that whatever time passes is the runner's."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (3,), np.float64)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float64)
    observation = np.zeros(3)

    def reset(self, *, seed=None, options=None):
        self.t = 0
        return self.observation, {}

    def step(self, action):
        self.t += 1
        return self.observation, 0.0, self.t == STEPS, False, {"is_success": True} if self.t == STEPS else {}


class Still:
    action = np.zeros(1)

    def reset(self, seed=None):
        pass

    def act(self, observation):
        return self.action


@dataclass(frozen=True)
class Bare:
    """A simulation of nothing."""

    scenario: Scenario
    variant: str = ""

    def make_env(self, render_mode=None):
        return Nothing()

    def make_vector_env(self, num_envs):
        return None

    def make_policy(self):
        return Still()


def plain_loop() -> float:
    env, policy, began = Nothing(), Still(), time.perf_counter()
    for seed in range(EPISODES):
        observation, _ = env.reset(seed=seed)
        policy.reset(seed=seed)
        over = False
        while not over:
            observation, _, terminated, truncated, _ = env.step(policy.act(observation))
            over = terminated or truncated
    return time.perf_counter() - began


def with_runner(folder: Path | None) -> float:
    scenario = Scenario("bare", {"id": "CartPole-v1"}, {"name": "random"}, episodes=EPISODES, record=0)
    began = time.perf_counter()
    run(Bare(scenario), folder=folder)
    return time.perf_counter() - began


def cold(*arguments: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "plansim", "evaluate", *arguments, "--out", f"{folder}/out", "-q"]
        began = time.perf_counter()
        subprocess.run(command, capture_output=True, check=False)
        return time.perf_counter() - began


def ray_tasks() -> float | None:
    """Seconds an episode when a distributed framework hands out the same episodes one by one."""
    try:
        import ray
    except ImportError:
        return None
    ray.init(num_cpus=2, logging_level="error", include_dashboard=False)

    @ray.remote
    def episode(seed: int) -> int:
        return seed

    ray.get([episode.remote(seed) for seed in range(20)])
    began = time.perf_counter()
    ray.get([episode.remote(seed) for seed in range(EPISODES)])
    seconds = time.perf_counter() - began
    ray.shutdown()
    return seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with_runner(None)
        bare = min(plain_loop() for _ in range(3))
        memory = min(with_runner(None) for _ in range(3))
        disk = min(with_runner(Path(folder) / str(i)) for i in range(3))
    rows = [
        {"what": "plain loop of 10 empty steps", "ms an episode": bare / EPISODES * 1e3},
        {"what": "runner beyond it", "ms an episode": (memory - bare) / EPISODES * 1e3, "target": 0.25},
        {"what": "runner beyond it, results written", "ms an episode": (disk - bare) / EPISODES * 1e3, "target": 0.25},
    ]
    if seconds := ray_tasks():
        rows.append({"what": "ray, an empty task an episode", "ms an episode": seconds / EPISODES * 1e3})
    record("The runner's own cost", "python -m benchmarks.runner", rows, "1,000 episodes, best of 3.")
    grid = ("--env", "plansim/GridWorld-v0", "--policy", "random", "--set", "max_steps=20", "--seeds", f"0:{EPISODES}")
    cart = ("--env", "CartPole-v1", "--policy", "random", "--seeds", f"0:{EPISODES}")
    rows = [
        {"environment": "CartPole-v1, one by one", "seconds": cold(*cart), "target": 8},
        {"environment": "GridWorld-v0, 64 side by side", "seconds": cold(*grid), "target": 8},
        {"environment": "GridWorld-v0, two processes", "seconds": cold(*grid, "--jobs", "2"), "target": 8},
    ]
    note = "From the command to its end: start, 1,000 episodes with the random policy, result folder and report."
    record("A thousand short episodes from a cold start", "python -m benchmarks.runner", rows, note)


if __name__ == "__main__":
    main()
