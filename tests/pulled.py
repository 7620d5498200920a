"""Runs a source's resources through a real dlt pipeline, with a landing in memory.

dlt keeps the state between runs as it does in production; what it would land is captured.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dlt

from sources import Page, Reading


class Landing:
    """Rows as they stand per table, and the pages and the outcome of the last run."""

    def __init__(self, folder: Path, module: Any, system: Any, promised: Any) -> None:
        self.folder, self.module, self.system, self.promised = folder, module, system, promised
        self.rows: dict[str, dict[str, Any]] = {name: {} for name in promised.tables}
        self.cursors: dict[str, dict[str, str | None]] = {name: {} for name in promised.tables}
        self.pages: dict[str, list[Page]] = {}
        self.readings: dict[str, Reading] = {}

    def memory(self, table: str) -> Mapping[str, str | None]:
        return dict(self.cursors[table])

    def pull(self, *tables: str, full: bool = False, since: str | None = None) -> Landing:
        """One bounded load of each table."""
        self.pages, self.readings = {}, {}
        resources = self.module.source(
            self.system,
            self.promised,
            self.memory,
            tables=list(tables) or None,
            since=since,
            full=full,
        )
        pipeline = dlt.pipeline("pull", pipelines_dir=str(self.folder), destination="dummy")
        for resource in resources:
            resource.add_filter(self._catch(resource.name))
        pipeline.extract(resources)
        return self

    def _catch(self, table: str) -> Any:
        def catch(item: Page | Reading) -> bool:
            if isinstance(item, Reading):
                self.readings[table] = item
                return False
            self.pages.setdefault(table, []).append(item)
            for row, key, cursor in zip(item.rows, item.keys, item.cursors, strict=True):
                self.rows[table][key] = row
                self.cursors[table][key] = cursor
            return False

        return catch

    def read(self, table: str) -> list[str]:
        """Keys whose rows were read in the last run."""
        return [key for page in self.pages.get(table, []) for key in page.keys]

    def unchanged(self, table: str) -> list[str]:
        return [key for page in self.pages.get(table, []) for key in page.unchanged]
