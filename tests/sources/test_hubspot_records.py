"""Archived and merged records, many properties, older paths, links, keys and rows by key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

import clients.hubspot
import sources.hubspot
from clients import Denied, Refused
from sandbox.web import now
from sources import Page, Table, Window
from sources.hubspot.kinds import KINDS
from tests.kinds import KINDS as SYSTEMS
from tests.kinds import Running
from tests.pulled import contract

HUBSPOT = next(kind for kind in SYSTEMS if kind.name == "hubspot")
EARLY = Window(since="2026-01-01T00:00:00Z")


@pytest.fixture
def running() -> Iterator[Running]:
    with HUBSPOT.running(customers=130, orders=30) as served:
        yield served


def table(running: Running, name: str) -> Table:
    crm = clients.hubspot.connect(running.system, sleep=lambda seconds: None)
    return sources.hubspot.tables_of(crm, contract("hubspot"))[name]


def pages(running: Running, name: str, window: Window = EARLY) -> list[Page]:
    return list(table(running, name).read(window))


def rows(found: list[Page], change: str | None = None) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for page in found if page.change == change for row in page.rows}


def gone(found: list[Page]) -> dict[str, str]:
    return {key: what for page in found for key, what in page.gone.items()}


@pytest.mark.parametrize("window", [Window(), EARLY], ids=["listed", "searched"])
@pytest.mark.parametrize("kind", ["contacts", "deals", "tickets", "meetings"])
def test_archived_records_come_as_such(running: Running, window: Window, kind: str) -> None:
    first, *others = running.store.held(kind)
    running.store.archive(kind, first)
    found = pages(running, kind, window)
    assert rows(found).keys() == set(others)
    [row] = rows(found, "archived").values()
    assert (row["id"], row["archived"]) == (first, True)
    assert len(row["properties"]) > 3
    assert found[-1].claimed == len(others)


def test_more_archived_than_a_page_can_be_taken_up_anywhere(running: Running) -> None:
    for number in range(1, 121):
        running.store.archive("contacts", str(number))
    seen, window = [], EARLY
    for _ in range(5):
        page = next(iter(table(running, "contacts").read(window)))
        seen += [(row["id"], page.change) for row in page.rows]
        if page.position is None:
            break
        window = Window(since=EARLY.since, position=page.position)
    expected = {(str(n), "archived" if n <= 120 else None) for n in range(1, 131)}
    assert len(seen) == 130
    assert set(seen) == expected


def test_what_was_archived_before_the_window_is_not_read_again(running: Running) -> None:
    running.store.archive("contacts", "3")
    later = Window(since=f"{now() + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}")
    assert rows(pages(running, "contacts", later), "archived") == {}


def merge(running: Running, winner: str, loser: str) -> None:
    system = running.system
    answer = requests.post(
        f"{system.connection.host}/crm/objects/2026-09/contacts/merge",
        json={"primaryObjectId": winner, "objectIdToMerge": loser},
        headers={"Authorization": f"Bearer {system.connection.password}"},
        timeout=10,
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("window", [Window(), EARLY], ids=["listed", "searched"])
def test_merged_records_are_gone_into_their_winner_chains_too(
    running: Running, window: Window
) -> None:
    merge(running, "2", "1")
    assert gone(pages(running, "contacts", window)) == {"1": "merged into 2"}
    merge(running, "3", "2")
    merge(running, "3", "4")
    found = pages(running, "contacts", window)
    assert gone(found) == {n: "merged into 3" for n in ("1", "2", "4")}
    assert not {"1", "2", "4"} & rows(found).keys()
    assert found[-1].claimed == 127


def test_an_account_with_very_many_properties_is_read_in_full(running: Running) -> None:
    schema = running.store.schemas["contacts"]
    group = next(iter(schema.groups))
    for number in range(700):
        name = f"a_rather_long_property_name_{number}"
        body = {"name": name, "label": name, "type": "string", "fieldType": "text"}
        schema.create({**body, "groupName": group})
    values = {f"a_rather_long_property_name_{n}": str(n) for n in range(700)}
    running.store.update("contacts", "7", values)
    running.store.archive("contacts", "8")
    for window in (Window(), EARLY):
        found = pages(running, "contacts", window)
        assert values.items() <= rows(found)["7"]["properties"].items()
        assert len(rows(found)) == 129
        assert rows(found, "archived").keys() == {"8"}


def test_rows_listed_searched_and_fetched_are_the_same(running: Running) -> None:
    for name in KINDS:
        listed = rows(pages(running, name, Window()))
        assert listed == rows(pages(running, name))
        fetch, listing = table(running, name).fetch, table(running, name).listing
        assert fetch is not None
        assert listing is not None
        assert {row["id"]: row for row in fetch([*listed, "999999999"])} == listed
        for window in (Window(), EARLY):
            parts = list(listing(window))
            cursors = {key: at for part in parts for key, at in part.cursors.items()}
            assert cursors == {k: table(running, name).cursor(r) for k, r in listed.items()}
            assert parts[-1].claimed == len(listed)


def test_activities_know_whom_they_were_with(running: Running) -> None:
    row = next(iter(rows(pages(running, "calls")).values()))
    call = running.store.things["calls"][row["id"]]
    linked = [end["id"] for end in row["associations"]["contacts"]["results"]]
    assert linked == call.links["contacts"]
    assert row["associations"]["deals"]["results"] == []


def test_a_change_that_is_not_indexed_yet_is_found_by_the_next_pull(running: Running) -> None:
    running.store.lag = timedelta(minutes=1)
    running.change("7", city="Kars")
    since = f"{now():%Y-%m-%dT%H:%M:%SZ}"
    window = Window(since=since)
    assert rows(pages(running, "contacts", window)) == {}
    running.store.lag = timedelta(0)
    assert table(running, "contacts").overlap > timedelta(minutes=1)
    assert rows(pages(running, "contacts", window)).keys() <= {"7"}


@pytest.mark.parametrize("areas", [{"objects", "properties", "associations"}, {"owners"}])
def test_an_account_without_the_dated_paths_is_read_by_the_older_ones(
    running: Running, areas: set[str]
) -> None:
    running.store.old_paths_only = areas
    assert len(rows(pages(running, "deals"))) == 30
    assert pages(running, "deals")[-1].rows[0]["associations"]["contacts"]["results"]
    assert rows(pages(running, "owners", Window())).keys() == {"9001", "9002"}
    crm = clients.hubspot.connect(running.system)
    crm.page("contacts", (), None)
    before = running.store.requests
    crm.page("contacts", (), None)
    assert running.store.requests == before + 1, "which path it is, is asked once"


def test_what_is_at_neither_path_is_refused_with_the_newer_one_named(running: Running) -> None:
    crm = clients.hubspot.connect(running.system)
    with pytest.raises(Refused, match="/crm/properties/2026-09/unicorns answered 404"):
        crm.properties("unicorns")
    assert crm.old == set()


def test_owners_who_left_are_archived(running: Running) -> None:
    running.store.owners_left = [("9000", "Deniz", "Er")]
    found = pages(running, "owners", Window())
    assert rows(found, "archived").keys() == {"9000"}
    assert rows(found).keys() == {"9001", "9002"}


def test_pipelines_of_both_kinds_have_their_stages(running: Running) -> None:
    [page] = pages(running, "pipelines", Window())
    names = {(row["objectType"], row["id"]): len(row["stages"]) for row in page.rows}
    assert names == {("deals", "default"): 4, ("tickets", "0"): 4}


def test_the_shape_is_the_properties_and_their_types(running: Running) -> None:
    shape = table(running, "contacts").shape
    assert shape is not None
    found = shape()
    assert found["properties.lastmodifieddate"] == "datetime"
    assert found["properties.email"] == "string"
    assert not any("kopru_" in path for path in found)


def test_a_missing_right_stops_its_table_only_and_check_says_so(running: Running) -> None:
    running.store.scopes.discard("crm.objects.tickets.read")
    with pytest.raises(Denied, match="MISSING_SCOPES"):
        pages(running, "tickets")
    assert rows(pages(running, "deals"))
    said = clients.hubspot.connect(running.system).check()
    assert said.endswith("has no right to read tickets")
    running.store.scopes.discard("crm.objects.contacts.read")
    with pytest.raises(Denied):
        clients.hubspot.connect(running.system).check()
