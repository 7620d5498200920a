"""Tokens that expire, points that run out, errors inside a 200."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from clients import ClientError, Denied, Implausible, Refused, Unavailable
from clients.http import Unknown
from clients.shopify import CHECK, Shopify, connect
from clients.shopify.token import Token
from sandbox.serving import serving
from sandbox.shopify import Shopify as Server
from systems import Connection, System
from tests import company
from tests.clients.scripted import URL, Clock, answer, script

QUERY = "query Q { customers(first: 100) { nodes { id } } }"
WRITE = "mutation M { tagsAdd(id: 1, tags: []) { userErrors { message } } }"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Server:
    return Server(company.customers(100), [], token_seconds=3600, clock=clock)


@pytest.fixture
def system(server: Server) -> Iterator[System]:
    with serving(server.app()) as url:
        secrets = {"login": server.client_id, "password": server.client_secret}
        yield System("boutique", "shopify", connection=Connection(host=url, **secrets))


def shop(system: System, clock: Clock) -> Shopify:
    return connect(system, sleep=clock.sleep, clock=clock)


def test_a_token_is_fetched_once_and_renewed_before_its_end(
    system: System, server: Server, clock: Clock
) -> None:
    client = shop(system, clock)
    for _ in range(3):
        client.query(CHECK)
    assert server.requests == 4
    clock.now += 3400
    client.query(CHECK)
    assert server.requests == 6


def test_a_token_is_kept_as_long_as_its_connection(
    system: System, server: Server, clock: Clock
) -> None:
    for _ in range(3):
        shop(system, clock).query(CHECK)
    assert server.requests == 4
    shop(system.connected(replace(system.connection)), clock).query(CHECK)
    assert server.requests == 6


def test_a_token_refused_early_is_renewed_once(
    system: System, server: Server, clock: Clock
) -> None:
    client = shop(system, clock)
    client.query(CHECK)
    server.tokens._ends.clear()
    assert client.query(CHECK)["customersCount"]["count"] == 100
    assert server.requests == 5


def test_a_wrong_secret_is_denied_without_showing_it(system: System, clock: Clock) -> None:
    for field in ("password", "login"):
        wrong = system.connected(replace(system.connection, **{field: "shpss_wrong"}))
        with pytest.raises(Denied) as caught:
            shop(wrong, clock).query(CHECK)
        assert "Airflow connection 'boutique'" in str(caught.value)
        assert "shpss_wrong" not in str(caught.value)


def test_a_static_token_needs_no_grant(clock: Clock) -> None:
    server = Server(company.customers(1), [], static_token="shpat_1", clock=clock)
    with serving(server.app()) as url:
        connection = Connection(host=url, password="shpat_1")
        shop(System("boutique", "shopify", connection=connection), clock).query(CHECK)
    assert server.requests == 1


def test_points_are_waited_for_instead_of_being_throttled(clock: Clock) -> None:
    server = Server(company.customers(100), [], bucket=250, restore=50, clock=clock)
    with serving(server.app()) as url:
        secrets = {"login": server.client_id, "password": server.client_secret}
        connection = Connection(host=url, **secrets)
        client = shop(System("boutique", "shopify", connection=connection), clock)
        for _ in range(6):
            assert len(client.query(QUERY)["customers"]["nodes"]) == 100
    assert server.requests == 7, "a throttled answer would have cost another request"
    assert sum(clock.slept) >= 350 / 50 - 3


def test_each_query_waits_for_its_own_points(clock: Clock) -> None:
    """One that costs much comes after many that cost little, as a publish reads and writes."""
    server = Server(company.customers(100), [], bucket=250, restore=50, clock=clock)
    with serving(server.app()) as url:
        secrets = {"login": server.client_id, "password": server.client_secret}
        connection = Connection(host=url, **secrets)
        client = shop(System("boutique", "shopify", connection=connection), clock)
        for _ in range(4):
            client.query(QUERY)
            for _ in range(8):
                client.mutate(WRITE, {})
    assert server.requests == 1 + 4 * 9, "a throttled answer would have cost another request"
    # all points but those that are left over: 4 queries of 100, 32 writes of 11
    assert sum(clock.slept) <= (4 * 100 + 32 * 11 - 250) / 50 + 2


def test_throttled_is_waited_out(system: System, server: Server, clock: Clock) -> None:
    server.faults = ["throttled", "throttled"]
    assert shop(system, clock).query(CHECK)["shop"]
    assert len(clock.slept) == 2
    assert min(clock.slept) >= 1


def test_check_tells_of_orders_it_cannot_see(system: System, server: Server, clock: Clock) -> None:
    assert "reads 100 customers, 0 orders" in shop(system, clock).check()
    assert "60 days" not in shop(system, clock).check()
    server.scopes.discard("read_all_orders")
    assert "60 days" in shop(system, clock).check()


def test_a_missing_scope_is_denied_with_the_vendors_words(
    system: System, server: Server, clock: Clock
) -> None:
    server.scopes.discard("read_customers")
    with pytest.raises(Denied, match="Access denied for customersCount.*ACCESS_DENIED.*scope"):
        shop(system, clock).query(CHECK)


def static(*given: Any) -> Shopify:
    connection = Connection(host=URL, password="shpat_1")
    client = connect(System("boutique", "shopify", connection=connection), sleep=lambda s: None)
    script(client.http.session, *given)
    return client


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"errors": [{"message": "Field 'x' doesn't exist"}]}, Refused),
        (
            {"errors": [{"message": "no", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]},
            Unavailable,
        ),
        ({"data": {"a": 1}, "errors": [{"message": "half"}]}, Refused),
        ({"errors": "Not Found"}, Refused),
        ({"extensions": {}}, Implausible),
        ([], Implausible),
    ],
)
def test_errors_inside_a_200(body: Any, kind: type[ClientError]) -> None:
    with pytest.raises(kind, match="^boutique: "):
        static(answer(body=body)).query(CHECK)


def test_a_write_that_broke_inside_is_unknown() -> None:
    body = {"errors": [{"message": "no", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
    with pytest.raises(Unknown):
        static(answer(body=body)).mutate(WRITE, {})


def test_threads_share_one_new_token() -> None:
    granted: list[str] = []

    def grant() -> tuple[str, float]:
        granted.append(f"token {len(granted) + 1}")
        return granted[-1], 3600

    token, start = Token(None, grant), threading.Barrier(8)

    def valid(refused: str | None) -> str:
        start.wait(timeout=20)
        return token._valid(refused)

    with ThreadPoolExecutor(8) as pool:
        assert {*pool.map(valid, [None] * 8)} == {"token 1"}
        # All eight were refused with it: the first one renews, for all.
        assert {*pool.map(valid, ["token 1"] * 8)} == {"token 2"}
