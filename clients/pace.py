"""How fast one may ask: one budget per system, for all processes of this machine.

A pull and a publish of one system run at the same time, and the vendor counts both. Threads
share one `Pace`: what the system told one of them, all of them heed.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import requests


class Pace:
    """At least `interval` seconds between two requests of this process, and none while it rests."""

    def __init__(self, interval: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.interval, self.clock, self.free_at, self.rests_until = interval, clock, 0.0, 0.0
        self.lock, self.own = threading.Lock(), threading.local()

    def delay(self) -> float:
        """Seconds to wait before the next request, which is thereby taken as sent."""
        with self.lock:
            now = self.clock()
            mine = self.rests_until == getattr(self.own, "rest", None)
            start = max(now, self.free_at, 0.0 if mine else self.rests_until)
            self.free_at = start + self.interval
            return start - now

    def rest(self, seconds: float, *, slept: bool = False) -> None:
        """Nobody sends anything for so long, because the system asked for it. `slept`: the thread
        that calls this waits by itself, and need not at its next `delay`."""
        with self.lock:
            until = self.clock() + seconds
            self.rests_until = max(self.rests_until, until)
            if slept:
                self.own.rest = until

    def observe(self, response: requests.Response) -> None:
        """Learn from what the system says about its limits."""


class SharedPace(Pace):
    """At least `interval` seconds between two requests of all processes that share `path`.

    The file holds when the next one may be sent, in seconds since the epoch.
    """

    def __init__(self, path: Path, interval: float, clock: Callable[[], float] = time.time) -> None:
        super().__init__(interval, clock)
        self.path = path

    def delay(self) -> float:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Each opening has a lock of its own, so threads exclude each other too.
        with self.path.open("a+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            written = file.read()
            # A clock that was set back must not make everybody wait for the old future.
            latest = self.clock() + 60 * self.interval
            self.free_at = min(float(written or 0), latest)
            delay = super().delay()
            file.truncate(0)
            file.write(repr(self.free_at))
        return delay


def pace(system: str, what: str, interval: float, clock: Callable[[], float] | None = None) -> Pace:
    """The pace of one kind of request to a system, shared through the folder KOPRU_DATA.

    With a `clock` of one's own nothing is shared: other processes know nothing of it.
    """
    data = os.environ.get("KOPRU_DATA")
    if clock or not data:
        return Pace(interval, clock or time.monotonic)
    return SharedPace(Path(data) / ".pace" / f"{system}.{what}", interval)
