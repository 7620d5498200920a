"""100,000 changed customers, one in fifty, into a warehouse that has 5,000,000 of them.

Ours is load as the DAG runs it, of a landed load that check has accepted: from opening the
warehouse to having closed it, with quarantine, ops.loads and journal. Its rows were typed by check,
so the baselines are given the same typed rows: one MERGE by hand reads the file that check left,
and dlt merges them into a table of its own, once as Python rows and once as an Arrow table, the
fastest it takes. All open and close a DuckDB file, and are proven to hold every customer once.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import PATIENCE, TIMES, Failed, Options, Row, figure, people, ratio
from benchmarks.apart import Cost, apart, cost

SIZE = 5_000_000
PART = 50  # one in so many customers has changed
LOAD = "1700000000.5"
TARGET = f"raw_canonical.{people.TABLE}"


def measure(options: Options) -> list[Row]:
    size = options.size
    baselines = {"bare MERGE": merge, "dlt merge": dlt_merge, "dlt merge, Arrow": arrow_merge}
    mine: list[Cost] = []
    theirs: dict[str, list[Cost]] = {name: [] for name in baselines}
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        _run(options, "making the warehouse", _make, folder)
        _run(options, "making dlt's", _make_dlt, folder)
        for _ in range(TIMES):
            mine.append(_run(options, "ours", ours, folder))
            for name, runs in theirs.items():
                if not runs or runs[0].seconds <= PATIENCE or options.full:
                    runs.append(_run(options, name, baselines[name], folder))
    seconds = median(run.seconds for run in mine)
    return [
        *(
            ratio("load_merge", name, seconds, median(run.seconds for run in runs), "s", size)
            for name, runs in theirs.items()
        ),
        figure("load_merge", "memory", median(run.memory for run in mine), "MB", size),
    ]


def _run(options: Options, named: str, what: Callable[..., Any], folder: str) -> Any:
    rows = f"{options.size // PART:,} rows into {options.size:,}"
    return apart(options.say, f"load_merge: {named}, {rows}", what, Path(folder), options.size)


def ours(made: Path, size: int) -> Cost:
    from warehouse import Places
    from warehouse.load import load

    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        shutil.copytree(made / "data", folder, dirs_exist_ok=True)
        places, contract = Places.below(Path(folder)), people.contract()
        with cost() as measured:
            [done] = load(places, people.SYSTEM, contract)
        if done.changed != size // PART:
            raise Failed(f"{done.changed} rows changed instead of {size // PART}")
        _prove(places.warehouse, TARGET, size)
    return measured


def merge(made: Path, size: int) -> Cost:
    from warehouse import memory

    [rows] = (made / "data" / "typed").rglob("*.parquet")
    columns = f"'{people.SYSTEM.name}' as _system, * exclude (_unreadable), '{{}}'::JSON as _extra"
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        path = str(shutil.copy(made / "data" / "warehouse.duckdb", folder))
        with cost() as measured:
            connection = memory()
            connection.execute(f"attach '{path}' as warehouse; use warehouse")
            connection.execute(
                f"""merge into {TARGET} as t
                    using (select {columns} from read_parquet('{rows}')) as s
                    on t._system = s._system and t._key = s._key
                    when matched then update by name
                    when not matched then insert by name"""
            )
            connection.close()
        _prove(path, TARGET, size)
    return measured


def dlt_merge(made: Path, size: int) -> Cost:
    return _dlt(made, "rows", _typed(made).to_pylist(), size)


def arrow_merge(made: Path, size: int) -> Cost:
    return _dlt(made, "arrow", _typed(made), size)


def _dlt(made: Path, how: str, rows: Any, size: int) -> Cost:
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        shutil.copytree(made / how, folder, dirs_exist_ok=True)
        with cost() as measured:
            _merge_by_dlt(Path(folder), rows)
        _prove(str(Path(folder, "dlt.duckdb")), f"raw.{people.TABLE}", size)
    return measured


def _make(folder: Path, size: int) -> None:
    """A warehouse with everybody, and a landed load, checked, of those who have changed."""
    from sandbox.landed import land
    from warehouse import Places, opened, tables
    from warehouse.check import check

    places = Places.below(folder / "data")
    with opened(places) as connection:
        tables.ensure(connection)
        connection.execute(f"insert into {TARGET} by name {people.typed(_numbers(1, size))}")
    # None of those who break a rule is among them.
    changed = people.documents(_numbers(PART, size, PART))
    land(places, people.SYSTEM.name, people.TABLE, LOAD, changed)
    [verdict] = check(places, people.SYSTEM, people.contract())
    if not verdict.accepted or verdict.quarantined or verdict.rows != size // PART:
        raise Failed(f"the changed rows are not those meant: {verdict}")


def _make_dlt(folder: Path, size: int) -> None:
    """The same customers in tables that dlt has made: of rows, and of Arrow, with no id of its
    own for each."""
    from warehouse import memory

    one = _typed(folder).slice(0, 1)
    _merge_by_dlt(folder / "rows", one.to_pylist())
    _merge_by_dlt(folder / "arrow", one)
    connection = memory()
    for how in ("rows", "arrow"):
        connection.execute(f"attach '{folder / how}/dlt.duckdb' as of_{how}")
        connection.execute(f"delete from of_{how}.raw.{people.TABLE}")
    rows = f"select * exclude (_system) from ({people.typed(_numbers(1, size))})"
    # Of rows dlt makes no column that has no value.
    own = "* exclude (_change), 'made' as _dlt_load_id, md5(concat('row ', _key))[:14] as _dlt_id"
    connection.execute(f"insert into of_arrow.raw.{people.TABLE} by name {rows}")
    connection.execute(
        f"""insert into of_rows.raw.{people.TABLE} by name
            select {own} from of_arrow.raw.{people.TABLE}"""
    )
    connection.close()


def _typed(folder: Path) -> Any:
    """The changed customers as check typed them, an Arrow table."""
    from warehouse import memory

    [file] = (folder / "data" / "typed").rglob("*.parquet")
    connection = memory()
    rows = connection.execute(
        f"select * exclude (_unreadable), '{{}}' as _extra from read_parquet('{file}')"
    ).to_arrow_table()
    connection.close()
    return rows


def _merge_by_dlt(folder: Path, rows: Any) -> None:
    import dlt

    dlt.pipeline(
        "bench",
        destination=dlt.destinations.duckdb(str(folder / "dlt.duckdb")),
        dataset_name="raw",
        pipelines_dir=str(folder),
    ).run(rows, table_name=people.TABLE, write_disposition="merge", primary_key="_key")


def _numbers(first: int, last: int, step: int = 1) -> str:
    return f"select range as n from range({first}, {last + 1}, {step})"


def _prove(path: str, table: str, size: int) -> None:
    """Raises Failed unless every customer is there once, those changed as they are now."""
    from warehouse import memory

    connection = memory()
    connection.execute(f"attach '{path}' as there (read_only)")
    found = connection.execute(
        f"""select count(*), count(distinct _key), count(*) filter (_load_id = '{LOAD}')
            from there.{table}"""
    ).fetchall()
    connection.close()
    if found != [(size, size, size // PART)]:
        raise Failed(f"{table}: rows, keys and changed rows are {found}, of {size}")
