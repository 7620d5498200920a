"""A backup is a copy of two folders: landing and journal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.core.house import NOON, House
from tests.kept.write import live
from warehouse.rebuild import rebuild

COMPARED = {
    "warehouse.duckdb": [
        "from marts.customer_360 order by all",
        "from marts.orders order by all",
        "select * exclude (changed) from ops.loads order by all",
    ],
    "desk.duckdb": [
        "from identity.customers order by all",
        "from quarantine.rows order by all",
    ],
}


def made(house: House) -> list[object]:
    """All that a company would miss. Of journal.sends: the ledger."""
    served = [house.served(q, name) for name, queries in COMPARED.items() for q in queries]
    ledger = house.sql('select * replace ("values"::varchar as "values") from journal.sends')
    ids = house.sql("select system, record, customer_id from journal.customer_ids order by all")
    return [*served, ledger, ids]


def test_two_copied_folders_bring_everything_back(
    house: House, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(house)
    before = made(house)
    empty = tmp_path_factory.mktemp("empty")
    restored = House(empty, monkeypatch)
    for folder in ("landing", "journal"):
        shutil.copytree(house.folder / folder, empty / folder)
    rebuild(restored.places, [restored.erp], now=NOON)
    assert all(before)
    assert made(restored) == before
    restored.shelves = house.shelves
    assert restored.pull().rows == 0
    restored.shelves["customers"].put(3, email="d@a.tr", at="2026-12-09T10:00:00Z")
    assert restored.pull().rows == 1


def test_without_the_journal_it_would_not(house: House, tmp_path: Path) -> None:
    """What the journal is for: else the comparison above could not fail."""
    live(house)
    before = made(house)
    shutil.rmtree(house.places.journal)
    rebuild(house.places, [house.erp], now=NOON)
    assert made(house) != before
