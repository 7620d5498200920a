"""Rebuild: the warehouse again, from landing and journal alone, beside the old one.

The old one stays until the new one is whole; then they change places in one step: a file is
renamed, in Postgres a schema. A rebuild that was killed leaves a beginning, which the next one
takes away first.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from company import USUAL, Company
from contracts import contract_of
from systems import System
from warehouse import Places, lake
from warehouse.build import Built, build
from warehouse.load import load

log = logging.getLogger(__name__)


def rebuild(
    places: Places,
    systems: Collection[System],
    company: Company = USUAL,
    *,
    now: datetime | None = None,
) -> Built:
    """Only for a warehouse in a file, and for DuckLake in a file or in Postgres.

    Raises ValueError for any other.
    """
    swap = _swap(places)
    swap.clear()
    all_systems = list(systems)
    for system in all_systems:
        done = load(swap.beside, system, contract_of(system))
        log.info("%s: %d rows", system.name, sum(table.changed for table in done))
    built = build(swap.beside, all_systems, company, now=now)
    swap.swap()
    return built


def hold_possible(places: Places) -> None:
    """Raises ValueError where the warehouse cannot be rebuilt in its place."""
    _swap(places)


def _swap(places: Places) -> _InPostgres | _InFile:
    return _InPostgres(places) if places.warehouse.startswith(lake.POSTGRES) else _InFile(places)


class _InFile:
    """A database, or a lake's catalog, whose files stay where they are."""

    def __init__(self, places: Places) -> None:
        prefix, path, files = "", places.warehouse, places.lake_files
        if path.startswith(lake.PREFIX):
            prefix, path = lake.PREFIX, path.removeprefix(lake.PREFIX)
            files = files or Path(f"{path}.files")
        if ":" in path:
            raise ValueError(
                f"{places.warehouse} cannot be rebuilt in its place. Point KOPRU_WAREHOUSE at an "
                "empty one; the next pulls load everything the landing holds."
            )
        self.path = Path(path)
        self.aside = self.path.with_name(f"{self.path.name}.rebuild")
        self.beside = replace(places, warehouse=f"{prefix}{self.aside}", lake_files=files)

    def clear(self) -> None:
        for leftover in (self.aside, self.aside.with_name(f"{self.aside.name}.wal")):
            leftover.unlink(missing_ok=True)

    def swap(self) -> None:
        self.aside.replace(self.path)
        self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)


class _InPostgres:
    """A catalog that is a schema; the files of the old and of the new one lie together."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.beside = replace(places, catalog=f"{places.catalog}_rebuild")

    def clear(self) -> None:
        lake.run(self.places, f'drop schema if exists "{self.beside.catalog}" cascade')

    def swap(self) -> None:
        old, new = self.places.catalog, self.beside.catalog
        lake.run(
            self.places,
            f'drop schema if exists "{old}" cascade; alter schema "{new}" rename to "{old}"',
        )
