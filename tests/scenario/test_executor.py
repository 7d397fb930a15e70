"""Worker processes that fall silent or die take nobody with them."""

from __future__ import annotations

import os
import time

from plansim.scenario.playing.executor import Lost, ProcessPool


def work(task):
    if task == "hang":
        time.sleep(600)
    if task == "die":
        os._exit(3)
    yield task


def test_a_silent_worker_is_ended_and_the_others_go_on():
    began = time.monotonic()
    found = list(ProcessPool(jobs=2, silence=3.0).map(work, ["hang", "a", "b"]))
    lost = [one for one in found if isinstance(one, Lost)]
    assert [(one.task, one.silent) for one in lost] == [("hang", True)]
    assert sorted(one for one in found if not isinstance(one, Lost)) == ["a", "b"]
    assert time.monotonic() - began < 60  # not the 600 s that it wanted


def test_a_worker_that_dies_loses_its_own_task_only():
    found = list(ProcessPool(jobs=1).map(work, ["die", "a"]))
    assert [(one.task, one.silent) for one in found if isinstance(one, Lost)] == [("die", False)]
    assert "a" in found
