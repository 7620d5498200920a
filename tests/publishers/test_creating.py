"""Records created over real servers: each customer once, with consent, linked for certain."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import warehouse.check
from contracts import contract_of
from publishers.engine import publish
from publishers.published import Published
from systems import System
from tests.core.feeds import put
from tests.core.house import NOON, House, counted
from tests.kinds import KINDS, Running
from warehouse.build import build
from warehouse.check import check
from warehouse.journal import Journal
from warehouse.load import load
from warehouse.overrides import overrule
from warehouse.pull import pull

TILL = System("web", "files", contract="canonical")
CREATING = [kind for kind in KINDS if hasattr(kind.publisher, "create")]
ROUNDS = 10


@dataclass
class Company:
    """Tools with two customers each, and a till whose customers they do not have."""

    house: House
    tools: dict[str, Running]
    systems: dict[str, System] = field(default_factory=dict)

    def person(self, number: int, consents: bool | None = True, **values: Any) -> None:
        row = {
            "customer_key": f"T{number}",
            "name": f"Oğuz Can Işık{number}",
            "email": f"Oguz{number}@Example.com",
            "phone": f"0532 111 22 {number:02}",
            "consent_email": consents,
        }
        put(self.house, TILL, "customers", {**row, **values})

    def built(self) -> None:
        for system in (*self.systems.values(), TILL):
            if system is not TILL:
                table = [*self.tools[system.kind].kind.tables][:1]
                pull(self.house.places, system, contract_of(system), tables=table)
            check(self.house.places, system, contract_of(system))
            load(self.house.places, system, contract_of(system))
        build(self.house.places, [*self.systems.values(), TILL], now=NOON)

    def published(self, approved_by: str = "oya", **options: Any) -> list[Published]:
        return [
            publish(self.house.places, system, approved_by=approved_by, **options)
            for system in self.systems.values()
        ]

    def round(self) -> list[Published]:
        self.built()
        done = self.published()
        assert [one.problem for one in done] == [None] * len(done)
        return done

    def emails(self, kind: str) -> list[str]:
        """Of the tool's records, those that were created."""
        found = (c.email.lower() for c in self.tools[kind].store.customers.values())
        return sorted(email for email in found if email.startswith("oguz"))


def company(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kinds: list[Any], customers: int = 2
) -> Iterator[Company]:
    monkeypatch.setattr(warehouse.check, "validate", counted)
    house = House(folder, monkeypatch)
    house.clock = int(time.time())  # the till was read just now
    made = Company(house, {})
    with ExitStack() as stack:
        for kind in kinds:
            running = stack.enter_context(kind.running(customers=customers, orders=0))
            made.tools[kind.name] = running
            made.systems[kind.name] = replace(running.system, publish=True, create=True)
        yield made


@pytest.fixture(params=CREATING, ids=lambda kind: kind.name)
def one(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Company]:
    yield from company(tmp_path, monkeypatch, [request.param])


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    [hubspot] = [kind for kind in KINDS if kind.name == "hubspot"]
    yield from company(tmp_path, monkeypatch, [hubspot])


def only(found: list[Any]) -> Any:
    [item] = found
    return item


def test_who_consents_is_created_once_and_is_one_customer(one: Company) -> None:
    kind = only([*one.tools])
    one.person(1)
    one.person(2, consents=False)
    one.person(3, consents=None)
    one.person(4, email="")
    done = only(one.round())
    assert (done.created, done.there, one.emails(kind)) == (1, 0, ["oguz1@example.com"])
    store = one.tools[kind].store
    record = only([c for c in store.customers.values() if c.email.lower() == "oguz1@example.com"])
    assert (record.first_name, record.last_name) == ("Oğuz Can", "Işık1")
    assert record.phone == "+905321112201"
    assert only(one.published()).created == 0  # before the next pull
    other = {"email": "baska@posta.example", "phone": "", "name": "Ayla Kara"}
    one.tools[kind].change(record.record, first_name="Ayla", last_name="Kara", **other)
    one.built()  # and now nothing but our own word says whose it is
    system = only([*one.systems.values()]).name
    [(records,)] = one.house.sql(
        f"""select count(*) from identity.customers where customer_id in (
            select customer_id from identity.customers where record = 'web/customers/T1'
        ) and starts_with(record, '{system}/')"""
    )
    assert records == 1
    rules = one.house.sql("select distinct rule from identity.links where rule like 'created%'")
    assert rules == [("created by us",)]
    assert only(one.published()).accepted  # and now it is given the facts
    assert only(one.round()).due == 0


def test_a_dry_run_and_the_first_creation_show_and_create_nothing(one: Company) -> None:
    kind = only([*one.tools])
    one.round()
    one.person(1)
    one.built()
    asked = only(one.published(approved_by=""))
    assert asked.asks == "no record was ever created in it before"
    assert "1 records would be created" in asked.preview
    assert "| (new) | email |  | (personal) |" in asked.preview
    assert "oguz" not in asked.preview.lower()
    assert only(one.published(dry_run=True)).created == 0
    assert one.emails(kind) == []


def test_a_record_the_tool_has_is_not_created_and_named(one: Company) -> None:
    kind = only([*one.tools])
    one.person(1)
    one.built()
    one.tools[kind].change("2", email="OGUZ1@example.com")  # since the pull
    done = only(one.published())
    assert (done.created, done.there, len(one.tools[kind].store.customers)) == (0, 1, 2)
    [line] = Journal(one.house.places.journal).records("creations")
    assert (line["state"], "has this e-mail address: nothing" in line["detail"]) == ("found", True)
    assert only(one.published()).there == 0


@pytest.mark.parametrize("fault", ["crash", "slow_done"])
def test_a_run_that_broke_off_creates_nobody_twice(one: Company, fault: str) -> None:
    kind = only([*one.tools])
    for number in (1, 2, 3):
        one.person(number)
    one.round()
    one.round()  # gives them the facts, so that nothing is due but the creation of the fourth
    one.person(4)
    one.built()
    store = one.tools[kind].store
    if fault == "crash":
        publisher = one.tools[kind].kind.publisher
        create = publisher.create

        def dies(client: Any, rows: Any) -> Any:
            create(client, rows)
            raise KeyboardInterrupt

        one.house.monkeypatch.setattr(publisher, "create", dies)
        with pytest.raises(KeyboardInterrupt):
            one.published()
        one.house.monkeypatch.setattr(publisher, "create", create)
    else:
        store.faults = ["slow_done"]
        done = only(one.published())
        assert "nobody knows whether they arrived" in str(done.problem)
        assert done.is_open
    assert len(one.emails(kind)) == 4
    done = only(one.published())
    assert (done.created, done.problem, len(one.emails(kind))) == (1, None, 4)
    assert only(one.round()).created == 0
    states = [line["state"] for line in Journal(one.house.places.journal).records("creations")]
    assert states.count("created") == 4
    assert only(one.round()).due == 0


def test_who_was_deleted_there_is_not_brought_back(crm: Company) -> None:
    crm.person(1)
    crm.round()
    crm.round()
    store = crm.tools["hubspot"].store
    [record] = [c.record for c in store.customers.values() if c.email.lower().startswith("oguz")]
    store.archive("contacts", record)
    store.archive("contacts", "2")
    crm.person(2, email="gulsen2@example.com", name="Gülşen Ilıca2")
    pull_all = {"full": True}
    [system] = crm.systems.values()
    pull(crm.house.places, system, contract_of(system), tables=["contacts"], **pull_all)
    assert only(crm.round()).created == 0
    assert crm.emails("hubspot") == []


def test_a_persons_word_is_stronger_than_ours(crm: Company) -> None:
    crm.person(1)
    crm.round()
    crm.built()
    [system] = crm.systems.values()
    [(record,)] = crm.house.sql(
        "select record from staging.records where system = 'my_hubspot' and email ilike 'oguz%'"
    )
    overrule(crm.house.places, record, "web/customers/T1", "not_same", "oya", "I know them")
    crm.built()
    found = crm.house.sql(
        f"""select count(distinct customer_id) from identity.customers
        where record in ('{record}', 'web/customers/T1')"""
    )
    assert found == [(2,)]
    assert only(crm.published()).created == 0


def test_sql_that_errs_creates_nobody(crm: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine asks the marts itself."""
    crm.person(1)
    crm.built()
    monkeypatch.setattr("publishers.consent.channels", lambda places, customers: {})
    assert only(crm.published()).created == 0
    assert crm.emails("hubspot") == []


def test_what_is_known_for_too_long_creates_nobody(crm: Company) -> None:
    crm.house.clock -= 30 * 3600
    crm.person(1)
    crm.built()
    done = only(crm.published())
    assert (done.created, "nobody is created there" in done.held_back) == (0, True)


def test_ten_rounds_over_three_tools_make_each_record_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for made in company(tmp_path, monkeypatch, CREATING, customers=4):
        for number in range(1, 8):
            made.person(number, consents=number != 7)
        created = [sum(done.created for done in made.round()) for _ in range(ROUNDS)]
        wanted = sorted(f"oguz{number}@example.com" for number in range(1, 7))
        for kind in made.tools:
            assert made.emails(kind) == wanted
        assert created == [18] + [0] * (ROUNDS - 1)
        assert [done.due for done in made.round()] == [0, 0, 0]
