"""Room on the disk: asked for before anything is written, from sizes at hand.

An estimate, so that work stops with a clear error in time; a disk that fills up all the same leaves
the old state, because everything is written aside, or in a transaction.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from warehouse.files import Folder

MB = 1_000_000
FLOOR = "KOPRU_MIN_FREE_MB"
FLOOR_MB = 200  # always left free, for logs and what nobody foresees


class DiskFull(RuntimeError):
    """There is not enough room; nothing was changed."""


def hold_room(folder: Folder, needed: int, doing: str) -> None:
    """Raises DiskFull where `needed` bytes would leave less than the floor free."""
    if not isinstance(folder, Path):  # of a store nobody can tell
        return
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free, floor = shutil.disk_usage(there).free, _floor()
    if free < needed + floor:
        raise DiskFull(
            f"{folder}: {free / MB:,.0f} MB are free; to {doing} about {needed / MB:,.0f} MB are "
            f"needed, and {floor / MB:,.0f} MB stay free ({FLOOR}). Nothing was changed. Remove "
            "what does not belong there, start the DAG compact, or move KOPRU_DATA to a larger "
            "disk; then run again."
        )


def size(files: Iterable[Folder]) -> int:
    """Bytes of those that are there."""
    return sum(file.stat().st_size for file in files if file.exists())


def _floor() -> int:
    given = os.environ.get(FLOOR, str(FLOOR_MB))
    if not given.isdigit():
        raise ValueError(f"{FLOOR} is {given!r}; write a whole number of megabytes.")
    return int(given) * MB
