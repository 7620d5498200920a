"""A pull that is killed, at every phase and twice at each: the next one makes it good.

FULL=1 also kills at random moments.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import signal
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import dlt
import pytest

import sources.incremental
from tests.core.house import House, Shelf
from warehouse.landing import Landing

LATER = "2199-01-01T00:00:00Z"
DEAD = 9


def dies(owner: Any, name: str, hit: int, *, after: bool = False) -> None:
    """The process ends before, or after, the call of this number."""
    real: Callable[..., Any] = getattr(owner, name)
    calls = iter(range(1, 1_000))

    def call(*args: Any, **options: Any) -> Any:
        last = next(calls) == hit
        if last and not after:
            os._exit(DEAD)
        answer = real(*args, **options)
        if last:
            os._exit(DEAD)
        return answer

    setattr(owner, name, call)


def dies_reading(owner: Any, name: str, hit: int) -> None:
    """The process ends after the page of this number."""
    real = getattr(owner, name)

    def pages(window: Any) -> Iterator[Any]:
        for number, page in enumerate(real(window), start=1):
            yield page
            if number == hit:
                os._exit(DEAD)

    setattr(owner, name, pages)


FAILPOINTS: dict[str, Callable[[Shelf, int], None]] = {
    "page": lambda shelf, hit: dies_reading(shelf, "read", hit),
    "listing": lambda shelf, hit: dies_reading(shelf, "listing", hit),
    "fetch": lambda shelf, hit: dies(shelf, "fetch", hit, after=True),
    "extracted": lambda shelf, hit: dies(Landing, "announce", hit),
    "announced": lambda shelf, hit: dies(Landing, "announce", hit, after=True),
    "normalized": lambda shelf, hit: dies(dlt.Pipeline, "load", hit),
    "loaded": lambda shelf, hit: dies(dlt.Pipeline, "load", hit, after=True),
    "sealed": lambda shelf, hit: dies(Landing, "seal", hit + 1, after=True),
}


@pytest.fixture
def shop(house: House, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Landed once; since then rows changed, one behind the system's back, and one is gone."""
    shelf = house.shelves["customers"].put(*range(1, 41))
    shelf.changed_since, shelf.pages_per_load, shelf.by_key = True, 3, True
    assert house.pull().problem is None
    shelf.put(*range(1, 13), name="yeni", at="2026-12-01T00:00:00Z")
    shelf.put(20, 21, 22, name="sessiz", at="2026-11-01T00:00:01Z")
    del shelf.rows["30"]
    shelf.hidden = {"7"}
    monkeypatch.setattr(sources.incremental, "_now", lambda: LATER)
    return shelf


def killed(arm: Callable[[], None], work: Callable[[], Any]) -> int | None:
    """How work in a process of its own ended."""

    def armed() -> None:
        arm()
        work()

    # A child that collects a database of an earlier test, whose threads it does not have, crashes.
    gc.collect()
    gc.freeze()
    child = multiprocessing.get_context("fork").Process(target=armed)
    child.start()
    gc.unfreeze()
    child.join(120)
    return child.exitcode


def whole(house: House, shelf: Shelf) -> None:
    """The next pull is complete, and the warehouse holds each row once, as the system has it."""
    assert house.pull().problem is None
    house.check()
    house.load()
    found = house.sql("select _key, name from raw_canonical.customers where _change is null")
    assert sorted(found) == sorted((key, row["name"]) for key, row in shelf.rows.items())
    assert house.sql("select _change from raw_canonical.customers where _key = '30'") == [
        ("deleted",)
    ]
    assert not list((house.places.landing / ".pending").rglob("*.json"))
    assert house.pull().rows == 0


@pytest.mark.parametrize("hit", [1, 2])
@pytest.mark.parametrize("phase", FAILPOINTS)
def test_killed_in_any_phase_the_next_pull_is_complete(
    house: House, shop: Shelf, phase: str, hit: int
) -> None:
    died = killed(lambda: FAILPOINTS[phase](shop, hit), house.pull)
    assert died == DEAD, f"{phase} was not reached"
    whole(house, shop)


@pytest.mark.skipif(not os.environ.get("FULL"), reason="random kills are for FULL=1")
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_random_moments_the_next_pull_is_complete(
    house: House, shop: Shelf, seed: int
) -> None:
    moments = random.Random(seed)  # noqa: S311 - when to kill, not a secret
    for _ in range(5):
        killed(partial(_alarmed, moments.uniform(0.01, 1.5)), house.pull)
    whole(house, shop)


def _alarmed(seconds: float) -> None:
    signal.signal(signal.SIGALRM, lambda *_: os._exit(DEAD))
    signal.setitimer(signal.ITIMER_REAL, seconds)
