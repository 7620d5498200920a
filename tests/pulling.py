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
