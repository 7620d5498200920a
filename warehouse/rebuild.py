"""Rebuild: the warehouse again, from landing and journal alone."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from contracts import contract_of
from systems import System
from warehouse import Places
from warehouse.build import Built, build
from warehouse.load import load

log = logging.getLogger(__name__)


def rebuild(places: Places, systems: Collection[System], *, now: datetime | None = None) -> Built:
    """Makes a new warehouse file beside the old one and swaps it in when it is whole.

    Only for a warehouse that is a file of its own; a ducklake: address is refused.
    """
    if places.warehouse.startswith("ducklake:"):
        raise ValueError(
            "rebuild works on a DuckDB file. For DuckLake, point KOPRU_WAREHOUSE at an empty "
            "catalog; the next pull loads everything the landing holds."
        )
    path = Path(places.warehouse)
    aside = path.with_name(f"{path.name}.rebuild")
    for leftover in (aside, aside.with_name(f"{aside.name}.wal")):
        leftover.unlink(missing_ok=True)
    new = dataclasses.replace(places, warehouse=str(aside))
    all_systems = list(systems)
    for system in all_systems:
        done = load(new, system, contract_of(system))
        log.info("%s: %d rows", system.name, sum(table.changed for table in done))
    built = build(new, all_systems, now=now)
    aside.replace(path)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    return built
