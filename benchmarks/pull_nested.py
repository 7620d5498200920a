"""Nested orders from JSON pages in memory to orders and order_lines in staging.

Ours is the product's own path: the WooCommerce source with a store in memory behind it, pull,
check, load, and the staging models, written out as tables as the baselines' are. The baselines
check nothing: dlt as it comes, into DuckDB, and DuckDB's own read_json of one file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks import PATIENCE, TIMES, Failed, Options, Row, figure, orders, ratio
from benchmarks.apart import Cost, apart, cost
from clients.answers import parsed
from clients.records import Records, records
from clients.woocommerce import HEADS

SIZE = 200_000
FIFTH = 5
STAGING = ("staging.orders", "staging.order_lines")
WRITTEN = ("written.orders", "written.order_lines")


def measure(options: Options) -> list[Row]:
    """A baseline that would take too long is compared at a fifth, and so are we then: nothing
    is extrapolated."""
    size, times = options.size, TIMES
    probe = _theirs(options, size // FIFTH or 1)
    theirs: list[Cost] = []
    if probe.seconds * FIFTH > PATIENCE and not options.full:
        compared, theirs = size // FIFTH, [probe]
    else:
        compared, theirs = size, [_theirs(options, size) for _ in range(times)]
    ours = [_ours(options, compared) for _ in range(times)]
    whole = ours if compared == size else [_ours(options, size) for _ in range(times)]
    named = f"pull_nested: duckdb read_json, {size:,} orders"
    plain = [apart(options.say, named, read_json, size) for _ in range(times)]
    return [
        ratio(
            "pull_nested",
            "dlt defaults",
            median(run.seconds for run in ours),
            median(run.seconds for run in theirs),
            "s",
            compared,
        ),
        ratio(
            "pull_nested",
            "duckdb read_json",
            median(run.seconds for run in whole),
            median(run.seconds for run in plain),
            "s",
            size,
        ),
        figure("pull_nested", "seconds", median(run.seconds for run in whole), "s", size),
        figure("pull_nested", "memory", median(run.memory for run in whole), "MB", size),
    ]


def _ours(options: Options, size: int) -> Cost:
    return apart(options.say, f"pull_nested: ours, {size:,} orders", ours, size)


def _theirs(options: Options, size: int) -> Cost:
    return apart(options.say, f"pull_nested: dlt defaults, {size:,} orders", theirs, size)


class Shop:
    """A WooCommerce store in memory, as far as the source asks it: pages of orders by id."""

    at_once = 1

    def __init__(self, texts: list[bytes]) -> None:
        self.texts = texts

    def page(self, path: str, params: dict[str, Any]) -> tuple[Records, int]:
        return self.read(path, self.ask(path, params))

    def ask(self, path: str, params: dict[str, Any]) -> int | None:
        return params["offset"] if params["status"] == "any" else None

    def read(self, path: str, offset: int | None) -> tuple[Records, int]:
        if offset is None:
            return Records([]), 0
        return records(orders.answer(self.texts, offset), HEADS), len(self.texts)


def ours(size: int) -> Cost:
    from contracts import contract_of
    from sources import woocommerce
    from systems import System
    from warehouse import Places, check, load, pull

    system = System("store", "woocommerce")
    contract, shop = contract_of(system), Shop(orders.texts(size))
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        data = Path(folder)
        places = Places.below(data)
        with patch.object(woocommerce, "connect", lambda _: shop), cost() as measured:
            pull.pull(places, system, contract, tables=["orders"])
            check.check(places, system, contract)
            load.load(places, system, contract)
            _stage(places)
        _prove(places.warehouse, WRITTEN, size)
    return measured


def _stage(places: Any) -> None:
    """The models that orders and their lines need, and no others."""
    from warehouse import build, opened
    from warehouse.journal import Journal

    models = build.discover(build.TRANSFORMS)
    needed = set(STAGING)
    for model in reversed(models):
        if model.name in needed:
            needed |= model.reads
    with opened(places) as connection:
        build.refresh(
            build.Context(connection, Journal(places.journal)),
            [model for model in models if model.name in needed],
        )
        connection.execute("create schema written")
        for table, model in zip(WRITTEN, STAGING, strict=True):
            connection.execute(f"create table {table} as from {model}")


def theirs(size: int) -> Cost:
    import dlt

    texts = orders.texts(size)

    @dlt.resource(name="orders")
    def resource() -> Iterator[list[dict[str, Any]]]:
        for offset in range(0, size, orders.PER_PAGE):
            yield parsed(orders.answer(texts, offset))

    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        path = str(Path(folder) / "dlt.duckdb")
        with cost() as measured:
            dlt.pipeline(
                "bench",
                destination=dlt.destinations.duckdb(path),
                dataset_name="staging",
                pipelines_dir=folder,
            ).run(resource())
        _prove(path, ("staging.orders", "staging.orders__line_items"), size)
    return measured


def read_json(size: int) -> Cost:
    from warehouse import memory

    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        file, path = Path(folder, "orders.json"), str(Path(folder) / "plain.duckdb")
        file.write_bytes(b"\n".join(orders.texts(size)))
        connection = memory()
        connection.execute(f"attach '{path}' as plain; create schema plain.staging")
        with cost() as measured:
            connection.execute(f"create table plain.staging.orders as from read_json('{file}')")
            connection.execute(
                """create table plain.staging.lines as
                    select id, unnest(line_items) from plain.staging.orders"""
            )
        connection.close()
        _prove(path, ("staging.orders", "staging.lines"), size)
    return measured


def _prove(path: str, tables: tuple[str, str], size: int) -> None:
    """Raises Failed unless every order and every line arrived."""
    from warehouse import memory

    lines = sum(orders.lines_of(number) for number in range(1, size + 1))
    connection = memory()
    connection.execute(f"attach '{path}' as there (read_only)")
    for table, expected in zip(tables, (size, lines), strict=True):
        found = connection.table(f"there.{table}").shape[0]
        if found != expected:
            raise Failed(f"{table} has {found} rows instead of {expected}")
    connection.close()
