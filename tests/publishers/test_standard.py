"""What every publisher must do. A new kind joins by one entry in tests/kinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clients import Denied
from publishers import Due, Field, Outcome
from publishers.policy import is_same
from tests.kinds import KINDS, Kind, Running

FIELDS = {
    "tier": Field("tier", "Tier", "text"),
    "orders": Field("orders", "Orders", "integer"),
    "revenue": Field("revenue", "Revenue", "decimal"),
    "first_order": Field("first_order", "First order", "date"),
    "omnichannel": Field("omnichannel", "Buys everywhere", "boolean"),
}
VALUES = {
    "tier": "altın",
    "orders": "3",
    "revenue": "12.50",
    "first_order": "2026-03-01",
    "omnichannel": "true",
}
MANY = 60
# What the vendors' rules allow: 100 records a batch, 25 metafields a call (five values a row), one
# record a call, one file.
FEWEST = {
    "woocommerce": lambda rows: -(-rows // 100),
    "hubspot": lambda rows: -(-rows // 100),
    "shopify": lambda rows: -(-rows // 5),
    "soap": lambda rows: rows,
    "files": lambda rows: 1,
}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture
def running(kind: Kind) -> Iterator[Running]:
    with kind.running(customers=MANY, orders=0) as served:
        yield served


@pytest.fixture
def client(kind: Kind, running: Running) -> Any:
    napping = {"sleep": lambda seconds: None} if kind.sleeps else {}
    made = kind.publisher.connect(running.system, **napping)
    kind.publisher.prepare(made, FIELDS)
    return made


def due(record: str, **changes: str | None) -> Due:
    """As the ledger makes it: what changed, and all values as they should stand."""
    return Due(record, f"c-{record}", changes or VALUES, {**VALUES, **changes})


def states(outcomes: list[Outcome]) -> dict[str, str]:
    assert len({outcome.record for outcome in outcomes}) == len(outcomes)
    return {outcome.record: outcome.state for outcome in outcomes}


def given(running: Running, record: str) -> dict[str, str]:
    return running.kind.given(running.store, record)


def own(running: Running, record: str) -> dict[str, Any]:
    """What is not ours in a record."""
    customer = {**vars(running.store.customers[record]), "updated_at": None}
    return customer | running.kind.own(running.store, record)


def answering(kind: Kind) -> None:
    if kind.publisher.read is None:
        pytest.skip("a folder takes any line and answers nothing")


def test_values_arrive_and_the_same_again_change_nothing(
    kind: Kind, running: Running, client: Any
) -> None:
    rows = [due(str(number)) for number in range(1, min(kind.publisher.BATCH, MANY) + 1)]
    last = rows[-1].record
    before = own(running, last)
    assert set(states(kind.publisher.send(client, rows)).values()) == {"accepted"}
    assert given(running, "1") == given(running, last) == VALUES
    assert own(running, last) == before
    written = running.store.writes
    assert written == len(rows)
    kind.publisher.prepare(client, FIELDS)
    assert set(states(kind.publisher.send(client, rows)).values()) == {"accepted"}
    assert running.store.writes == written


def test_nothing_to_send_asks_nothing(kind: Kind, running: Running, client: Any) -> None:
    asked = running.store.requests
    assert kind.publisher.send(client, []) == []
    assert running.store.requests == asked


def test_null_clears_and_leaves_the_rest(kind: Kind, running: Running, client: Any) -> None:
    before = own(running, "4")
    kind.publisher.send(client, [due("4")])
    cleared = kind.publisher.send(client, [due("4", tier=None, revenue=None, orders="4")])
    assert states(cleared) == {"4": "accepted"}
    kept = {"orders": "4", "first_order": "2026-03-01", "omnichannel": "true"}
    assert given(running, "4") == kept
    assert own(running, "4") == before


def test_what_a_tool_holds_of_ours_can_be_read(kind: Kind, running: Running, client: Any) -> None:
    if kind.publisher.read is None:
        pytest.skip("a folder answers nothing")
    names = [*VALUES, "never"]
    asked = [str(number) for number in range(1, MANY + 1)]
    kind.publisher.send(client, [due("4"), due(asked[-1], **{**VALUES, "tier": "gümüş"})])
    writes = running.store.writes
    found = kind.publisher.read(client, [*asked, "99999", "no such id"], names)
    assert found.keys() == {*asked}
    assert set(found["5"].get(name) or "" for name in names) == {""}
    for record, tier in (("4", "altın"), (asked[-1], "gümüş")):
        held = {name: value for name, value in found[record].items() if value}
        assert held.keys() == VALUES.keys()
        for name, value in {**VALUES, "tier": tier}.items():
            assert is_same(FIELDS[name], held[name], value)
    assert running.store.writes == writes
    assert kind.publisher.read(client, [], names) == {}


def test_as_few_calls_are_made_as_the_vendor_lets(
    kind: Kind, running: Running, client: Any
) -> None:
    rows = [due(str(number)) for number in range(1, min(kind.publisher.BATCH, MANY) + 1)]
    assert kind.publisher.calls([]) == 0
    assert kind.publisher.calls(rows) == FEWEST[kind.name](len(rows))
    answering(kind)
    asked = running.store.requests
    kind.publisher.send(client, rows)
    reads = 2 * len(rows) if kind.name == "soap" else 0  # before and after
    assert running.store.requests - asked - reads == kind.publisher.calls(rows)


def test_one_bad_row_is_refused_with_a_reason_and_the_others_go(
    kind: Kind, running: Running, client: Any
) -> None:
    bad = due("3", **kind.bad) if kind.bad else due("99999")
    outcomes = kind.publisher.send(client, [due("1"), bad, due("2")])
    assert states(outcomes) == {"1": "accepted", bad.record: "refused", "2": "accepted"}
    [refused] = [outcome for outcome in outcomes if outcome.state == "refused"]
    assert len(refused.detail) > 10
    assert given(running, "2") == VALUES
    assert given(running, "3") == {}


def test_a_strange_id_does_not_stop_the_others(kind: Kind, running: Running, client: Any) -> None:
    answering(kind)
    outcomes = kind.publisher.send(client, [due("no such id"), due("5")])
    assert states(outcomes) == {"no such id": "refused", "5": "accepted"}
    assert given(running, "5") == VALUES


def test_an_unknown_outcome_is_tried_again(kind: Kind, running: Running, client: Any) -> None:
    running.store.faults = ["slow_done"]
    [outcome] = kind.publisher.send(client, [due("6")])
    assert outcome.state == "retry"
    assert len(outcome.detail) > 10
    assert running.store.faults == []
    assert given(running, "6") == VALUES
    assert states(kind.publisher.send(client, [due("6")])) == {"6": "accepted"}
    assert running.store.writes == 1


def test_a_page_instead_of_an_answer_is_tried_again(
    kind: Kind, running: Running, client: Any
) -> None:
    answering(kind)
    running.store.faults = ["html"]
    [outcome] = kind.publisher.send(client, [due("7")])
    assert outcome.state == "retry"
    assert "text/html" in outcome.detail


def test_wrong_credentials_stop_everything_and_are_never_told(kind: Kind, running: Running) -> None:
    client = kind.publisher.connect(running.other(password="wrong-secret"))
    with pytest.raises(Denied) as denied:
        kind.publisher.send(client, [due("1")])
    assert "wrong-secret" not in f"{denied.value!r} {denied.value}"
    assert running.store.writes == 0
