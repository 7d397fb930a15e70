"""Cuts what takes too long, even `while True: pass`, on a clock that stands still while kernels compile."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any


class TimedOut(BaseException):
    """Time is up. No `Exception`, so that a policy's `except Exception` does not swallow it."""


class _Clock:
    """Seconds of this process without those that numba spent compiling, which happen once and blame no episode."""

    def __init__(self) -> None:
        self.compiled = 0.0
        self.depth = 0
        self.began = 0.0
        self.deadline = float("inf")
        self.listening = False

    def __call__(self) -> float:
        """Seconds since no moment in particular."""
        now = time.perf_counter()
        return (self.began if self.depth else now) - self.compiled

    def listen(self) -> None:
        """From now on, hears when numba compiles."""
        with contextlib.suppress(ImportError):
            if not self.listening:
                from numba.core import event

                event.register("numba:compiler_lock", _listener(self, event.Listener))
                self.listening = True

    def compile_began(self) -> None:
        self.depth += 1
        if self.depth == 1:
            self.began = time.perf_counter()

    def compile_ended(self) -> None:
        self.depth -= 1
        if self.depth == 0:
            self.compiled += time.perf_counter() - self.began


def _listener(own: _Clock, base: type) -> Any:
    class Listener(base):
        def on_start(self, event: Any) -> None:
            own.compile_began()

        def on_end(self, event: Any) -> None:
            own.compile_ended()

    return Listener()


clock = _Clock()


def clock_for(timeout: float | None) -> Callable[[], float]:
    """Where nothing is cut short, the plain clock will do, and is quicker."""
    return time.perf_counter if timeout is None else clock


def _ring(signum: int, frame: Any) -> None:
    left = clock.deadline - clock()
    if left <= 0:
        raise TimedOut
    signal.setitimer(signal.ITIMER_REAL, max(left, 0.01))


@contextlib.contextmanager
def alarms(wanted: bool) -> Iterator[bool]:
    """Answers to the alarm within the block, and gives back whoever answered before; yields whether it can.

    An alarm interrupts the main thread only; elsewhere time is looked at between the steps.
    """
    if not wanted:
        yield False
        return
    clock.listen()
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield False
        return
    before = signal.signal(signal.SIGALRM, _ring)
    try:
        yield True
    finally:
        signal.signal(signal.SIGALRM, before)


def within(seconds: float | None, function: Callable[..., Any], *args: Any) -> Any:
    """`function(*args)`, or `TimedOut` when it takes longer; None: however long it takes."""
    if seconds is None:
        return function(*args)
    clock.deadline = clock() + seconds
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
    try:
        return function(*args)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
