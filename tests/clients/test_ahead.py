"""A few requests at a time: in order, bounded, and polite together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from clients import Refused, Unavailable
from clients.ahead import MOST, ahead, at_once
from clients.pace import Pace
from clients.woocommerce import connect
from sandbox.serving import serving
from sandbox.woocommerce import WooCommerce as Server
from sources import Window
from sources.woocommerce import tables_of
from systems import Connection, System
from tests import company


class Counted:
    """Calls made one by one: how many were made, and how many ran at the same time at most."""

    def __init__(self, count: int, breaks: int | None = None) -> None:
        self.count, self.breaks = count, breaks
        self.made = self.running = self.most = 0
        self.lock = threading.Lock()

    def __iter__(self) -> Iterator[Callable[[], int]]:
        for number in range(self.count):
            self.made += 1
            yield lambda number=number: self.call(number)

    def call(self, number: int) -> int:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            if number == self.breaks:
                raise Unavailable("shop", f"call {number} broke")
            return number
        finally:
            with self.lock:
                self.running -= 1


@pytest.mark.parametrize("few", [1, 2, 4])
def test_answers_come_in_the_order_of_the_calls(few: int) -> None:
    calls = Counted(50)
    assert list(ahead(calls, few)) == list(range(50))
    assert calls.most <= few


def test_calls_run_together() -> None:
    meeting = threading.Barrier(3)
    calls = [lambda: meeting.wait(timeout=20)] * 3
    assert sorted(ahead(calls, 3)) == [0, 1, 2]


def test_no_call_is_made_before_there_is_room_for_its_answer() -> None:
    calls = Counted(50)
    answers = ahead(calls, 4)
    for taken in range(1, 11):
        next(answers)
        assert calls.made == taken + 4
    answers.close()
    assert calls.made == 14
    assert calls.running == 0


def test_an_error_comes_in_its_place_and_ends_it() -> None:
    calls, taken = Counted(50, breaks=7), []
    with pytest.raises(Unavailable, match="call 7"):
        for number in ahead(calls, 3):
            taken.append(number)
    assert taken == list(range(7))
    assert calls.made == 7 + 1 + 3


@pytest.mark.parametrize("wrong", [0, MOST + 1, "4", True, 2.0])
def test_a_wrong_setting_says_what_is_valid(wrong: object) -> None:
    assert at_once(System("shop", "woocommerce", settings={"concurrency": MOST})) == MOST
    with pytest.raises(Refused, match=f"concurrency is .* 1 .* to {MOST}"):
        at_once(System("shop", "woocommerce", settings={"concurrency": wrong}))


@pytest.fixture
def server() -> Server:
    return Server(company.customers(450), [])


@pytest.fixture
def system(server: Server) -> Iterator[System]:
    with serving(server.app()) as url:
        connection = Connection(host=url, login=server.key, password=server.secret)
        yield System("shop", "woocommerce", settings={"concurrency": 4}, connection=connection)


def test_what_one_thread_is_told_all_of_them_heed(system: System, server: Server) -> None:
    """The first is told to wait: the second waits too, before it sends anything."""
    told, go_on = threading.Event(), threading.Event()
    slept: dict[str, list[float]] = {}
    seen: list[int] = []

    def sleep(seconds: float) -> None:
        slept.setdefault(threading.current_thread().name, []).append(seconds)
        if threading.current_thread().name.startswith("first"):
            told.set()
            assert go_on.wait(timeout=20)
        else:
            seen.append(server.requests)

    server.faults = ["rate_limited"]
    store = connect(system, sleep=sleep)
    with ThreadPoolExecutor(1, "first") as first, ThreadPoolExecutor(1, "second") as second:
        waiting = first.submit(store.page, "customers", {"role": "all"})
        assert told.wait(timeout=20)
        assert second.submit(store.page, "customers", {"role": "all"}).result(20)[1] == 450
        go_on.set()
        assert waiting.result(20)[1] == 450
    assert seen == [1], "the second asked while the shop wanted to be left alone"
    assert slept["first_0"][0] == 1.0
    assert 0 < slept["second_0"][0] <= 1


def test_a_limited_shop_is_asked_once_more_for_each_refusal(system: System, server: Server) -> None:
    server.faults = ["rate_limited"] * 5
    store = connect(system, sleep=lambda seconds: None)
    pages = list(tables_of(store)["customers"].read(Window()))
    assert sum(len(page.rows) for page in pages) == pages[-1].claimed == 450
    assert server.requests == len(pages) + 5


def test_each_of_many_threads_signs_anew(system: System, server: Server) -> None:
    """The shop refuses a nonce that it saw before."""
    store = connect(replace(system, settings={"concurrency": 8}))
    calls = [lambda: store.page("customers", {"role": "all", "per_page": 1})[1]] * 60
    assert list(ahead(calls, 8)) == [450] * 60


def test_threads_take_turns() -> None:
    pace = Pace(1.0, clock=lambda: 100.0)
    with ThreadPoolExecutor(8) as pool:
        waits = sorted(pool.map(lambda _: pace.delay(), range(200)))
    assert waits == [float(second) for second in range(200)]


def test_a_rest_is_for_all_and_never_shortened() -> None:
    pace = Pace(clock=lambda: 100.0)
    pace.rest(30)
    pace.rest(2)
    with ThreadPoolExecutor(1) as other:
        assert pace.delay() == other.submit(pace.delay).result() == 30
