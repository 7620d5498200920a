"""Upkeep of a lake: fewer files, the same content, and nothing taken from who still reads."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

import warehouse.rebuild
from tests.core.house import House
from tests.core.test_build import company
from tests.core.test_check import rows
from tests.core.test_ducklake import lake
from warehouse.rebuild import rebuild
from warehouse.upkeep import Kept, upkeep

__all__ = ["lake"]  # a fixture
# Every statement has its price on DuckLake, and a build has hundreds.
pytestmark = pytest.mark.timeout(400)
LATER = datetime(2199, 1, 1, tzinfo=UTC)
CURRENT = "select sum(file_count + delete_file_count) from ducklake_table_info('warehouse')"


def on_disk(lake: House) -> int:
    return len([*(lake.folder / "lake.ducklake.files").rglob("*.parquet")])


def content(lake: House) -> list[list[tuple[object, ...]]]:
    return [lake.raw(), lake.sql("from raw_canonical.orders order by all")]


@pytest.fixture
def grown(lake: House) -> House:
    """Loads with changes and deletions among them, each over what DuckLake keeps in its catalog."""
    company(lake)
    for n in (100, 200):
        lake.take(*rows(*range(n, n + 40)), gone=(str(n - 100),))
        lake.take(*rows(*range(n, n + 20), name="yeni"))
    return lake


def test_a_plain_file_needs_none(house: House) -> None:
    assert upkeep(house.places) is None


def test_fewer_files_and_the_same_content(grown: House) -> None:
    before, files = content(grown), on_disk(grown)
    kept = upkeep(grown.places, now=LATER)
    assert kept is not None
    assert kept.after < kept.before
    assert kept.removed > 5
    assert on_disk(grown) == kept.after < files
    assert content(grown) == before
    assert grown.sql("select max(file_count) from ducklake_table_info('warehouse')") == [(1,)]
    assert upkeep(grown.places, now=LATER) == Kept(kept.after, kept.after, 0)
    grown.take(*rows(900, 901))
    assert len(grown.raw()) == len(before[0]) + 2


def test_for_a_day_a_reader_keeps_its_snapshot(grown: House) -> None:
    [(newest,)] = grown.sql("select max(snapshot_id) from ducklake_snapshots('warehouse')")
    now, files = grown.raw(), on_disk(grown)
    kept = upkeep(grown.places)
    assert kept is not None
    assert kept.after < kept.before
    assert kept.removed == 0
    assert on_disk(grown) > files
    then = f"raw_canonical.customers at (version => {newest}) order by all"
    assert grown.sql(f"select _key, name, _change from {then}") == now
    upkeep(grown.places, now=LATER)
    with pytest.raises(duckdb.Error, match="[Ss]napshot"):
        grown.sql(f"from {then}")


def test_what_a_rebuild_left_behind_goes(grown: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse.rebuild, "build", lambda *_, **__: None)
    files = on_disk(grown)
    rebuild(grown.places, [grown.erp])
    before = content(grown)
    assert on_disk(grown) > files
    upkeep(grown.places)
    assert on_disk(grown) > files
    upkeep(grown.places, now=LATER)
    assert content(grown) == before
    assert grown.sql(CURRENT) == [(on_disk(grown),)]
