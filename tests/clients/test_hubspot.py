"""HubSpot's limits, and what its errors become."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from clients import ClientError, Denied, Implausible, Refused, Unavailable
from clients.hubspot import HubSpot, connect
from sandbox.hubspot import HubSpot as Server
from sandbox.serving import serving
from systems import Connection, System
from tests import company
from tests.clients.scripted import URL, Clock, Given, Scripted, answer, script

EMPTY = {"results": [], "total": 0}
SEARCH = {"filterGroups": [], "limit": 1}


def crm(*given: Given) -> tuple[HubSpot, Scripted, Clock]:
    clock = Clock()
    system = System("crm", "hubspot", connection=Connection(host=URL, password="pat-1"))
    client = connect(system, sleep=clock.sleep, clock=clock)
    return client, script(client.http.session, *given), clock


def limited(policy: str) -> Any:
    said = {"message": "You have reached your limit.", "policyName": policy}
    return answer(429, {"status": "error", "errorType": "RATE_LIMIT", **said})


@pytest.mark.parametrize(("policy", "wait"), [("TEN_SECONDLY_ROLLING", 10), ("SECONDLY", 1)])
def test_the_broken_limit_says_how_long_to_wait(policy: str, wait: float) -> None:
    client, adapter, clock = crm(limited(policy), answer(body=EMPTY))
    client.page("contacts", (), None)
    assert clock.slept == [wait]
    assert len(adapter.asked) == 2


def test_the_daily_limit_ends_the_run_at_once() -> None:
    client, _, clock = crm(limited("DAILY"))
    with pytest.raises(Unavailable, match="86400 s"):
        client.page("contacts", (), None)
    assert clock.slept == []


def test_a_lock_is_given_two_seconds() -> None:
    client, _, clock = crm(answer(423, {"message": "locked"}), answer(body=EMPTY))
    client.page("contacts", (), None)
    assert clock.slept == [2]


def test_searches_are_kept_five_a_second() -> None:
    clock = Clock()
    server = Server(company.customers(3), [], searches_per_s=5, clock=clock)
    with serving(server.app()) as url:
        connection = Connection(host=url, password=server.token)
        client = connect(
            System("crm", "hubspot", connection=connection), sleep=clock.sleep, clock=clock
        )
        for _ in range(12):
            client.search("contacts", SEARCH)
    assert server.requests == 12, "an answer of 429 would have cost another request"


def test_what_leaves_the_window_is_used_at_once() -> None:
    """Ten requests in any ten seconds, of which each takes half a second: 31 need 30 seconds."""
    clock = Clock()
    server = Server(company.customers(3), [], requests_per_10s=10, clock=clock)
    with serving(server.app()) as url:
        connection = Connection(host=url, password=server.token)
        system = System("crm", "hubspot", connection=connection)
        client, began = connect(system, sleep=clock.sleep, clock=clock), clock.now
        for _ in range(31):
            client.page("contacts", (), None)
            last, clock.now = clock.now, clock.now + 0.5
    assert server.requests == 31, "an answer of 429 would have cost another request"
    assert last - began == pytest.approx(30.0)


def test_an_emptied_interval_is_sat_out_before_the_next_request() -> None:
    clock = Clock()
    server = Server(company.customers(3), [], requests_per_10s=4, clock=clock)
    with serving(server.app()) as url:
        connection = Connection(host=url, password=server.token)
        client = connect(
            System("crm", "hubspot", connection=connection), sleep=clock.sleep, clock=clock
        )
        for _ in range(9):
            client.page("contacts", (), None)
    assert server.requests == 9
    assert clock.slept == [10, 10]


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        (answer(401, {"message": "no", "category": "INVALID_AUTHENTICATION"}), Denied, "'crm'"),
        (
            answer(403, {"message": "scopes", "category": "MISSING_SCOPES"}),
            Denied,
            "MISSING_SCOPES",
        ),
        (answer(400, {"message": "bad", "category": "VALIDATION_ERROR"}), Refused, "bad"),
        (answer(500, {"message": "internal error"}), Unavailable, "internal error"),
        (answer(200, {"total": 3}), Implausible, "results"),
        (answer(200, {"results": []}), Implausible, "total"),
        (answer(200, "<html>hi</html>"), Implausible, "hi"),
    ],
)
def test_errors_of_a_search(given: Given, kind: type[ClientError], said: str) -> None:
    client, _, _ = crm(given)
    with pytest.raises(kind, match=said):
        client.search("contacts", SEARCH)


@pytest.mark.parametrize(
    "end", [{"id": "7", "type": "deal_to_contact"}, {"toObjectId": 7, "associationTypes": []}]
)
def test_associations_of_both_ages_are_understood(end: dict[str, Any]) -> None:
    client, _, _ = crm(answer(207, {"results": [{"from": {"id": "1"}, "to": [end]}]}))
    assert client.associated("deals", "contacts", ["1", "2"]) == {"1": ["7"]}


def test_the_address_is_hubspots_own_unless_told_otherwise() -> None:
    client = connect(System("crm", "hubspot", connection=Connection(password="pat-1")))
    assert client.http.base == "https://api.hubapi.com"
    with pytest.raises(Denied, match="service key"):
        connect(System("crm", "hubspot"))


@pytest.mark.parametrize(
    "given",
    [
        answer(200, "<p>Debug: authorization=Bearer pat-gizli</p>", {"Content-Type": "text/html"}),
        answer(400, {"message": "Bad header Bearer pat-gizli", "category": "VALIDATION_ERROR"}),
    ],
)
def test_a_token_quoted_in_an_error_is_not_told(given: requests.Response) -> None:
    connection = Connection(host=URL, password="pat-gizli")
    crm = connect(System("crm", "hubspot", connection=connection))
    script(crm.http.session, given)
    with pytest.raises(ClientError) as caught:
        crm.names("contacts")
    assert "pat-gizli" not in f"{caught.value!r} {caught.value}"
    assert "Bearer ***" in str(caught.value)
