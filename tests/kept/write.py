"""Writes a small data folder as this version leaves it: `python -m tests.kept.write NAME`.

A folder once committed is never written again: later versions must go on reading it.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dlt.common.storages import load_package

import warehouse.check
from tests.core.house import House, counted
from warehouse.compact import compact
from warehouse.journal import Journal
from warehouse.quarantine import dismiss, replay
from warehouse.rebuild import rebuild

KEPT = Path(__file__).parent
ANYTHING = "^.*$"


def live(house: House) -> None:
    """A short life: a row mended by a rule, one dismissed, one gone, one sent; compacted."""
    shelf = house.shelves["customers"].put(1, 2, 3, 4, 5, 6, email="a@a.tr")
    shelf.put(7, email="yok")
    taken(house)
    house.promise(pattern=ANYTHING)
    replay(house.places, house.erp, house.contract(), by="ayse", why="not checked")
    house.load()
    house.promise()
    shelf.put(1, email="b@a.tr", at="2026-12-01T10:00:00Z").put(8, email="hiç")
    del shelf.rows["6"]
    taken(house)
    dismiss(house.places, house.erp, house.contract(), "customers", ["8"], by="ayse", why="test")
    order = {"no": "A1", "customer_key": "1", "ordered_at": "2026-11-20T10:00:00Z"}
    house.land({**order, "currency": "TRY", "total": "10.50"}, table="orders")
    house.check()
    sent = {"system": "erp", "record": "1", "customer_id": "c", "run": "r", "state": "accepted"}
    Journal(house.places.journal).append("sends", [{**sent, "values": {"segment": "new"}}])
    house.load()
    compact(house.places, house.erp, house.contract(), now=datetime(2099, 1, 1, tzinfo=UTC))
    shelf.put(2, email="c@a.tr", at="2026-12-02T10:00:00Z")
    taken(house)
    house.build()


def taken(house: House) -> None:
    house.pull()
    house.check()
    house.load()


def found(house: House) -> dict[str, Any]:
    """What a rebuild makes of the folder, and what the next pull lands."""
    rebuild(house.places, [house.erp])
    queries = {
        "customers": "select _key, name, email, _change, _load_id from raw_canonical.customers",
        "orders": "select _key, total::varchar from raw_canonical.orders",
        "quarantine": "select * replace (row::varchar as row) from quarantine.rows",
        "ids": "select system, record, customer_id from journal.customer_ids",
        "marts": "select customer_id from marts.customer_360",
        "sends": 'select record, state, "values"::varchar from journal.sends',
    }
    answers = {name: house.sql(f"{query} order by all") for name, query in queries.items()}
    return json.loads(json.dumps({**answers, "landed": house.pull().rows}, default=str))


def again(house: House, kept: Path) -> None:
    """The folder's company, with the system as it was left."""
    for name in ("landing", "journal"):
        shutil.copytree(kept / name, house.folder / name)
    house.shelves["customers"].rows = json.loads((kept / "system.json").read_text("utf-8"))


def write(name: str) -> None:
    kept = KEPT / name
    kept.mkdir()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse.check, "validate", counted)
        # Loads of the past: on no clock is the next one older.
        moments = (1_700_000_100.5 + number for number in range(1000))
        patch.setattr(load_package, "increasing_precise_time", lambda: next(moments))
        house = House(Path(folder), patch)
        live(house)
        for part in ("landing", "journal"):
            hidden = shutil.ignore_patterns(".*")
            shutil.copytree(Path(folder) / part, kept / part, ignore=hidden)
        for verdict in kept.rglob("*.checked.json"):
            said = verdict.read_text("utf-8").replace(folder, "/srv/kopru")
            verdict.write_text(said, "utf-8")
        shelf = house.shelves["customers"].rows
        (kept / "system.json").write_text(json.dumps(shelf, ensure_ascii=False), "utf-8")
        expected = json.dumps(found(house), ensure_ascii=False, indent=1)
        (kept / "expected.json").write_text(expected, "utf-8")


if __name__ == "__main__":
    write(sys.argv[1])
