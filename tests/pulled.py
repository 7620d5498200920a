"""Runs sources with dlt's own state, without a warehouse: what a pull yields, as `Page`s."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import dlt
from dlt.sources import DltResource

from contracts import Contract, load
from sources import Page, Reading
from warehouse import memory
from warehouse.documents import told
from warehouse.held import Held

CONTRACTS = Path(__file__).parents[1] / "contracts"
CONNECTION = memory()


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


def nothing_held(folder: Path | str) -> Held:
    return Held(Path(folder))


def contract(name: str) -> Contract:
    """A shipped contract."""
    return load(CONTRACTS / f"{name}.odcs.yaml")


def _next_pull(folder: Path, last: Held) -> Held:
    """What the pull after `last` finds in the landing."""
    held = Held(folder / "held")
    held.connection.register("last", last.connection.execute("from held").to_arrow_table())
    held.connection.execute("insert into held from last")
    return held


class Landed:
    """Rows as they stand per table after each pull, and what became of those that are gone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, dict[str, Any]] = defaultdict(dict)
        self.changes: dict[str, dict[str, str]] = defaultdict(dict)
        self.pages: dict[str, list[Page]] = {}
        self.helds: dict[str, Held] = {}

    def held(self, table: str) -> Held:
        return self.helds.setdefault(table, nothing_held(self.folder / table))

    def take(self, resources: Iterable[DltResource]) -> dict[str, Reading]:
        """One bounded load of each; what a window met is forgotten when it ends."""
        readings = {}
        for name, (pages, [reading]) in read(resources, self.folder).items():
            self.pages[name] = pages
            for page in pages:
                self._land(name, page)
            if reading.finished or reading.error:
                self.helds[name] = _next_pull(self.folder, self.held(name))
            readings[name] = reading
        return readings

    def _land(self, table: str, page: Page) -> None:
        for row, key in zip(page.rows, page.keys, strict=True):
            if page.change is None:
                self.rows[table][key] = row
            else:
                self.rows[table].pop(key, None)
                self.changes[table][key] = page.change
        for key, change in page.gone.items():
            self.rows[table].pop(key, None)
            self.changes[table][key] = change
        if len(landed := told(CONNECTION, [page])):
            self.held(table).fresh(landed)


class Landing(Landed):
    """The landing of one system, read through its source."""

    def __init__(self, folder: Path, module: Any, system: Any, promised: Any) -> None:
        super().__init__(folder)
        self.module, self.system, self.promised = module, system, promised
        self.readings: dict[str, Reading] = {}

    def pull(
        self, *tables: str, full: bool = False, since: str | None = None, **asked: Any
    ) -> Landing:
        """One bounded load of each table."""
        self.pages = {}
        resources = self.module.source(
            self.system,
            self.promised,
            self.held,
            tables=list(tables) or None,
            since=since,
            full=full,
            **asked,
        )
        self.readings = self.take(resources)
        return self

    def cursors(self, table: str) -> dict[str, str | None]:
        return dict(_next_pull(self.folder, self.held(table)))

    def read(self, table: str) -> list[str]:
        """Keys whose rows were read in the last run, those of archived ones left out."""
        pages = (page for page in self.pages.get(table, []) if page.change is None)
        return [key for page in pages for key in page.keys]

    def unchanged(self, table: str) -> list[str]:
        return [key for page in self.pages.get(table, []) for key in page.unchanged]
