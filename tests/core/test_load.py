"""Load: one transaction, once, and never an older row over a newer one."""

from __future__ import annotations

from typing import Any

import pytest

import warehouse.load
from contracts import load as read_contract
from contracts.reader import HERE
from systems import System
from tests.core.house import House
from tests.core.test_check import rows
from warehouse import tables
from warehouse.check import check
from warehouse.journal import Journal
from warehouse.load import load


def test_a_load_that_stops_midway_leaves_nothing_and_is_made_good(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.land(*rows(1, 2, 3, 4), *rows(5, email="kırık"))
    house.check()

    def dies(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(warehouse.load.tables, "bump", dies)
        with pytest.raises(KeyboardInterrupt):
            house.load()
    assert house.raw() == []
    assert house.sql("select * from quarantine.rows") == []
    assert house.sql("select * from ops.loads") == []
    assert house.load()["customers"].changed == 4
    assert house.load()["customers"].changed == 0
    assert house.sql("select seen, landed, quarantined, changed from ops.loads") == [(5, 5, 1, 4)]


def test_an_older_load_never_overwrites_a_newer_one(house: House) -> None:
    old = house.land(*rows(1, 2, name="eski"))
    house.check()
    verdict = next(house.places.landing.rglob(f"{old}.checked.json"))
    text = verdict.read_text()
    verdict.unlink()
    house.land(*rows(1, name="yeni"), gone=("2",))
    house.check()
    verdict.unlink()
    house.load()
    verdict.write_text(text)
    house.load()
    assert house.raw() == [("1", "yeni", None), ("2", "eski", None)]
    house.land(gone=("2",))
    house.check()
    house.load()
    assert house.raw() == [("1", "yeni", None), ("2", "eski", "deleted")]


def test_deleted_and_back_again_with_the_same_content(house: House) -> None:
    for landed in (rows(1), [], rows(1)):
        house.land(*landed, gone=() if landed else ("1",))
        house.check()
        house.load()
    assert house.raw() == [("1", "Ad 1", None)]


def test_a_newer_good_version_clears_the_bad_one(house: House) -> None:
    house.land(*rows(1, 2, 3, 4), *rows(5, email="kırık"))
    house.check()
    house.load()
    house.land(*rows(5))
    house.check()
    house.load()
    assert house.sql("select key, state from quarantine.rows") == [("5", "cleared")]
    assert len(house.raw()) == 5


def test_two_systems_of_one_kind_share_a_table(house: House) -> None:
    other = house.system("second_erp", "files")
    house.land(*rows(1, name="A"))
    house.land(*rows(1, name="B"), system=other)
    for system in (house.erp, other):
        house.check(system)
        house.load(system)
    assert house.raw("_system, _key, name") == [("erp", "1", "A"), ("second_erp", "1", "B")]
    house.land(gone=("1",))
    house.check()
    house.load()
    assert house.raw("_system, _change") == [("erp", "deleted"), ("second_erp", None)]


def test_columns_outside_the_vocabulary_are_kept_beside_it(house: House) -> None:
    house.land(*rows(1, shoe_size=42), *rows(2))
    house.check()
    house.load()
    assert house.raw("name, _extra::varchar") == [
        ("Ad 1", '{"shoe_size":42}'),
        ("Ad 2", '{"shoe_size":null}'),
    ]


def test_every_shipped_kind_has_its_tables(house: House) -> None:
    for kind in tables.KINDS:
        contract = read_contract(HERE / f"{kind}.odcs.yaml")
        assert load(house.places, System(f"my_{kind}", kind), contract)
        for table in contract.tables.values():
            [(count,)] = house.sql(f'select count(*) from raw_{kind}."{table.name}"')
            assert count == 0
        assert check(house.places, System(f"my_{kind}", kind), contract) == []


def test_the_journal_is_taken_in_once(house: House) -> None:
    journal = Journal(house.places.journal)
    line = {"system": "erp", "record": "erp/customers/1", "customer_id": "c_1"}
    journal.append("customer_ids", [line, {**line, "record": "erp/customers/2"}])
    house.load()
    house.load()
    journal.append("customer_ids", [line])
    journal.append("customer_ids", [])
    house.load()
    assert house.sql("select count(*), count(distinct record) from journal.customer_ids") == [
        (3, 2)
    ]
    query = "select max(format), max(recorded_at) > '2025-01-01' from journal.customer_ids"
    assert house.sql(query) == [(1, True)]


def test_a_contract_that_grew_adds_its_column(house: House) -> None:
    """Upper and lower case are one name in SQL; a name in quotes is its own."""
    path = house.folder / "shop.odcs.yaml"
    written = (HERE / "woocommerce.odcs.yaml").read_text(encoding="utf-8")
    path.write_text(written, encoding="utf-8")
    shop = house.system("shop", "woocommerce", "shop")
    house.load(shop)
    new = "      - {name: 'Sadakat \"puanı\"', logicalType: integer}\n      - name: email\n"
    path.write_text(written.replace("      - name: email\n", new, 1), encoding="utf-8")
    house.load(shop)
    house.load(shop)
    found = house.sql("select column_name from duckdb_columns() where table_name = 'customers'")
    assert ('Sadakat "puanı"',) in found
