"""What was done is never lost, and never done twice."""

from __future__ import annotations

import json

import numpy as np
import pytest

from plansim.scenario.folder import episodes_csv
from plansim.scenario.playing.journal import UnfinishedRun, partial_folder
from plansim.scenario.run import Interrupted, run
from tests.scenario.toys import Scenario, Simulation, Walker


class Stop:
    """A progress bar at which the user presses Ctrl-C."""

    def __init__(self, after: int):
        self.after = after
        self.seen = []

    def begin(self, total, done):
        self.already = done

    def add(self, episode):
        self.seen.append(episode.seed)
        if len(self.seen) == self.after:
            raise KeyboardInterrupt


SIMULATION = Simulation(Scenario(episodes=20, record=4, metrics=("success", "return", "path_length")))


@pytest.fixture
def interrupted(tmp_path):
    """A run of twenty episodes that was stopped after eight."""
    folder = tmp_path / "toy"
    with pytest.raises(Interrupted, match="after 8 of 20"):
        run(SIMULATION, batch=3, progress=Stop(8), folder=folder)
    assert not folder.exists()
    return folder


def test_a_resumed_run_gives_the_same_bytes(interrupted):
    whole = run(SIMULATION)
    watch = Stop(99)
    result = run(SIMULATION, folder=interrupted, resume=True, progress=watch)
    assert (watch.already, len(watch.seen)) == (8, 12)  # nothing was played twice
    assert (interrupted / "episodes.csv").read_text() == episodes_csv(whole) == episodes_csv(result)
    assert set(result.records) == {("", seed) for seed in range(4)}
    for key, record in whole.records.items():
        assert all(np.array_equal(record[name], result.records[key][name]) for name in record)
    assert not partial_folder(interrupted).exists()


@pytest.mark.parametrize("damage", [b'{"variant": "", "seed": 15, "sta', b"\n\x00\xff\n", b'{"seed": 15}\n', b"[]\n"])
def test_a_torn_line_is_played_again(interrupted, damage):
    with (partial_folder(interrupted) / "journal.jsonl").open("ab") as journal:
        journal.write(damage)
    run(SIMULATION, folder=interrupted, resume=True)
    assert (interrupted / "episodes.csv").read_text() == episodes_csv(run(SIMULATION))


def test_an_episode_whose_line_was_cut_is_played_again(interrupted):
    journal = partial_folder(interrupted) / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-30])
    watch = Stop(99)
    run(SIMULATION, folder=interrupted, resume=True, progress=watch)
    assert watch.already == 7
    assert (interrupted / "episodes.csv").read_text() == episodes_csv(run(SIMULATION))


def test_a_record_that_was_cut_is_played_again(interrupted):
    record = next((partial_folder(interrupted) / "trajectories").iterdir())
    record.write_bytes(record.read_bytes()[:100])
    assert len(run(SIMULATION, folder=interrupted, resume=True).records) == 4


def test_unfinished_work_is_not_thrown_away_unasked(interrupted):
    with pytest.raises(UnfinishedRun, match=r"8 episodes of an unfinished run.*--resume.*--fresh"):
        run(SIMULATION, folder=interrupted)
    run(SIMULATION, folder=interrupted, fresh=True)
    assert not partial_folder(interrupted).exists()


def test_another_scenario_may_not_go_on_with_it(interrupted):
    other = Simulation(Scenario(episodes=20, record=4, metrics=("success", "steps")))
    with pytest.raises(
        UnfinishedRun, match=r"metrics: \['success', 'return', 'path_length'\] then, \['success', 'steps'\] now"
    ):
        run(other, folder=interrupted, resume=True)


def test_more_seeds_may_go_on_with_it(interrupted):
    result = run(SIMULATION, seeds=range(30), folder=interrupted, resume=True)
    assert episodes_csv(result) == episodes_csv(run(SIMULATION, seeds=range(30)))


def test_resuming_what_was_never_begun_is_running_it(tmp_path):
    run(SIMULATION, folder=tmp_path / "toy", resume=True)
    assert (tmp_path / "toy" / "episodes.csv").read_text() == episodes_csv(run(SIMULATION))


def test_a_crash_is_kept_with_its_traceback(tmp_path):
    class Broken(Walker):
        def act(self, observation):
            raise ValueError("no idea")

    simulation = Simulation(Scenario(episodes=5), (Broken, {}))
    with pytest.raises(Interrupted):
        run(simulation, progress=Stop(2), folder=tmp_path / "toy")
    run(simulation, folder=tmp_path / "toy", resume=True)
    assert len(list((tmp_path / "toy" / "crashes").iterdir())) == 5
    assert "no idea" in (tmp_path / "toy" / "crashes" / "0.txt").read_text()


def test_the_journal_is_a_line_an_episode(interrupted):
    lines = [json.loads(line) for line in (partial_folder(interrupted) / "journal.jsonl").read_text().splitlines()]
    assert lines[0]["scenario"]["name"] == "toy"
    assert len({line["seed"] for line in lines[1:]}) == len(lines[1:]) == 8
