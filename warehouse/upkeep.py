"""Upkeep of a DuckLake: few large files instead of many small ones, and none that nobody needs.

Every load and build adds files and keeps the old ones, because a snapshot of before may still be
read. What is older than `keep` goes: snapshots, files only they had, files of a catalog that was
rebuilt or of a step that was killed. Who reads one snapshot for longer meets missing files.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb

from warehouse import Places, lake, opened

log = logging.getLogger(__name__)
KEEP = timedelta(days=1)
REWRITE = (
    "ducklake_flush_inlined_data('warehouse')",
    # All files with deleted rows: these are not merged, and who was forgotten must leave them.
    "ducklake_rewrite_data_files('warehouse', delete_threshold => 0)",
    "ducklake_merge_adjacent_files('warehouse')",
)
SNAPSHOTS = "ducklake_expire_snapshots"
REMOVE = (SNAPSHOTS, "ducklake_cleanup_old_files", "ducklake_delete_orphaned_files")


@dataclass(frozen=True)
class Kept:
    """`before`, `after`: files that the newest snapshot reads. `removed`: files deleted."""

    before: int
    after: int
    removed: int


def upkeep(places: Places, *, keep: timedelta = KEEP, now: datetime | None = None) -> Kept | None:
    """None where the warehouse is no lake: there is nothing to do."""
    if not places.warehouse.startswith(lake.PREFIX):
        return None
    moment = f"timestamptz '{((now or datetime.now(UTC)) - keep).isoformat()}'"
    with opened(places) as connection:
        before, removed = _files(connection), 0
        for step in REWRITE:
            connection.execute(f"call {step}")
        for step in REMOVE:
            done = connection.execute(
                f"call {step}('warehouse', older_than => {moment})"
            ).fetchall()
            removed += len(done) if step != SNAPSHOTS else 0
        kept = Kept(before, _files(connection), removed)
    log.info("the lake had %d files and has %d; %d were deleted", before, kept.after, removed)
    return kept


def _files(connection: duckdb.DuckDBPyConnection) -> int:
    [(count,)] = connection.execute(
        """select coalesce(sum(file_count + delete_file_count), 0)
            from ducklake_table_info('warehouse')"""
    ).fetchall()
    return int(count)
