"""Agents that meet what their map does not show, in a world of cells."""

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest

from plansim.agent import Agent
from plansim.control.grid_moves import GridMoves
from plansim.core.map_makers import cluttered, rooms
from plansim.planning import AStar, DStarLite

BARE = rooms(rows=2, columns=3, resolution=0.2)
TRUTH = cluttered(BARE, boxes=30, size=0.6, seed=1)


def walk(planner, seed, sight=4):
    """(arrived, metres, moves into a wall, the agent's metrics)"""
    env = gymnasium.make("plansim/GridWorld-v0", map=TRUTH, sight=sight).unwrapped
    agent, moved, stuck = Agent(planner, GridMoves(), BARE), 0.0, 0
    agent.reset(seed)
    observation, info = env.reset(seed=seed)
    while True:
        observation, _, ended, stopped, info = env.step(agent.act(observation))
        stuck += info["path_length"] == moved
        moved = info["path_length"]
        if ended or stopped or stuck > 20:
            return ended, moved, stuck, agent.metrics()


@pytest.mark.parametrize("planner", [AStar(), DStarLite()])
@pytest.mark.parametrize("seed", range(6))
def test_it_arrives_and_never_walks_into_what_it_has_seen(planner, seed):
    arrived, _, stuck, _ = walk(planner, seed)
    assert arrived
    assert stuck == 0


def test_who_remembers_the_search_looks_at_fewer_cells():
    kept, anew = (sum(walk(planner, seed)[3]["expanded"] for seed in range(6)) for planner in (DStarLite(), AStar()))
    assert kept < 0.7 * anew


def test_who_sees_the_whole_map_walks_the_shortest_way():
    env = gymnasium.make("plansim/GridWorld-v0", map=TRUTH, sight=80).unwrapped
    observation, _ = env.reset(seed=3)
    arrived, metres, _, metrics = walk(DStarLite(), 3, sight=80)
    informed = Agent(AStar(), GridMoves(), TRUTH)
    informed.reset(3)
    informed.act(observation)
    assert arrived
    assert metres == pytest.approx(informed.metrics()["plan_cost"])
    assert metrics["plans"] == 1


def test_another_episode_forgets_what_was_seen():
    agent = Agent(DStarLite(), GridMoves(), BARE)
    env = gymnasium.make("plansim/GridWorld-v0", map=TRUTH, sight=4).unwrapped
    observation, _ = env.reset(seed=2)
    actions = []
    for _ in range(2):
        agent.reset(0)
        actions.append(agent.act(observation))
        agent.act({**observation, "around": np.zeros((9, 9))})
    assert actions[0] == actions[1]
