"""A folder with one file of sales lines, to typed rows in raw_canonical.

Ours reads the file as a Turkish program writes it: pull, check, load; it lies there for a while, as
exports do, so that the two seconds a young one is given are not in it. The baselines read the same
rows from a UTF-8 file with commas: dlt as it comes, into DuckDB, and DuckDB's own read_csv.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import PATIENCE, TIMES, Failed, Options, Row, figure, ratio, sales
from benchmarks.apart import Cost, apart, cost

SIZE = 1_000_000
RESTING = 1_700_000_000  # when the file was written: a young one is looked at twice, in 2 s
PART = 5  # a baseline of minutes is compared at a part of the size, and so are we then


def measure(options: Options) -> list[Row]:
    size = options.size
    probe = _run(options, theirs, "dlt defaults", max(size // PART, 1))
    slow = probe.seconds * PART > PATIENCE and not options.full
    compared = max(size // PART, 1) if slow else size
    dlt = [probe] if slow else [_run(options, theirs, "dlt defaults", size)]
    small = [_run(options, ours, "ours", compared) for _ in range(TIMES)]
    whole = small if compared == size else [_run(options, ours, "ours", size) for _ in range(TIMES)]
    plain = [_run(options, read_csv, "duckdb read_csv", size) for _ in range(TIMES)]
    return [
        ratio("pull_csv", "dlt defaults", _middle(small), _middle(dlt), "s", compared),
        ratio("pull_csv", "duckdb read_csv", _middle(whole), _middle(plain), "s", size),
        figure("pull_csv", "seconds", _middle(whole), "s", size),
        figure("pull_csv", "memory", median(run.memory for run in whole), "MB", size),
    ]


def _middle(runs: list[Cost]) -> float:
    return median(run.seconds for run in runs)


def _run(options: Options, what: object, named: str, size: int) -> Cost:
    return apart(options.say, f"pull_csv: {named}, {size:,} rows", what, size)


def ours(size: int) -> Cost:
    from contracts import contract_of
    from systems import System
    from warehouse import Places, check, load, memory, pull

    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        data, files = Path(folder), Path(folder, "files")
        files.mkdir()
        sales.write(files / "satis.csv", size, turkish=True)
        os.utime(files / "satis.csv", (RESTING, RESTING))
        (data / "sales.odcs.yaml").write_text(sales.contract(), encoding="utf-8")
        settings = {"folder": str(files), "tables": {"order_lines": {"files": "*.csv"}}}
        system = System("depot", "files", contract=str(data / "sales.odcs.yaml"), settings=settings)
        places = Places.below(data)
        contract = contract_of(system)
        with cost() as measured:
            pull.pull(places, system, contract)
            check.check(places, system, contract)
            load.load(places, system, contract)
        connection = memory()
        connection.execute(f"attach '{places.warehouse}' as there (read_only)")
        _prove(connection, "there.raw_canonical.order_lines", size)
    return measured


def theirs(size: int) -> Cost:
    import dlt
    from dlt.sources.filesystem import filesystem, read_csv

    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        sales.write(Path(folder, "satis.csv"), size, turkish=False)
        path = str(Path(folder) / "dlt.duckdb")
        with cost() as measured:
            rows = filesystem(bucket_url=Path(folder).as_uri(), file_glob="*.csv") | read_csv()
            dlt.pipeline(
                "bench",
                destination=dlt.destinations.duckdb(path),
                dataset_name="raw",
                pipelines_dir=folder,
            ).run(rows.with_name("order_lines"))
        from warehouse import memory

        connection = memory()
        connection.execute(f"attach '{path}' as there (read_only)")
        _prove(connection, "there.raw.order_lines", size)
    return measured


def read_csv(size: int) -> Cost:
    from warehouse import memory

    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        file = Path(folder, "satis.csv")
        sales.write(file, size, turkish=False)
        connection = memory()
        connection.execute(f"attach '{folder}/plain.duckdb' as plain")
        with cost() as measured:
            connection.execute(
                f"create table plain.order_lines as from read_csv('{file}', header = true)"
            )
        _prove(connection, "plain.order_lines", size)
    return measured


def _prove(connection: object, table: str, size: int) -> None:
    """Raises Failed unless every row arrived, and the amounts with them."""
    found, total = connection.table(table).aggregate("count(*), sum(total)").fetchall()[0]
    expected = sum((3500 + number % 4000 * 150) * (number % 3 + 1) for number in range(1, size + 1))
    if found != size or round(float(total) * 100) != expected:
        raise Failed(f"{table} has {found} rows worth {total} instead of {size}")
