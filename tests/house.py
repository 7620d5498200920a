"""The warehouse's rooms in a folder of a test: pull, check and load, as the tasks do them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contracts import contract_of
from contracts.typed import text
from systems import System
from warehouse import Places, opened, tables
from warehouse.check import check
from warehouse.load import load
from warehouse.pull import pull


class House:
    """`notices`: what the last round said of rows in quarantine."""

    def __init__(self, folder: Path) -> None:
        self.places = Places.below(folder)
        self.notices: list[str] = []

    def round(self, system: System, **options: Any) -> list[str]:
        """Pull, check, load; what it would be red for."""
        contract = contract_of(system)
        pulled = pull(self.places, system, contract, **options)
        verdicts = check(self.places, system, contract)
        self.notices = [notice for verdict in verdicts for notice in verdict.notices]
        load(self.places, system, contract)
        return [done.problem for done in (*pulled, *verdicts) if done.problem]

    def rows(self, system: System, table: str) -> dict[str, dict[str, Any]]:
        """The system's rows in its raw table by their key; those that are gone left out."""
        with opened(self.places) as connection:
            found = connection.execute(
                f"select * from {tables.raw_name(system, table)}"
                f" where _system = {text(system.name)} and _change is null"
            )
            names = [column[0] for column in found.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return {row["_key"]: row for row in rows}

    def quarantined(self, system: System) -> list[str]:
        """Keys of rows that wait to be mended."""
        with opened(self.places) as connection:
            found = connection.execute(
                "select key from quarantine.rows where state = 'open' and system = ? order by key",
                [system.name],
            ).fetchall()
        return [key for (key,) in found]
