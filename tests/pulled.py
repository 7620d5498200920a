"""Runs sources with dlt's own state, without a warehouse: what a pull yields, as `Page`s."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import dlt
from dlt.sources import DltResource

from contracts import Contract, load
from sources import Page, Reading

CONTRACTS = Path(__file__).parents[1] / "contracts"


@dlt.destination(name="nowhere", skip_dlt_columns_and_tables=True)
def _nowhere(items: Any, table: Any) -> None:
    """Takes everything, keeps nothing; the state stays in the pipeline's folder."""


def pull(resources: Iterable[DltResource], folder: Path) -> dict[str, list[Page]]:
    """The pages of one run. Runs with the same folder share their state, as pulls do."""
    return {table: pages for table, (pages, _) in read(resources, folder).items()}


def read(
    resources: Iterable[DltResource], folder: Path
) -> dict[str, tuple[list[Page], list[Reading]]]:
    """Pages and readings of one run."""
    items: dict[str, tuple[list[Page], list[Reading]]] = defaultdict(lambda: ([], []))

    def keeper(table: str) -> Callable[[Any], dict[str, int]]:
        def keep(item: Any) -> dict[str, int]:
            pages, readings = items[table]
            if isinstance(item, Page):
                pages.append(item)
            else:
                readings.append(item)
            return {"rows": 1}

        return keep

    kept = [resource.add_map(keeper(resource.name)) for resource in resources]
    pipeline = dlt.pipeline("pull", pipelines_dir=str(folder), destination=_nowhere)
    pipeline.run(kept).raise_on_failed_jobs()
    return items


def contract(name: str) -> Contract:
    """A shipped contract."""
    return load(CONTRACTS / f"{name}.odcs.yaml")


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

    def pull(
        self, *tables: str, full: bool = False, since: str | None = None, **asked: Any
    ) -> Landing:
        """One bounded load of each table."""
        self.pages, self.readings = {}, {}
        resources = self.module.source(
            self.system,
            self.promised,
            self.memory,
            tables=list(tables) or None,
            since=since,
            full=full,
            **asked,
        )
        for name, (pages, [reading]) in read(resources, self.folder).items():
            self.pages[name], self.readings[name] = pages, reading
            for page in pages:
                for key in [*page.gone, *(page.keys if page.change else ())]:
                    self.rows[name].pop(key, None)
                    self.cursors[name].pop(key, None)
                if page.change:
                    continue
                for row, key, cursor in zip(page.rows, page.keys, page.cursors, strict=True):
                    self.rows[name][key] = row
                    self.cursors[name][key] = cursor
        return self

    def read(self, table: str) -> list[str]:
        """Keys whose rows were read in the last run, those of archived ones left out."""
        pages = (page for page in self.pages.get(table, []) if page.change is None)
        return [key for page in pages for key in page.keys]

    def unchanged(self, table: str) -> list[str]:
        return [key for page in self.pages.get(table, []) for key in page.unchanged]
