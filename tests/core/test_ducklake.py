"""Everything runs on DuckLake too: the same load, build, serve and journal.

Skipped where the extra `ducklake` is not installed.
"""

from __future__ import annotations

import importlib
import importlib.util

import pytest

from systems import System
from tests.core.house import House
from tests.core.test_build import company, content, order
from tests.core.test_check import rows
from warehouse.build import TRANSFORMS, build, discover
from warehouse.rebuild import rebuild


@pytest.fixture
def lake(house: House) -> House:
    for package in ("duckdb_extensions", "duckdb_extension_ducklake"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    return house.on(warehouse=f"ducklake:{house.folder / 'lake.ducklake'}")


def test_every_model_is_built_on_ducklake(lake: House) -> None:
    built = company(lake).build(lake.erp, System("shop", "shopify"))
    assert set(built.built) == {model.name for model in discover(TRANSFORMS)}
    assert lake.build(lake.erp, System("shop", "shopify")).built == []


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
    with pytest.raises(ValueError, match="rebuild works on a DuckDB file"):
        rebuild(lake.places, [lake.erp])


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
