"""What every source must do, whatever it reads. A new kind joins by one entry in tests/kinds."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from clients import ClientError, Denied, Implausible, Unavailable
from sources import Reading
from systems import System
from tests.kinds import KINDS, Kind, Running
from tests.pulled import Landing

PHONE = "0312 000 00 00"


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kind:
    for name, value in request.param.patches.items():
        monkeypatch.setattr(request.param.source, name, value)
    return request.param


@pytest.fixture
def slept(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds waited; nobody really waits."""
    seconds: list[float] = []
    if kind.sleeps:
        napping = partial(kind.source.connect, sleep=seconds.append)
        monkeypatch.setattr(kind.source, "connect", napping)
    return seconds


@pytest.fixture
def running(kind: Kind, slept: list[float]) -> Iterator[Running]:
    with kind.running() as served:
        yield served


@pytest.fixture
def landing(running: Running, tmp_path: Path) -> Landing:
    return landing_of(running, running.system, tmp_path)


def landing_of(running: Running, system: System, folder: Path) -> Landing:
    return Landing(folder, running.kind.source, system, running.contract)


def test_reads_every_record_once_in_pages_and_claims_as_many(
    kind: Kind, running: Running, landing: Landing
) -> None:
    landing.pull()
    assert landing.readings.keys() == running.contract.tables.keys() == kind.tables.keys()
    for table in kind.tables:
        held = running.held(table)
        assert sorted(landing.read(table)) == sorted(held)
        assert len(landing.pages[table]) > 1
        reading = landing.readings[table]
        assert (reading.claimed, reading.seen) == (len(held), len(held))
        assert reading.finished
        assert reading.complete


def test_reads_only_the_tables_asked_for(kind: Kind, landing: Landing) -> None:
    wanted = next(iter(kind.tables))
    assert landing.pull(wanted).readings.keys() == {wanted}


def test_goes_on_at_any_position(kind: Kind, running: Running, landing: Landing) -> None:
    for table in kind.tables:
        seen, loads = [], 0
        while loads == 0 or not landing.readings[table].finished:
            seen += landing.pull(table, pages_per_load=1).read(table)
            loads += 1
        assert sorted(seen) == sorted(running.held(table))
        assert landing.readings[table].complete
        assert (loads > 1) != (table in kind.at_once)


def test_second_pull_reads_what_changed_and_the_overlap(
    kind: Kind, running: Running, landing: Landing
) -> None:
    landing.pull()
    before = {table: running.held(table) for table in kind.tables}
    running.change("7", phone=PHONE)
    landing.pull()
    customers = next(iter(kind.tables))
    assert PHONE.replace(" ", "") in str(landing.rows[customers][key_of_7(running)]).replace(
        " ", ""
    )
    for table in kind.tables:
        changed = {key_of_7(running)} if table == customers else set()
        assert set(landing.read(table)) == again(kind, landing, table, before[table]) | changed
        assert landing.readings[table].complete


def key_of_7(running: Running) -> str:
    customers = next(iter(running.kind.tables))
    return next(key for key in running.held(customers) if key.rpartition("/")[2] == "7")


def again(kind: Kind, landing: Landing, table: str, held: dict[str, object]) -> set[str]:
    """Keys, unchanged since the first pull, that the second one had to read."""
    since = landing.readings[table].since
    if since:
        last = max(moment for moment in held.values())
        assert since < f"{last:%Y-%m-%dT%H:%M:%SZ}"
        return {key for key, moment in held.items() if f"{moment:%Y-%m-%dT%H:%M:%SZ}" >= since}
    if table in kind.in_parts:
        return set()
    assert held.keys() <= {*landing.read(table), *landing.unchanged(table)}
    return held.keys() - set(landing.unchanged(table))


def test_cursors_sort_as_text_in_the_order_of_change(
    kind: Kind, running: Running, landing: Landing
) -> None:
    landing.pull()
    for table in kind.tables:
        if not landing.pull(table).readings[table].since:
            continue  # nothing is asked for by change, so cursors order nothing
        moments = running.held(table)
        cursors = landing.cursors(table)
        by_cursor = sorted(cursors, key=lambda key: (cursors[key], moments[key]))
        changed = [moments[key] for key in by_cursor]
        assert changed == sorted(changed)
        assert len({len(str(cursor)) for cursor in cursors.values()}) == 1


@pytest.mark.parametrize("since", [None, "2026-03-01T00:00:00Z"])
def test_a_short_answer_is_made_good_or_shows(
    kind: Kind, running: Running, landing: Landing, since: str | None
) -> None:
    for table in kind.tables:
        running.plan(kind.short)
        reading = landing.pull(table, since=since).readings[table]
        whole = landing.rows[table].keys() == running.held(table).keys()
        assert running.store.faults == []
        assert reading.complete == whole
        running.mend()
        landing.pull(table)
        assert landing.rows[table].keys() == running.held(table).keys()


def test_a_wrong_password_is_denied_and_names_the_connection(
    running: Running, tmp_path: Path
) -> None:
    system = running.other(password="wrong-secret")
    readings = landing_of(running, system, tmp_path).pull().readings
    assert readings.keys() == running.kind.tables.keys()
    for reading in readings.values():
        refused = failed(reading, running)
        assert isinstance(refused, Denied)
        assert f"Airflow connection {system.name!r}" in str(refused)
        assert "wrong-secret" not in str(refused)


def test_an_answer_that_is_none_is_not_believed_and_stops_its_table_only(
    kind: Kind, running: Running, landing: Landing
) -> None:
    running.plan(kind.doubtful)
    landing.pull()
    spoilt = {table: reading for table, reading in landing.readings.items() if reading.error}
    [(table, reading)] = spoilt.items()
    doubted = failed(reading, running)
    assert isinstance(doubted, Implausible)
    assert kind.doubt in str(doubted)
    assert "<" not in str(doubted)
    running.mend()
    landing.pull(table)
    assert landing.rows[table].keys() == running.held(table).keys()


def test_nobody_listening_is_unavailable(running: Running, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for reading in landing_of(running, running.gone(port), tmp_path).pull().readings.values():
        gone = failed(reading, running)
        assert isinstance(gone, Unavailable)
        assert f"127.0.0.1:{port}" in str(gone)
        assert f"Airflow connection {running.system.name!r}" in str(gone)


def failed(reading: Reading, running: Running) -> ClientError:
    """The error, which names system, cause and remedy, and no secret."""
    error = reading.error
    assert error is not None
    assert not reading.finished
    assert error.system == running.system.name
    assert len(error.remedy) > 20
    connection = running.system.connection
    assert str(connection.password) not in f"{error!r} {error}"
    assert not any(str(secret) in str(error) for secret in connection.extra.values())
    return error


def test_a_busy_system_is_waited_for(
    kind: Kind, running: Running, landing: Landing, slept: list[float]
) -> None:
    if kind.busy is None:
        pytest.skip("a folder of files is never busy")
    running.plan(kind.busy)
    table = next(iter(kind.tables))
    landing.pull(table)
    assert landing.rows[table].keys() == running.held(table).keys()
    assert max(slept) >= 1


def test_check_says_what_it_reads(kind: Kind, running: Running) -> None:
    said = kind.source.connect(running.system).check()
    assert "reads" in said
    assert all(table in said for table in kind.tables)


def test_check_says_why_nothing_can_be_read(kind: Kind, running: Running) -> None:
    with pytest.raises(Denied, match=f"{running.system.name}: .*Airflow connection"):
        kind.source.connect(running.other(password="wrong-secret")).check()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}.*Airflow connection"):
        kind.source.connect(running.gone(port)).check()
    running.plan(kind.doubtful)
    with pytest.raises(Implausible, match=kind.doubt):
        kind.source.connect(running.system).check()
