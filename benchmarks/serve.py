"""Marts of 1,000,000 customers and 5,000,000 order lines, from the warehouse to what is served.

Ours is all of serve: the two files with their comments, a parquet file per mart, everything flushed
to the disk and swapped in. The baseline is CREATE TABLE AS of the same tables into an attached file
of the same storage version, and its detaching: no parquet, no comments, no swap.

The figure `memory` is the most that serving grew with KOPRU_MEMORY at its default, `memory at 1GB`
with KOPRU_MEMORY=1GB; more than the setting fails.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks import TIMES, Failed, Options, Row, figure, ratio
from benchmarks.apart import Cost, apart, cost

SIZE = 1_000_000  # customers
LINES = 5  # of each
LITTLE = ("1GB", 1000.0)  # as a setting, and in MB
CUSTOMERS = """
    select printf('c_%012x', n * 7919) as customer_id,
        ['Ayşe', 'Mehmet', 'Zeynep', 'Çağlar', 'Işıl'][n % 5 + 1] as first_name,
        ['Yılmaz', 'Kaya', 'Öztürk', 'Şahin'][n // 5 % 4 + 1] as last_name,
        concat(first_name, ' ', last_name) as name,
        case when n % 8 = 0 then concat('Deneme Ticaret ', n, ' Ltd. Şti.') end as company,
        concat('musteri', n, '@posta.example') as email,
        printf('+90 532 %03d %04d', n // 10000 % 1000, n % 10000) as phone,
        case when n % 3 = 0 then printf('%010d', n * 7919) end as tax_number,
        ['İstanbul', 'Ankara', 'İzmir', 'Muğla'][n % 4 + 1] as city,
        n % 3 = 0 as consent_email,
        map {{'erp': [n::varchar], 'store': [(n * 3)::varchar]}} as ids,
        n % 7 as order_count,
        map {{'TRY': ((n % 100000) / 4)::decimal(38, 2)}} as revenue,
        date '2024-01-01' + (n % 400)::integer as first_order_on,
        first_order_on + (n % 300)::integer as last_order_on,
        case when n % 2 = 0 then ['invoice', 'online'] else ['online'] end as channels,
        n % 2 = 0 as is_omnichannel,
        case when n % 10 = 0 then map {{'TRY': (n % 5000)::decimal(38, 2)}} end as open_balance
    from range(1, {size} + 1) as numbers(n)
"""
ORDER_LINES = """
    select concat('store/orders/', n // 3) as order_id,
        (n % 3 + 1)::varchar as line_id,
        printf('c_%012x', (n // {lines} + 1) * 7919) as customer_id,
        'store' as system,
        date '2024-01-01' + (n % 700)::integer as ordered_on,
        concat('store/products/', n % 4000) as product_id,
        null::varchar as variant_id,
        (n % 4000)::varchar as product_key,
        concat('Bakır cezve ', n % 4000) as product_name,
        (n % 3 + 1)::decimal(18, 3) as quantity,
        (35 + n % 4000 * 1.5)::decimal(18, 2) as unit_price,
        (quantity * unit_price)::decimal(18, 2) as total,
        case when n % 9 = 0 then 'EUR' else 'TRY' end as currency
    from range({size} * {lines}) as numbers(n)
"""
MADE = {"marts.customer_360": CUSTOMERS, "marts.order_lines": ORDER_LINES}


def measure(options: Options) -> list[Row]:
    size, mine, bare = options.size, [], []
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        _run(options, "making the warehouse", make, folder)
        for _ in range(TIMES):
            mine.append(_run(options, "ours", ours, folder))
            bare.append(_run(options, "bare CTAS", theirs, folder))
        setting, most = LITTLE
        little = _run(options, f"ours with {setting}", ours, folder, setting).memory
    if little > most:
        raise Failed(f"serving grew by {little:.0f} MB with KOPRU_MEMORY={setting}")
    seconds, baseline = (median(run.seconds for run in runs) for runs in (mine, bare))
    return [
        ratio("serve", "bare CTAS into an attached file", seconds, baseline, "s", size),
        figure("serve", "memory", median(run.memory for run in mine), "MB", size),
        figure("serve", f"memory at {setting}", little, "MB", size),
    ]


def _run(options: Options, named: str, what: Any, folder: str, *more: str) -> Any:
    rows = f"{options.size:,} customers, {options.size * LINES:,} lines"
    return apart(options.say, f"serve: {named}, {rows}", what, Path(folder), options.size, *more)


def make(folder: Path, size: int) -> None:
    """A warehouse with every promised mart, two of them with rows."""
    from contracts import load
    from contracts.reader import HERE
    from contracts.typed import quoted
    from warehouse import Places, opened, tables

    with opened(Places.below(folder)) as connection:
        tables.ensure(connection)
        for table in load(HERE / "marts.odcs.yaml").tables.values():
            name = f"{table.settings['schema']}.{table.name}"
            columns = ", ".join(f"{quoted(column.name)} {column.type}" for column in table.columns)
            connection.execute(f"create schema if not exists {table.settings['schema']}")
            connection.execute(f"create table {name} ({columns})")
            if name in MADE:
                rows = MADE[name].format(size=size, lines=LINES)
                connection.execute(f"insert into {name} by name {rows}")


def ours(folder: Path, size: int, memory: str | None = None) -> Cost:
    from warehouse import Places, opened
    from warehouse.serve import serve

    places = Places.below(folder)
    with (
        patch.dict(os.environ, {"KOPRU_MEMORY": memory} if memory else {}),
        cost() as measured,
        opened(places) as connection,
    ):
        serve(places, connection, {}, "bench", {})
    _prove(places.serving / "warehouse.duckdb", size)
    return measured


def theirs(folder: Path, size: int) -> Cost:
    from warehouse import Places, opened
    from warehouse.serve import FILES
    from warehouse.snapshot import STORAGE_VERSION
    from warehouse.tables import of_schemas

    with tempfile.TemporaryDirectory(prefix="kopru-bench-", dir=folder) as aside:
        path = Path(aside, "bare.duckdb")
        with cost() as measured, opened(Places.below(folder)) as connection:
            connection.execute(f"attach '{path}' as bare (storage_version '{STORAGE_VERSION}')")
            for name in of_schemas(connection, {one for some in FILES.values() for one in some}):
                connection.execute(f"create schema if not exists bare.{name.partition('.')[0]}")
                connection.execute(f"create table bare.{name} as select * from warehouse.{name}")
            connection.execute("detach bare")
        _prove(path, size)
    return measured


def _prove(path: Path, size: int) -> None:
    """Raises Failed unless every customer and every line is there."""
    from warehouse import memory

    connection = memory()
    connection.execute(f"attach '{path}' as there (read_only)")
    found = [connection.table(f"there.{name}").shape[0] for name in MADE]
    connection.close()
    if found != [size, size * LINES]:
        raise Failed(f"{path.name} has {found} rows of {size} customers and {size * LINES} lines")
