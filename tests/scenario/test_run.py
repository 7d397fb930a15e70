"""Episodes depend on their seeds alone, and whatever goes wrong stays in its own episode."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.scenario.folder import episodes_csv
from plansim.scenario.playing.seeds import parse_seeds
from plansim.scenario.playing.trial import policy_seed
from plansim.scenario.run import run
from tests.scenario.toys import Line, Scenario, Simulation, Slow, Together, Troubled, Walker

METRICS = ("success", "return", "steps", "final_distance", "path_length", "position_error", "thoughts")


def simulation(policy=Walker, env=None, vector=True, arguments=None, **scenario) -> Simulation:
    scenario = Scenario(**{"metrics": METRICS, **scenario})
    return Simulation(scenario, (policy, arguments or {}), env or {}, vector=vector)


def by_hand(seed: int) -> tuple[float, int]:
    """Return and steps of one episode, written down without any of the runner."""
    env, policy = Line(), Walker()
    observation, _ = env.reset(seed=seed)
    policy.reset(seed=policy_seed(seed))
    total, steps, over = 0.0, 0, False
    while not over:
        observation, reward, terminated, truncated, _ = env.step(policy.act(observation))
        total, steps, over = total + reward, steps + 1, terminated or truncated
    return total, steps


def test_the_runner_plays_what_a_plain_loop_plays():
    result = run(simulation(episodes=5))
    played = [(episode.metrics["return"], episode.metrics["steps"]) for episode in result.episodes]
    assert played == [by_hand(seed) for seed in range(5)]


@pytest.mark.parametrize("batch", [2, 7, 64])
def test_any_batch_size_gives_the_same_bytes(batch):
    alone = episodes_csv(run(simulation(episodes=30, vector=False)))
    assert episodes_csv(run(simulation(episodes=30), batch=batch)) == alone
    assert len(alone.splitlines()) == 31


def test_any_number_of_jobs_gives_the_same_bytes():
    here = episodes_csv(run(simulation(episodes=30)))
    assert episodes_csv(run(simulation(episodes=30), jobs=2, batch=4)) == here


def test_an_episode_does_not_depend_on_its_neighbours():
    everyone = run(simulation(episodes=12), batch=5)
    (alone,) = run(simulation(), seeds=[7]).episodes
    assert dict(alone.metrics) == dict(everyone.episodes[7].metrics)


def test_a_policy_that_acts_for_all_worlds_acts_as_alone():
    alone = episodes_csv(run(simulation(Together, metrics=("success", "return"), episodes=20), batch=1))
    assert episodes_csv(run(simulation(Together, metrics=("success", "return"), episodes=20), batch=7)) == alone


def the_one_ahead(seeds: int) -> tuple[int, float]:
    """The seed that starts farthest ahead, and where no other stands."""
    starts = [float(Line().reset(seed=seed)[0]["state"][0]) for seed in range(seeds)]
    return int(np.argmax(starts)), sorted(starts)[-2] + 1e-9


CAUSES = {
    "nan": "policy returned NaN at step {} (action[0])",
    "outside": "policy returned an action outside its space at step {} (action[0] = 1.5 is not within [-1, 1])",
    "shape": "policy returned an action of the wrong shape at step {} ((2,), must be (1,))",
    "none": "policy returned an action of the wrong type at step {} (nothing: None, must be float64 (1,))",
    "raise": "policy raised ZeroDivisionError: division by zero at step {}",
    "exit": "policy raised SystemExit: 0 at step {}",
}


@pytest.mark.parametrize("way", CAUSES)
@pytest.mark.parametrize("batch", [1, 4])
def test_a_policy_that_fails_fails_its_own_episode(way, batch):
    guilty, threshold = the_one_ahead(6)
    healthy = run(simulation(episodes=6, max_steps=1), batch=batch)
    result = run(simulation(Troubled, arguments={"way": way, "when": threshold}, episodes=6, max_steps=1), batch=batch)
    for episode, well in zip(result.episodes, healthy.episodes, strict=True):
        if episode.seed == guilty:
            assert (episode.status, episode.cause) == ("crashed", CAUSES[way].format(0))
            assert "Traceback" in result.crashes["", guilty]
            assert episode.metrics["success"] == 0
            assert episode.metrics["return"] is None
        else:
            assert episode.metrics == well.metrics


@pytest.mark.parametrize("batch", [1, 4])
def test_an_environment_that_fails_fails_the_guilty_episode_alone(batch):
    result = run(simulation(episodes=9, env={"bad_seed": 5}), batch=batch)
    healthy = run(simulation(episodes=9))
    assert [e.seed for e in result.broken] == [5]
    assert result.episodes[5].cause == "environment raised RuntimeError: the wheels came off at step 2"
    assert "the wheels came off" in result.crashes["", 5]
    kept = [e.metrics for e in result.episodes if e.seed != 5]
    assert kept == [e.metrics for e in healthy.episodes if e.seed != 5]


@pytest.mark.parametrize("batch", [1, 4])
def test_a_policy_that_hangs_is_cut(batch):
    guilty, threshold = the_one_ahead(4)
    hanging = simulation(Troubled, arguments={"way": "hang", "when": threshold}, episodes=4, timeout=0.3, max_steps=1)
    result = run(hanging, batch=batch)
    assert [e.seed for e in result.broken] == [guilty]
    assert (result.broken[0].status, result.broken[0].cause) == ("timeout", "not over after 0.3 s")


def test_an_environment_that_hangs_is_cut():
    result = run(simulation(episodes=4, env={"slow_seed": 2}, timeout=0.3), batch=4)
    assert [e.status for e in result.episodes] == ["ok", "ok", "timeout", "ok"]


def test_outside_the_main_thread_time_is_looked_at_between_steps():
    found = []
    slow = simulation(Slow, episodes=1, timeout=0.03)
    thread = threading.Thread(target=lambda: found.append(run(slow)))
    thread.start()
    thread.join()
    assert found[0].episodes[0].status == "timeout"


def test_a_worker_that_dies_takes_one_episode_with_it():
    guilty, threshold = the_one_ahead(6)
    dying = simulation(Troubled, arguments={"way": "die", "when": threshold}, episodes=6, max_steps=1)
    result = run(dying, jobs=2, batch=2)
    assert [e.seed for e in result.broken] == [guilty]
    assert result.broken[0].cause == "its worker process ended itself with exit code 7"
    assert [e.status for e in result.episodes].count("ok") == 5


def test_the_scenario_cuts_an_episode_short():
    result = run(simulation(episodes=3, max_steps=2))
    assert [(e.metrics["steps"], e.metrics["success"], e.cause) for e in result.episodes] == [(2, 0, "out of time")] * 3


class Sulking(Walker):
    """Once it has failed it fails for ever."""

    failed = False

    def act(self, observation):
        action = super().act(observation)
        self.failed = self.failed or self.x > 4.5
        return action if not self.failed else None


@pytest.mark.parametrize("batch", [1, 3])
def test_after_a_failure_the_next_episode_gets_a_new_policy(batch):
    alone = [run(simulation(Sulking), seeds=[seed]).episodes[0].status for seed in range(12)]
    assert {"ok", "crashed"} == set(alone)
    assert [e.status for e in run(simulation(Sulking, episodes=12), batch=batch).episodes] == alone


def test_the_policys_luck_is_a_stream_of_its_own():
    streams = [policy_seed(seed) for seed in range(1000)]
    assert len({*streams, *range(1000)}) == 2000
    assert policy_seed(3) == np.random.SeedSequence(3).spawn(2)[1].generate_state(1, np.uint64)[0] >> np.uint64(1)


def test_the_luck_of_the_environment_is_not_the_policys():
    one = run(simulation(episodes=4, record="all"))
    other = run(simulation(Together, episodes=4, record="all", metrics=("return",)))
    for key in one.records:
        start = [r.records[key]["observation.state"][0] for r in (one, other)]
        assert np.array_equal(*start)


def test_a_record_holds_every_step_of_an_episode():
    result = run(simulation(episodes=4, record=2), batch=4)
    assert list(result.records) == [("", 0), ("", 1)]
    record, T = result.records["", 1], result.episodes[1].metrics["steps"]
    assert {"action": (T, 1), "reward": (T,), "trace.pose": (T, 3)}.items() <= _shapes(record).items()
    assert {"observation.state": (T + 1, 1), "info.pose": (T + 1, 3)}.items() <= _shapes(record).items()
    assert np.isclose(record["reward"].sum(), result.episodes[1].metrics["return"])
    assert record["observation.time"].tolist() == list(range(T + 1))


def _shapes(record):
    return {name: values.shape for name, values in record.items()}


def test_a_trace_that_changes_its_shape_is_kept_step_by_step():
    record = run(simulation(episodes=1, record=1)).records["", 0]
    values, offsets, index = (record[f"trace.path.{part}"] for part in ("values", "offsets", "index"))
    for t, i in enumerate(index):
        path = values[offsets[i] : offsets[i + 1]]
        assert np.array_equal(path, np.arange(2.0 * (2 + (t + 1) // 4)).reshape(-1, 2))
    assert len(offsets) == len(np.unique(index)) + 1


def test_recorded_and_unrecorded_episodes_measure_the_same():
    assert episodes_csv(run(simulation(episodes=6, record="all"))) == episodes_csv(run(simulation(episodes=6)))


def test_seeds_may_be_chosen():
    assert [e.seed for e in run(simulation(), seeds=[9, 2, 2]).episodes] == [2, 9]
    assert run(simulation(), seeds=range(3, 6)).scenario == dataclasses.replace(
        simulation().scenario, seed=3, episodes=3
    )
    with pytest.raises(MalformedInput, match="no seeds"):
        run(simulation(), seeds=[])


@pytest.mark.parametrize(
    ("text", "seeds"), [("0:3", [0, 1, 2]), ("7", [7]), ("1,5,9", [1, 5, 9]), ("0:10:4,1", [0, 4, 8, 1])]
)
def test_seeds_are_written_as_ranges_or_lists(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3:1", "1:2:3:4", "-1", "0:5:0", "0-9", f"0:{10**30}"])
def test_what_are_no_seeds_is_refused(text):
    with pytest.raises(MalformedInput, match="no seeds"):
        parse_seeds(text)


def test_more_seeds_than_memory_holds_are_refused_before_they_are_counted():
    with pytest.raises(MalformedInput, match="more than 10,000,000 seeds"):
        parse_seeds(f"0:{10**12}")
