"""What every source must do, whatever it reads. A new kind joins by one entry in tests/kinds."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clients import ClientError, Denied, Implausible, Unavailable
from sources import Page, Table, Window
from tests.kinds import KINDS, Kind, Running
from tests.pulling import contract, pull


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture
def running(kind: Kind) -> Iterator[Running]:
    with kind.running() as served:
        yield served


def tables(kind: Kind, system: Any, slept: list[float] | None = None) -> dict[str, Table]:
    client = kind.client.connect(system, sleep=(slept if slept is not None else []).append)
    found = kind.source.tables_of(client, contract(kind.name))
    return {table.name: table for table in found}


def source(kind: Kind, running: Running, **options: Any) -> Any:
    return kind.source.source(running.system, contract(kind.name), lambda table: {}, **options)


def keys(pages: list[Page]) -> list[str]:
    return [key for page in pages for key in page.keys]


def held(kind: Kind, running: Running, table: str) -> set[str]:
    records = getattr(running.store, kind.tables[table])
    return {kind.record(table, number) for number in records}


def test_reads_every_record_once_and_claims_no_other_number(
    kind: Kind, running: Running, tmp_path: Path
) -> None:
    pages = pull(source(kind, running), tmp_path)
    assert pages.keys() == kind.tables.keys()
    for table in kind.tables:
        expected = held(kind, running, table)
        assert sorted(keys(pages[table])) == sorted(expected)
        assert pages[table][-1].position is None
        assert pages[table][-1].claimed in (None, len(expected))


def test_reads_only_the_tables_asked_for(kind: Kind, running: Running, tmp_path: Path) -> None:
    wanted = next(iter(kind.tables))
    assert pull(source(kind, running, tables=[wanted]), tmp_path).keys() == {wanted}


def test_goes_on_at_any_position(kind: Kind, running: Running) -> None:
    for name, table in tables(kind, running.system).items():
        seen: list[str] = []
        position = None
        for _ in range(50):
            page = next(iter(table.read(Window(position=position))))
            seen += map(table.key, page.rows)
            position = json.loads(json.dumps(page.position))
            if position is None:
                break
        assert sorted(seen) == sorted(held(kind, running, name))


def test_second_pull_reads_what_changed_and_the_overlap(
    kind: Kind, running: Running, tmp_path: Path
) -> None:
    pull(source(kind, running), tmp_path)
    found = tables(kind, running.system).items()
    expected = {name: recent(kind, running, name, table) for name, table in found}
    running.store.change("7", phone="0312 000 00 00")
    again = pull(source(kind, running), tmp_path)
    for name in kind.tables:
        changed = {kind.record(name, "7")} if kind.tables[name] == "customers" else set()
        assert set(keys(again[name])) == expected[name] | changed


def recent(kind: Kind, running: Running, name: str, table: Table) -> set[str]:
    """Keys that a pull right after a whole one must read again."""
    records = getattr(running.store, kind.tables[name])
    if not table.changed_since:
        return held(kind, running, name)
    start = max(record.updated_at for record in records.values()) - table.overlap
    return {kind.record(name, n) for n, record in records.items() if record.updated_at >= start}


def test_cursors_sort_as_text_in_the_order_of_change(kind: Kind, running: Running) -> None:
    for name, table in tables(kind, running.system).items():
        records = getattr(running.store, kind.tables[name])
        moments = {kind.record(name, n): record.updated_at for n, record in records.items()}
        rows = [row for page in table.read(Window()) for row in page.rows]
        by_cursor = sorted(rows, key=lambda row: (table.cursor(row), moments[table.key(row)]))
        changed = [moments[table.key(row)] for row in by_cursor]
        assert changed == sorted(changed)
        assert len({len(table.cursor(row) or "") for row in rows}) == 1


def test_a_short_page_is_made_good_or_shows(kind: Kind, running: Running) -> None:
    for name, table in tables(kind, running.system).items():
        for since in (None, "2026-03-01T00:00:00Z"):
            running.store.faults = ["short_page"]
            pages = list(table.read(Window(since=since)))
            seen = {table.key(row) for page in pages for row in page.rows}
            claimed = pages[-1].claimed
            assert running.store.faults == []
            assert seen == held(kind, running, name) or (claimed and claimed > len(seen))


def error(kind: Kind, system: Any) -> ClientError:
    with pytest.raises(ClientError) as caught:
        for table in tables(kind, system).values():
            list(table.read(Window()))
    return caught.value


def test_wrong_password_is_denied_and_names_the_connection(kind: Kind, running: Running) -> None:
    refused = error(kind, running.other(password="wrong-secret"))
    assert isinstance(refused, Denied)
    assert f"my_{kind.name}" in str(refused)
    assert "Airflow connection" in str(refused)
    assert "wrong-secret" not in str(refused)


def test_a_page_instead_of_data_is_not_believed(kind: Kind, running: Running) -> None:
    running.store.faults = ["html"]
    doubted = error(kind, running.system)
    assert isinstance(doubted, Implausible)
    assert "text/html" in str(doubted)
    assert "<" not in str(doubted)


def test_nobody_listening_is_unavailable(kind: Kind, running: Running) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    gone = error(kind, running.other(host=f"http://127.0.0.1:{port}"))
    assert isinstance(gone, Unavailable)
    assert f"127.0.0.1:{port}" in str(gone)
    assert running.system.connection.password not in str(gone)


def test_a_rate_limit_is_waited_out(kind: Kind, running: Running) -> None:
    slept: list[float] = []
    known = running.store.INSTANT
    running.store.faults = ["rate_limited" if "rate_limited" in known else "throttled"]
    table = next(iter(tables(kind, running.system, slept).values()))
    seen = {table.key(row) for page in table.read(Window()) for row in page.rows}
    assert len(seen) == 230
    assert max(slept) >= 1


def test_check_says_what_it_reads(kind: Kind, running: Running) -> None:
    assert "reads" in kind.client.connect(running.system).check()
