"""Giving back through the whole engine, to each kind of tool over its own protocol: nothing is
lost, nothing is written twice, nothing else is touched, and every row is accounted for."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import publishers.plan
from drills import failpoints
from publishers import Due
from publishers.ledger import Ledger
from publishers.published import COUNTS, Published
from tests.core.test_failpoints import ended
from tests.kinds import KINDS, Kind, Running
from tests.publishers.giving import Giving, running
from warehouse import Places

BATCH, ROWS = 2, 4  # a run of two batches
RECORDS = 1_000
# What a tool answers that is waited for, and what leaves open whether a write happened.
PASSING = {
    "woocommerce": ("rate_limited",),
    "hubspot": ("rate_limited", "locked"),
    "shopify": ("throttled",),
    "soap": ("down",),
    "files": (),
}
OPEN = {
    "woocommerce": ("maintenance", "database_down", "html", "slow_done"),
    "hubspot": ("server_error", "html", "slow_done"),
    "shopify": ("server_error", "html", "slow_done"),
    "soap": ("html", "slow_done"),
    "files": ("slow_done",),
}
JOURNAL = ("journal.written", "journal.placed")
SENDING = ("publish.intended", "publish.answered", "publish.recorded")
WOOCOMMERCE, *_, FILES = KINDS
# The engine is the same for all: with one tool that can be asked it dies everywhere, with one that
# cannot where that makes a difference. Each protocol dies at each of its calls.
KILLED = [
    *((WOOCOMMERCE, point) for point in (*failpoints.PUBLISH, *JOURNAL)),
    *((FILES, point) for point in (*SENDING, *failpoints.PLACING)),
    *((kind, point) for kind in KINDS if kind is not FILES for point in failpoints.CALLS),
]
KILLED_TAKING_BACK = [(kind, point) for kind in (WOOCOMMERCE, FILES) for point in SENDING]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name, scope="module")
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Running, Iterator[int]]]:
    """One server for all tests of a kind; each test takes records of its own."""
    with running(request.param, RECORDS) as found:
        yield found, count(1)


@pytest.fixture
def tool(
    served: tuple[Running, Iterator[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Giving:
    found, numbers = served
    publisher = found.kind.publisher
    monkeypatch.setattr(publisher, "BATCH", BATCH)
    monkeypatch.setattr(publisher, "in_batches", in_batches, raising=False)  # Shopify's are whole
    if found.kind.sleeps:
        napping = partial(publisher.connect, sleep=lambda seconds: None)
        monkeypatch.setattr(publisher, "connect", napping)
    found.store.faults.clear()
    return Giving(found, Places.below(tmp_path), numbers)


def in_batches(rows: Sequence[Due]) -> Iterator[list[Due]]:
    return ([*rows[start : start + BATCH]] for start in range(0, len(rows), BATCH))


@pytest.fixture
def readable(tool: Giving) -> Giving:
    if not tool.reads:
        pytest.skip("a folder answers nothing")
    return tool


def whole(tool: Giving, own: dict[str, Any], *, again: int = 1) -> None:
    """Every record holds what it should, nothing else in it changed, and no value arrived more
    than so many times."""
    assert tool.lacks() == {}
    assert {record: tool.own(record) for record in own} == own
    assert tool.most_often() <= again


def accounted(tool: Giving, since: dict[str, int] | None = None) -> list[int]:
    """How many rows were due in each run, after seeing that it says what became of all. `since`:
    of the last run, what rows became that it had placed."""
    runs, rows = tool.accounts()
    for run in runs:
        assert run["due"] == sum(run[name] or 0 for name in COUNTS), run
        states = rows.get(run["run"], [])
        assert len(states) <= run["due"]
        if since and run is runs[-1]:
            assert {name: states.count(name) for name in since} == since
            continue
        assert states.count("refused") == run["refused"]
        assert states.count("kept") == run["kept"]
        done = sum(states.count(name) for name in ("accepted", "found", "restored"))
        assert done == run["accepted"] + run["found"], run
    assert rows.keys() <= {run["run"] for run in runs}
    return [run["due"] for run in runs]


def told(done: Published) -> dict[str, int]:
    return {name: getattr(done, name) for name in COUNTS if getattr(done, name)}


def meets(patch: pytest.MonkeyPatch, tool: Giving, fault: str, times: int) -> None:
    """So many times a batch about to be written meets the fault."""
    real, left = Ledger.intend, iter(range(times))

    def intend(*arguments: Any) -> None:
        real(*arguments)
        if next(left, None) is not None:
            tool.store.faults = [fault]

    patch.setattr(Ledger, "intend", intend)


def test_what_changed_arrives_once_and_the_same_again_asks_nothing(tool: Giving) -> None:
    own = tool.want(1, ROWS).theirs()
    assert told(tool.publish()) == {"accepted": ROWS}
    whole(tool, own)
    asked = tool.store.requests
    assert tool.publish().due == 0
    assert tool.store.requests == asked
    assert tool.change(2, "city", "revenue").publish().values == 2 * ROWS
    whole(tool, own, again=1 if tool.reads else 2)  # a line of a file is whole
    assert accounted(tool) == [ROWS, ROWS]


def test_a_bad_row_stops_nobody_and_is_left_alone(tool: Giving) -> None:
    own = tool.want(1, ROWS).theirs()
    bad = tool.spoil()
    done = tool.publish()
    assert told(done) == {"accepted": ROWS - 1, "refused": 1}
    assert f"record {bad}: " in str(done.problem)
    assert tool.lacks().keys() <= {bad}
    assert {record: tool.own(record) for record in own} == own
    again = tool.publish()
    assert (again.due, again.skipped, again.problem) == (0, 1, None)
    assert told(tool.publish(retry_refused=True)) == {"refused": 1}
    assert tool.most_often() == 1
    assert accounted(tool) == [ROWS, 1]


def of_kinds(pairs: list[tuple[Kind, str]]) -> pytest.MarkDecorator:
    named = [pytest.param(kind, point, id=f"{kind.name}-{point}") for kind, point in pairs]
    return pytest.mark.parametrize(("served", "point"), named, indirect=["served"])


@of_kinds(KILLED)
def test_killed_anywhere_the_next_run_makes_it_good(tool: Giving, point: str) -> None:
    own: dict[str, Any] = {}
    for hit in (1, 2) if point in JOURNAL else count(1):
        own |= tool.want(hit, BATCH + 1).theirs()
        died = ended(partial(failpoints.arm, point, hit), tool.publish)
        if died == 0:
            break
        assert died == -signal.SIGKILL
        assert tool.publish().problem is None
        whole(tool, own, again=1 if tool.reads else 2)  # who cannot be asked is told again
    assert hit > 1, f"{point} was not reached"
    assert tool.publish().due == 0
    accounted(tool)


def test_what_passes_is_waited_for(tool: Giving, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, fault in enumerate(PASSING[tool.kind.name], start=1):
        own = tool.want(number, ROWS).theirs()
        tool.store.faults = [fault]
        with monkeypatch.context() as patch:
            meets(patch, tool, fault, times=ROWS // BATCH)
            assert told(tool.publish()) == {"accepted": ROWS}
        assert tool.store.faults == []
        whole(tool, own)
    accounted(tool)


def test_a_write_without_an_answer_is_settled_by_looking(
    tool: Giving, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, fault in enumerate(OPEN[tool.kind.name], start=1):
        own = tool.want(number, ROWS).theirs()
        with monkeypatch.context() as patch:
            meets(patch, tool, fault, times=1)
            done = tool.publish()
        assert tool.store.faults == []
        assert "nobody knows whether they arrived" in str(done.problem)
        settled = tool.publish()
        assert (settled.due, settled.problem) == (done.waiting, None)
        assert bool(settled.found) == (fault == "slow_done" and tool.reads)
        assert tool.publish().due == 0
        whole(tool, own, again=1 if tool.reads else 2)
    accounted(tool)


def test_nothing_is_written_where_nothing_can_be_read(
    readable: Giving, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = readable.want(1, ROWS).theirs()
    real = readable.kind.publisher.read

    def read(*arguments: Any) -> Any:
        readable.store.faults = ["html"]
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(readable.kind.publisher, "read", read)
        assert told(readable.publish()) == {"waiting": ROWS}
    assert readable.most_often() == 0
    assert told(readable.publish()) == {"accepted": ROWS}
    whole(readable, own)
    assert accounted(readable) == [ROWS, ROWS]


def test_a_run_that_ends_in_the_middle_accounts_for_all_its_rows(
    tool: Giving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second batch is refused for good, as by a login that was taken away."""
    from clients import Denied

    real, batches = tool.kind.publisher.send, count(1)

    def send(client: Any, rows: Any) -> Any:
        if next(batches) == 2:
            raise Denied(tool.system.name, "the login was taken away")
        return real(client, rows)

    own = tool.want(1, 2 * ROWS).theirs()
    with monkeypatch.context() as patch:
        patch.setattr(tool.kind.publisher, "send", send)
        with pytest.raises(Denied):
            tool.publish()
    assert tool.publish().due == 2 * ROWS - BATCH
    whole(tool, own)
    assert accounted(tool) == [2 * ROWS, 2 * ROWS - BATCH]


@pytest.mark.parametrize("ownership", ["ours", "newest", "if_empty", "theirs"])
def test_an_edit_in_the_tool_is_decided_by_whose_the_field_is(
    readable: Giving, ownership: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = readable
    promised = {"city": {"ownership": ownership}}
    monkeypatch.setattr(publishers.plan, "_promised", lambda table: promised)
    own = tool.want(1, ROWS).theirs()
    first, *others = tool.wanted
    tool.publish()
    if ownership != "theirs":
        tool.edit(first, "city", "Bursa")
    assert told(tool.change(2).publish()) == {"accepted": ROWS}
    stands = {
        "ours": ("Muğla 2", "Muğla 2"),
        "newest": ("Bursa", "Muğla 2"),
        "if_empty": ("Bursa", "Muğla 1"),
        "theirs": (None, None),
    }[ownership]
    for record, row in tool.wanted.items():
        row["city"] = stands[record != first]
    whole(tool, own)
    assert tool.serve({r: {**row, "city": "Muğla 2"} for r, row in tool.wanted.items()})
    assert tool.publish().due == 0
    assert accounted(tool) == [ROWS, ROWS]
    assert others


def test_a_dry_run_moves_nothing(tool: Giving) -> None:
    tool.want(1, ROWS)
    for known in (False, True):
        if known:
            tool.publish()
            tool.change(2)
        before, asked = tool.remembered(), tool.store.requests
        for done in (tool.publish(dry_run=True), *_looks(tool, known)):
            assert (done.due, told(done)) == (ROWS, {})
        assert tool.remembered() == before
        assert tool.store.requests == asked
        assert bool(before) == known


def _looks(tool: Giving, known: bool) -> list[Published]:
    return [tool.restore(tool.last_run(), apply=False)] if known else []


def test_what_a_run_wrote_is_put_back_and_stays_so(tool: Giving) -> None:
    own = tool.want(1, ROWS).theirs()
    before = tool.wanted
    tool.publish()
    first = tool.last_run()
    tool.change(2).publish()
    edited = next(iter(before)) if tool.reads else ""
    if edited:
        tool.edit(edited, "city", "Bursa")
    newest = tool.wanted
    assert told(tool.restore(tool.last_run())) == {"accepted": ROWS}
    tool.wanted = {**before, **({edited: {**before[edited], "city": "Bursa"}} if edited else {})}
    assert tool.lacks() == {}
    assert tool.serve(newest).publish().due == 0  # ours is the value that was taken back
    tool.restore(first)
    tool.wanted = {record: {"city": "Bursa" if record == edited else None} for record in before}
    assert tool.lacks() == {}
    assert {record: tool.own(record) for record in own} == own
    accounted(tool)


@of_kinds(KILLED_TAKING_BACK)
@pytest.mark.parametrize("hit", [1, 2])
def test_taking_back_that_was_killed_is_ended_by_doing_it_again(
    tool: Giving, point: str, hit: int
) -> None:
    own = tool.want(1, ROWS).theirs()
    before = tool.wanted
    tool.publish()
    newest = tool.change(2).wanted
    tool.publish()
    wrong = tool.last_run()
    died = ended(partial(failpoints.arm, point, hit), partial(tool.restore, wrong))
    assert died == -signal.SIGKILL
    assert tool.restore(wrong).problem is None
    tool.wanted = before
    assert tool.lacks() == {}
    assert {record: tool.own(record) for record in own} == own
    assert tool.serve(newest).publish().due == 0
    accounted(tool)
