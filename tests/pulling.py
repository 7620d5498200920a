"""Runs sources with dlt's own state, without a warehouse: what a pull yields, as `Page`s."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dlt
from dlt.sources import DltResource
from open_data_contract_standard.model import OpenDataContractStandard

from sources import Page

CONTRACTS = Path(__file__).parents[1] / "contracts"


@dlt.destination(name="nowhere", skip_dlt_columns_and_tables=True)
def _nowhere(items: Any, table: Any) -> None:
    """Takes everything, keeps nothing; the state stays in the pipeline's folder."""


def pull(resources: Iterable[DltResource], folder: Path) -> dict[str, list[Page]]:
    """One run; runs with the same folder share their state, as pulls of one system do."""
    pages: dict[str, list[Page]] = defaultdict(list)

    def keeper(table: str) -> Callable[[Any], dict[str, int]]:
        def keep(item: Any) -> dict[str, int]:
            if isinstance(item, Page):
                pages[table].append(item)
            return {"rows": 1}

        return keep

    kept = [resource.add_map(keeper(resource.name)) for resource in resources]
    pipeline = dlt.pipeline("pull", pipelines_dir=str(folder), destination=_nowhere)
    pipeline.run(kept).raise_on_failed_jobs()
    return pages


def contract(name: str) -> Any:
    """The shipped contract as sources see it: tables with columns that have paths."""
    document = OpenDataContractStandard.from_file(str(CONTRACTS / f"{name}.odcs.yaml"))
    return SimpleNamespace(
        tables={
            str(table.name): SimpleNamespace(
                columns=[
                    SimpleNamespace(name=p.name, path=p.physicalName or p.name)
                    for p in table.properties or []
                ]
            )
            for table in document.schema_ or []
        }
    )
