"""Everything runs on DuckLake too: the same load, build, serve and journal.

Skipped where the extra `ducklake` is not installed.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import duckdb
import pytest

import warehouse.rebuild
from systems import System
from tests.core.house import NOON, House
from tests.core.test_build import company, content, order
from tests.core.test_check import rows
from warehouse import Places
from warehouse.build import TRANSFORMS, build, discover
from warehouse.journal import Journal
from warehouse.rebuild import rebuild
from warehouse.widening import Retyped

# Every statement has its price on DuckLake, and a build has hundreds.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def lake(house: House) -> House:
    for package in ("duckdb_extensions", "duckdb_extension_ducklake"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    return house.on(warehouse=f"ducklake:{house.folder / 'lake.ducklake'}")


def test_every_model_is_built_on_ducklake(lake: House) -> None:
    built = company(lake).build(lake.erp, System("shop", "shopify"))
    assert set(built.built) == {model.name for model in discover(TRANSFORMS)}
    assert lake.build(lake.erp, System("shop", "shopify")).built == []


def test_a_column_of_an_older_type_is_widened_or_refused(lake: House) -> None:
    """DuckLake widens less than DuckDB does."""
    company(lake)
    orders = "raw_canonical.orders"
    lake.sql(f"alter table {orders} drop column total")
    lake.sql(f"alter table {orders} add column total decimal(9,2)")
    lake.load()
    assert set(lake.sql(f"select typeof(total) from {orders}")) == {("DECIMAL(18,2)",)}
    lake.sql(f"alter table {orders} drop column total")
    lake.sql(f"alter table {orders} add column total bigint")
    with pytest.raises(Retyped, match="Start the DAG rebuild.*this was tried"):
        lake.load()


def test_the_second_round_is_the_same_as_on_duckdb(lake: House) -> None:
    address = lake.places.warehouse
    company(lake).build()
    lake.land(*rows(4, 5, 6, 7), *rows(1, name="yeni"), *rows(8, email="kırık"), gone=("2",))
    lake.land(order(9, 4), table="orders")
    lake.check()
    assert lake.load()["customers"].changed == 6
    assert lake.load()["customers"].changed == 0
    lake.build()
    on_lake = content(lake)
    assert lake.sql("select key, state from quarantine.rows") == [("8", "open")]
    lake.on(warehouse=str(lake.folder / "plain.duckdb"))
    lake.load()
    build(lake.places, [lake.erp], now=None)
    on_duckdb = content(lake)
    assert on_lake == on_duckdb
    lake.on(warehouse=address)


def test_a_rebuild_changes_nothing_and_the_old_one_stays_until_it_is_whole(
    lake: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    company(lake).build()
    rebuilt_is_the_same(lake, monkeypatch)


def rebuilt_is_the_same(lake: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a company whose warehouse is a lake; once after it was cut off."""
    Journal(lake.places.journal).append("sends", [{"system": "crm", "record": "1"}])
    lake.load()
    before = told(lake)
    lake.sql("create table marts.old as select 1 as one")
    with monkeypatch.context() as broken:
        broken.setattr(warehouse.rebuild, "build", failing)
        with pytest.raises(OSError, match="the disk is full"):
            rebuild(lake.places, [lake.erp], now=NOON)
    assert lake.sql("select one from marts.old") == [(1,)]
    assert told(lake) == before
    rebuild(lake.places, [lake.erp], now=NOON)
    assert told(lake) == before
    with pytest.raises(duckdb.CatalogException):
        lake.sql("select one from marts.old")
    lake.land(*rows(20))
    lake.check()
    assert lake.load()["customers"].changed == 1


def failing(*_: object, **__: object) -> None:
    raise OSError("the disk is full")


def told(lake: House) -> tuple[Any, ...]:
    """Marts, ids, ledger."""
    journal = "select system, record, {} from journal.{} order by all"
    return (
        content(lake),
        lake.raw(),
        lake.sql(journal.format("customer_id", "customer_ids")),
        lake.sql(journal.format("recorded_at", "sends")),
    )


@pytest.mark.parametrize("files", ["acme", "acme/data", "acme/landing", "acme/seen"])
def test_its_files_are_kept_apart_from_the_landing(
    files: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upkeep would remove them."""
    for name, place in {"DATA": "data", "LANDING": "landing", "SERVING": "seen"}.items():
        monkeypatch.setenv(f"KOPRU_{name}", str(tmp_path / "acme" / place))
    monkeypatch.setenv("KOPRU_LAKE", str(tmp_path / files))
    with pytest.raises(ValueError, match="lies in it: upkeep would take its files"):
        Places.from_environment()
    monkeypatch.setenv("KOPRU_LAKE", str(tmp_path / "acme" / "landing_lake"))
    assert Places.from_environment().lake_files == tmp_path / "acme" / "landing_lake"


def test_without_the_extension_it_says_what_to_install(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    monkeypatch.setattr(importlib, "import_module", missing)
    house.on(warehouse="ducklake:nowhere")
    with pytest.raises(RuntimeError, match="Install the packages duckdb-extensions and"):
        house.sql("select 1")
