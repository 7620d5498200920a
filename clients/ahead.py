"""Requests ahead of their answers' use: a few at a time, taken in the order they were asked.

How many is `concurrency` in systems.toml. Only requests that do not need each other's answers
can be asked so: pages by offset, batches of ids, the parts of many records.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from clients import Refused
from systems import System

Result = TypeVar("Result")
AT_ONCE = 2  # a small shop's host may have two PHP workers, and its buyers need them too
MOST = 8


def ahead(calls: Iterable[Callable[[], Result]], at_once: int) -> Iterator[Result]:
    """What the calls return, in their order; a call's error is raised in its place.

    While one answer is worked on, at most `at_once` others are on their way or wait to be taken:
    memory holds no more. `calls` may be lazy: the next one is made when there is room for it.
    Whoever stops early waits for the calls that are running, and no other is started.
    """
    running: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(at_once) as pool:
        try:
            for call in calls:
                running.append(pool.submit(call))
                if len(running) > at_once:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()


def at_once(system: System) -> int:
    """How many requests the system may be asked at a time; raises Refused for a wrong setting."""
    asked = system.settings.get("concurrency", AT_ONCE)
    if type(asked) is int and 1 <= asked <= MOST:
        return asked
    raise Refused(
        system.name,
        f"concurrency is {asked!r}",
        f"Valid: 1 (one request after the other) to {MOST}. Correct it in systems.toml.",
    )
