"""What every publisher must do. A new kind joins by one entry in tests/kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from clients import Denied
from publishers import Due, Field, Outcome
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


@pytest.fixture(params=[kind for kind in KINDS if kind.publisher], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture
def running(kind: Kind) -> Iterator[Running]:
    with kind.running(customers=130, orders=0) as served:
        yield served


@pytest.fixture
def client(kind: Kind, running: Running) -> Any:
    made = kind.client.connect(running.system, sleep=lambda seconds: None)
    kind.publisher.prepare(made, FIELDS)
    return made


def due(record: str, **values: str | None) -> Due:
    return Due(record, f"c-{record}", values or VALUES)


def states(outcomes: list[Outcome]) -> dict[str, str]:
    assert len({outcome.record for outcome in outcomes}) == len(outcomes)
    return {outcome.record: outcome.state for outcome in outcomes}


def given(running: Running, record: str) -> dict[str, str]:
    """What the tool keeps of ours, without its prefix; empty values are as good as none."""
    values = running.store.given.get(record, {})
    return {re.sub("^kopru[_.]", "", name): str(text) for name, text in values.items() if text}


def test_values_arrive_and_the_same_again_change_nothing(
    kind: Kind, running: Running, client: Any
) -> None:
    rows = [due(str(number)) for number in range(1, kind.publisher.BATCH + 1)]
    assert set(states(kind.publisher.send(client, rows)).values()) == {"accepted"}
    assert given(running, "1") == given(running, "100") == VALUES
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
    kind.publisher.send(client, [due("4")])
    cleared = kind.publisher.send(client, [due("4", tier=None, revenue=None, orders="4")])
    assert states(cleared) == {"4": "accepted"}
    kept = {"orders": "4", "first_order": "2026-03-01", "omnichannel": "true"}
    assert given(running, "4") == kept


def test_a_row_that_is_gone_is_refused_in_the_vendors_words(
    kind: Kind, running: Running, client: Any
) -> None:
    rows = [due("1"), due("99999"), due("2")]
    outcomes = kind.publisher.send(client, rows)
    assert states(outcomes) == {"1": "accepted", "99999": "refused", "2": "accepted"}
    [refused] = [outcome for outcome in outcomes if outcome.state == "refused"]
    assert len(refused.detail) > 10
    assert given(running, "2") == VALUES


def test_a_strange_id_does_not_stop_the_others(kind: Kind, running: Running, client: Any) -> None:
    outcomes = kind.publisher.send(client, [due("no such id"), due("5")])
    assert states(outcomes) == {"no such id": "refused", "5": "accepted"}
    assert given(running, "5") == VALUES


def test_an_unknown_outcome_is_tried_again(kind: Kind, running: Running, client: Any) -> None:
    running.store.faults = ["slow_done"]
    [outcome] = kind.publisher.send(client, [due("6")])
    assert outcome.state == "retry"
    assert "unknown" in outcome.detail
    assert given(running, "6") == VALUES
    assert states(kind.publisher.send(client, [due("6")])) == {"6": "accepted"}
    assert running.store.writes == 1


def test_a_page_instead_of_an_answer_is_tried_again(
    kind: Kind, running: Running, client: Any
) -> None:
    running.store.faults = ["html"]
    [outcome] = kind.publisher.send(client, [due("7")])
    assert outcome.state == "retry"
    assert "text/html" in outcome.detail


def test_wrong_credentials_stop_everything(kind: Kind, running: Running) -> None:
    with pytest.raises(Denied):
        kind.publisher.send(kind.client.connect(running.other(password="wrong")), [due("1")])
