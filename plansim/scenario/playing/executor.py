"""Where the work of a run is done: here, in a pool of processes, or (by the same protocol) on a cluster."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, Protocol

from plansim.core.errors import PlansimError

Work = Callable[[Any], Iterable[Any]]  # a task in, its results one by one; None is a sign of life

_ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
    )
}


class Lost(NamedTuple):
    """A task whose worker died, or fell silent and was ended; some of its results may have arrived before."""

    task: Any
    cause: str
    silent: bool = False


class Executor(Protocol):
    def map(self, work: Work, tasks: Sequence[Any]) -> Iterator[Any]:
        """What `work` yields for each task, in any order, as it becomes known; a `Lost` for a task cut short.

        An exception that `work` itself raises is raised here.
        """
        ...


class InProcess:
    """One task after another, in this process."""

    def map(self, work: Work, tasks: Sequence[Any]) -> Iterator[Any]:
        for task in tasks:
            yield from (result for result in work(task) if result is not None)


class ProcessPool:
    """Worker processes, each with one thread, so that as many as there are cores do not fight for them.

    silence: s without a sign of life after which a worker is ended; None waits for ever
    """

    def __init__(self, jobs: int, silence: float | None = None):
        self.jobs, self.silence = jobs, silence

    def map(self, work: Work, tasks: Sequence[Any]) -> Iterator[Any]:
        waiting = deque(tasks)
        workers: list[_Worker] = []
        try:
            while waiting or any(worker.busy for worker in workers):
                while waiting and len(workers) < self.jobs:
                    workers.append(_Worker(work))
                for worker in workers:
                    if waiting and not worker.busy:
                        worker.give(waiting.popleft())
                for worker in self._heard(workers):
                    yield from worker.results()
                workers = [worker for worker in workers if worker.alive]
        finally:
            for worker in workers:
                worker.end()

    def _heard(self, workers: list[_Worker]) -> list[_Worker]:
        """The workers that have something to say, or have been silent for too long."""
        ready = wait([worker.connection for worker in workers if worker.busy], timeout=0.5)
        late = [worker for worker in workers if self.silence and worker.busy and worker.quiet_for > self.silence]
        for worker in late:
            if worker.connection not in ready:
                worker.silence = True
                worker.process.kill()
        return [worker for worker in workers if worker.connection in ready]


class _Worker:
    """A process, and the task that it has in hand."""

    def __init__(self, work: Work):
        self.connection, theirs = multiprocessing.Pipe()
        spawn = multiprocessing.get_context("spawn")
        self.process = spawn.Process(target=_serve, args=(theirs, work), daemon=True)
        with _one_thread(), _no_interrupts():
            self.process.start()
        theirs.close()
        self.task: Any = None
        self.busy = self.ready = self.silence = False
        self.alive = True

    def give(self, task: Any) -> None:
        self.task, self.busy, self.since = task, True, time.monotonic()
        with contextlib.suppress(BrokenPipeError):  # it died while idle: its silence will be heard
            self.connection.send(task)

    @property
    def quiet_for(self) -> float:
        return time.monotonic() - self.since if self.ready else 0.0

    def results(self) -> Iterator[Any]:
        """All that lies in the pipe by now."""
        try:
            while self.busy and self.connection.poll():
                yield from self._read()
        except (EOFError, ConnectionError):
            self.process.join()
            self.alive = self.busy = False
            if not self.ready:
                raise PlansimError(_NO_START) from None
            yield Lost(self.task, _how_it_ended(self.process.exitcode, self.silence), self.silence)

    def _read(self) -> Iterator[Any]:
        kind, value = self.connection.recv()
        self.since = time.monotonic()
        if kind == "ready":
            self.ready = True
        elif kind == "error":
            raise value
        elif kind == "end":
            self.busy = False
        elif value is not None:
            yield value

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


_NO_START = (
    "worker processes do not start; a script that runs with jobs > 1 keeps its own calls under "
    "`if __name__ == '__main__':`"
)


def _how_it_ended(exit_code: int | None, silent: bool) -> str:
    if silent:
        return "its worker process hung and was ended"
    if exit_code is not None and exit_code < 0:
        return f"its worker process was ended by {signal.Signals(-exit_code).name}"
    return f"its worker process ended itself with exit code {exit_code}"


def _serve(connection: Connection, work: Work) -> None:
    """A worker's life: tasks come in, results go out, until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()
    connection.send(("ready", None))
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            _answer(connection, work, connection.recv())


def _answer(connection: Connection, work: Work, task: Any) -> None:
    try:
        for result in work(task):
            connection.send(("result", result))
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:
        connection.send(("error", _portable(error)))
    else:
        connection.send(("end", None))


def _portable(error: Exception) -> Exception:
    """The error itself if it can travel, else one that says the same."""
    import pickle

    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return PlansimError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Libraries read these when they are loaded, so they must stand before the worker starts."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _no_interrupts() -> Iterator[None]:
    """A worker that is just starting must not die of the terminal's Ctrl-C with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
