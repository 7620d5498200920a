"""What a pull remembers of a table lies on disk, whatever its size."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

import warehouse.held
from sources import LISTED
from warehouse.files import write_json
from warehouse.held import Held
from warehouse.landing import Landing, Manifest

ROWS = 300_000
LOADS = 4
PREFIX = "gid://shopify/Customer/"


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """Each load brings all rows once more, changed."""
    landing = Landing(tmp_path / "landing")
    folder = landing.folder("crm", "contacts")
    folder.mkdir(parents=True)
    for load in range(1, LOADS + 1):
        duckdb.execute(
            f"""copy (select '{PREFIX}' || i as _key, '2026-01-0{load}' as _cursor,
                    md5(i || '/{load}') as _hash, '{{}}' as _row, if(i = 7 and {load} = {LOADS},
                    'deleted', null) as _change, '{load}.5' as _load_id
                from range({ROWS}) as t(i)) to '{folder}/{load}.5.abc0.parquet'"""
        )
        manifest = Manifest(
            *("crm", "contacts", f"{load}.5", "full", None, ROWS, ROWS, ROWS, 0, True, True)
        )
        write_json(folder / f"{load}.5.json", asdict(manifest))
    return landing


def test_more_rows_than_memory_are_remembered_in_their_newest_form(
    landing: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse.held, "LIMIT", "32MB")
    held = Held(tmp_path, landing.newest_first("crm", "contacts"))
    assert len(held) == ROWS - 1
    asked = {"7": None, "8": f"2026-01-0{LOADS}", "9": "2026-01-01"}
    missed = held.missed({PREFIX + key: cursor for key, cursor in asked.items()})
    assert missed == [PREFIX + "7", PREFIX + "9"]
    held.close()


def test_a_key_met_again_counts_once(tmp_path: Path) -> None:
    held = Held(tmp_path)
    held.meet(["1", "2", "1"])
    assert held.met() == 2
    held.meet(["2", "3"])
    held.meet(["9"], LISTED)
    assert (held.met(), held.met(), held.met(LISTED)) == (3, 3, 1)
    held.close()


def test_what_was_not_met_is_found_part_by_part(
    landing: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse.held, "COMPARED", 20_000)
    held = Held(tmp_path, landing.newest_first("crm", "contacts"))
    met = [f"{PREFIX}{number}" for number in range(ROWS)]
    held.meet(met[: ROWS // 2 - 2])
    held.meet(met[ROWS // 2 :], LISTED)
    unmet = [key for part in held.unmet() for key in part]
    assert sorted(unmet) == met[ROWS // 2 - 2 : ROWS // 2]
    held.close()
