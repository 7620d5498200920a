"""Bad input, from the system to the warehouse: one clear error, nothing else stops, and the next
run picks up what was missed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from sandbox.shopify.tokens import Tokens
from systems import System
from tests.house import House
from tests.kinds import KINDS, Kind, Running

NARROW = [kind.narrowed() for kind in KINDS]
ALL = {kind.name: kind for kind in NARROW}


@pytest.fixture(autouse=True)
def _nobody_really_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in KINDS:
        if kind.sleeps:
            napping = partial(kind.source.connect, sleep=lambda seconds: None)
            monkeypatch.setattr(kind.source, "connect", napping)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture(params=NARROW, ids=lambda kind: kind.name)
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    with small(request.param) as served:
        yield served


@contextmanager
def small(kind: Kind) -> Iterator[Running]:
    with kind.running(customers=25, orders=6) as served:
        yield served


def clear(problem: str, system: System, table: str, cause: str, remedy: str) -> None:
    """One sentence of each that a person can act on, and no secret."""
    assert problem.startswith(f"{system.name}.{table}: ")
    assert cause in problem
    assert remedy in problem.partition(cause)[2]
    assert "\n" not in problem
    assert len(problem) < 600
    secrets = (system.connection.password, *system.connection.extra.values())
    assert not any(str(secret) in problem for secret in secrets)


def all_there(house: House, running: Running, *tables: str) -> None:
    for table in tables or running.kind.tables:
        assert house.rows(running.system, table).keys() == running.held(table).keys()


def test_a_system_that_is_down(house: House, running: Running) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    system = running.gone(port)
    problems = house.round(system)
    for table, problem in zip(running.contract.tables, problems, strict=True):
        clear(problem, system, table, f"127.0.0.1:{port}", f"Airflow connection {system.name!r}")
    assert house.round(running.system) == []
    all_there(house, running)


def test_a_wrong_password(house: House, running: Running) -> None:
    system = running.other(password="parola-degil")
    problems = house.round(system)
    causes = {"files": "refuses the login", "soap": "BAD_CREDENTIALS: Bad value for login"}
    cause = causes.get(running.kind.name, "answered 401: ")
    for table, problem in zip(running.contract.tables, problems, strict=True):
        clear(problem, system, table, cause, f"Airflow connection {system.name!r}")
    assert house.round(running.system) == []
    all_there(house, running)


def test_no_password_at_all(house: House, running: Running) -> None:
    system = running.other(password=None)
    problems = house.round(system)
    for table, problem in zip(running.contract.tables, problems, strict=True):
        assert problem.startswith(f"{system.name}.{table}: ")
        assert f"Airflow connection {system.name!r}" in problem


def test_an_answer_that_is_none(house: House, running: Running) -> None:
    """A 200 with HTML; of a till, a file in the wrong encoding."""
    kind, [spoilt, *others] = running.kind, running.kind.tables
    remedies = {"files": "tried again in the next run", "soap": "The next run reads again"}
    running.plan(kind.doubtful)
    [problem] = house.round(running.system)
    clear(problem, running.system, spoilt, kind.doubt, remedies.get(kind.name, "check the address"))
    assert house.rows(running.system, spoilt) == {}
    all_there(house, running, *others)
    running.mend()
    assert house.round(running.system) == []
    all_there(house, running)


def test_a_file_in_the_wrong_encoding_after_good_ones(house: House) -> None:
    with small(ALL["files"]) as till:
        house.round(till.system)
        till.store.faults = ["wrong_encoding"]
        till.change("7", phone="0555 111 22 33")
        [problem] = house.round(till.system)
        cause = "musteriler_20261121.csv: it is utf-8, not cp1254"
        clear(problem, till.system, "customers", cause, "set encoding, or export it anew")
        all_there(house, till)
        assert house.rows(till.system, "customers")["7"]["phone"] == "0533 000 00 07"
        till.mend()
        assert house.round(till.system) == []
        assert house.rows(till.system, "customers")["7"]["phone"] == "0555 111 22 33"


def test_a_token_that_expired_is_renewed_and_told_nobody(house: House) -> None:
    with small(ALL["shopify"]) as shop:
        assert house.round(shop.system) == []
        login = (shop.store.client_id, shop.store.client_secret)
        shop.store.tokens = Tokens(*login, None, 86_400, lambda: 0.0)  # has forgotten all tokens
        shop.change("7", phone="0555 111 22 33")
        assert house.round(shop.system) == []
        assert phone_of_7(house, shop) == "0555 111 22 33"


def test_a_static_token_that_expired(house: House) -> None:
    with small(ALL["shopify"]) as shop:
        shop.store.tokens = Tokens("", "", "shpat_first", 1, lambda: 0.0)
        system = shop.other(login=None, password="shpat_first")
        assert house.round(system) == []
        shop.store.tokens = Tokens("", "", "shpat_second", 1, lambda: 0.0)
        shop.change("7", phone="0555 111 22 33")
        problems = house.round(system)
        for table, problem in zip(shop.contract.tables, problems, strict=True):
            cause = "answered 401: [API] Invalid API key or access token"
            clear(problem, system, table, cause, f"Airflow connection {system.name!r}")
        assert house.round(shop.other(login=None, password="shpat_second")) == []
        assert phone_of_7(house, shop) == "0555 111 22 33"


def phone_of_7(house: House, shop: Running) -> str:
    return str(house.rows(shop.system, "customers")["gid://shopify/Customer/7"]["phone"])


def test_a_missing_scope_stops_its_table_only(house: House) -> None:
    [shopify] = [kind for kind in KINDS if kind.name == "shopify"]
    with small(shopify) as shop:
        shop.store.scopes.discard("read_orders")
        problems = house.round(shop.system)
        for problem, table in zip(problems, ("orders", "abandoned_checkouts"), strict=True):
            clear(problem, shop.system, table, "(ACCESS_DENIED)", "Give the app the missing access")
        all_there(house, shop, "customers", "products")
        shop.store.scopes.add("read_orders")
        assert house.round(shop.system) == []
        all_there(house, shop)


def test_a_row_that_breaks_its_contract(house: House) -> None:
    with small(ALL["woocommerce"]) as store:
        house.round(store.system)
        store.change("7", email="kim bilir")
        store.change("8", phone="0555 111 22 33")
        assert house.round(store.system) == []
        [notice] = house.notices
        cause = "1 of 2 rows break the rule email"
        clear(notice, store.system, "customers", cause, f"Mend them in {store.system.name}")
        assert "first keys 7" in notice
        rows = house.rows(store.system, "customers")
        assert rows["7"]["email"] == "gulsen7@example.com"
        assert rows["8"]["phone"] == "0555 111 22 33"
        assert house.quarantined(store.system) == ["7"]
        store.change("7", email="yeni@example.com")
        assert house.round(store.system) == []
        assert house.rows(store.system, "customers")["7"]["email"] == "yeni@example.com"
        assert house.quarantined(store.system) == []


def test_a_line_of_something_else_in_a_file(house: House) -> None:
    with small(ALL["files"]) as till:
        till.plan("garbage_row")
        assert house.round(till.system) == []
        assert any("first keys musteriler_20261120.csv row 1" in told for told in house.notices)
        all_there(house, till)
        till.mend()
        assert house.round(till.system) == []
        assert house.quarantined(till.system) == []


def test_too_many_rows_that_break_their_contract(house: House) -> None:
    with small(ALL["woocommerce"]) as store:
        house.round(store.system)
        for number in range(1, 11):
            store.change(str(number), email="kim bilir", phone="0555 111 22 33")
        [problem] = house.round(store.system)
        cause = "10 of 10 rows break the contract, more than the 5% it allows (email"
        clear(problem, store.system, "customers", cause, "Mend the rows in the system or the rule")
        assert "first keys 1, 10, 2, 3, 4" in problem
        all_there(house, store)
        assert house.rows(store.system, "customers")["3"]["phone"] == "0533 000 00 03"
        [again] = house.round(store.system)
        assert again == problem
        for number in range(1, 11):
            store.change(str(number), email=f"yeni{number}@example.com")
        assert house.round(store.system) == []
        row = house.rows(store.system, "customers")["3"]
        assert (row["email"], row["phone"]) == ("yeni3@example.com", "0555 111 22 33")


def test_a_soap_fault(house: House) -> None:
    with small(ALL["soap"]) as erp:
        erp.plan(*["fault"] * 4)
        [problem] = house.round(erp.system)
        cause = "getListOfThirdParties gave a SOAP fault: Server: Unable to process the request"
        clear(problem, erp.system, "customers", cause, "see the server's log")
        all_there(house, erp, "orders")
        assert house.round(erp.system) == []
        all_there(house, erp)


def test_a_business_error_in_a_200(house: House) -> None:
    with small(ALL["soap"]) as erp:
        house.round(erp.system)
        erp.change("7", phone="0555 111 22 33")
        erp.plan("business_error")
        [problem] = house.round(erp.system)
        cause = "getListOfThirdParties answered KO: DB_ERROR_NOSUCHFIELD Unknown column"
        clear(problem, erp.system, "customers", cause, "see the record there")
        all_there(house, erp)
        assert house.round(erp.system) == []
        assert house.rows(erp.system, "customers")["7"]["phone"] == "05551112233"


def test_a_detail_that_is_refused(house: House) -> None:
    """The list goes on with the others, and the next run asks for the one again."""
    with small(ALL["soap"]) as erp:
        erp.plan("business_error")
        first = erp.store.faults.pop()
        whole = erp.store.operations["getThirdParty"]

        def once(**arguments: str) -> str:
            if arguments["id"] == "7":
                erp.store.faults = [first]
            return whole(**arguments)

        erp.store.operations["getThirdParty"] = once
        house.round(erp.system)
        erp.store.operations["getThirdParty"] = whole
        assert house.round(erp.system) == []
        all_there(house, erp)


def test_a_failing_system_leaves_the_others_alone(house: House) -> None:
    """Same kind, same tables: what one says of itself never touches the other's rows."""
    with small(ALL["woocommerce"]) as good, small(ALL["woocommerce"]) as bad:
        other = replace(bad.system, name="outlet")
        house.round(other)
        for number in range(1, 26):
            bad.change(str(number), email="kim bilir")
        assert len(house.round(other)) == 1
        assert house.round(good.system) == []
        all_there(house, good)
        assert house.rows(other, "customers").keys() == bad.held("customers").keys()
