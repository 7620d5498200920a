"""The tables that exist before any data does: made empty from the contracts.

So every model always runs, and a company with only two systems gets a working view.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path

import duckdb

from contracts import Column, Contract, ContractError, Table, load
from contracts.reader import GENERIC_KINDS, HERE
from contracts.typed import quoted, scale
from systems import System
from warehouse import transaction
from warehouse.journal import TOPICS
from warehouse.widening import widen

KINDS = ("shopify", "woocommerce", "hubspot")
LANDED_COLUMNS = {
    "_system": "VARCHAR",
    "_key": "VARCHAR",
    "_hash": "VARCHAR",
    "_load_id": "VARCHAR",
    "_change": "VARCHAR",
}
BUILT = "built"  # of what a model was made (touched.py): a schema, and names of versions
OWN = ("ops", "meta")  # contracts of the tables that the warehouse itself fills


def raw_name(system: System, table: str) -> str:
    return f"{_raw_schema(system.kind)}.{quoted(table)}"


def _raw_schema(kind: str) -> str:
    return "raw_canonical" if kind in GENERIC_KINDS else f"raw_{kind}"


@cache
def _shipped(name: str) -> Contract:
    return load(Path(HERE) / f"{name}.odcs.yaml")


def canonical_columns(system: System, table: str) -> frozenset[str] | None:
    """Column names of the canonical table a generic kind maps to; None for other kinds."""
    if system.kind not in GENERIC_KINDS:
        return None
    return frozenset(column.name for column in _shipped("canonical").tables[table].columns)


def hold_mapping(system: System, contract: Contract) -> None:
    """Raises ContractError where a generic kind's contract does not fit the canonical tables."""
    if system.kind not in GENERIC_KINDS:
        return
    canonical = _shipped("canonical").tables
    for table in contract.tables.values():
        if table.name not in canonical:
            raise ContractError(
                f"{table.where}: {system.name} is of kind {system.kind}, whose tables are the "
                f"canonical ones. Valid table names: {', '.join(canonical)}."
            )
        target = {column.name: column for column in canonical[table.name].columns}
        _hold_columns(table.columns, target)


def _hold_columns(columns: Iterable[Column], target: Mapping[str, Column]) -> None:
    for column in columns:
        wanted = target.get(column.name)
        if wanted is None:
            continue
        if column.logical != wanted.logical or scale(column.type) > scale(wanted.type):
            raise ContractError(
                f"{column.where}: is {column.logical} {column.type}; the canonical column "
                f"{column.name} is {wanted.logical} {wanted.type}. Correct it, or give it another "
                "name: columns outside the vocabulary are kept beside it."
            )
        inner = {item.name: item for item in wanted.items}
        stray = sorted({item.name for item in column.items} - inner.keys())
        if wanted.items and (stray or not column.items):
            raise ContractError(
                f"{column.where}: its elements have {', '.join(stray) or 'no properties'}; the "
                f"canonical ones have {', '.join(inner)}."
            )
        _hold_columns(column.items, inner)


def ensure(connection: duckdb.DuckDBPyConnection) -> None:
    """Our own tables, the journal's, and raw tables of every shipped contract."""
    wanted: dict[str, Mapping[str, str]] = {
        f"journal.{quoted(topic)}": columns for topic, columns in TOPICS.items()
    }
    for contract in OWN:
        for table in _shipped(contract).tables.values():
            own = {column.name: column.type for column in table.columns}
            wanted[f"{table.settings['schema']}.{quoted(table.name)}"] = own
    for kind in KINDS:
        for table in _shipped(kind).tables.values():
            wanted[f"raw_{kind}.{quoted(table.name)}"] = _columns(table)
    for table in _shipped("canonical").tables.values():
        wanted[f"raw_canonical.{quoted(table.name)}"] = {**_columns(table), "_extra": "JSON"}
    _create(connection, wanted)


def ensure_raw(connection: duckdb.DuckDBPyConnection, system: System, contract: Contract) -> None:
    """Raw tables of a system whose contract is not the shipped one; adds new columns."""
    if system.kind in GENERIC_KINDS:
        return
    raw = {raw_name(system, name): _columns(table) for name, table in contract.tables.items()}
    _create(connection, raw)


def of_schemas(connection: duckdb.DuckDBPyConnection, schemas: Iterable[str]) -> list[str]:
    """Tables and views that are there, as schema.table."""
    return [name for name in kinds(connection) if name.partition(".")[0] in set(schemas)]


def kinds(connection: duckdb.DuckDBPyConnection, catalog: str = "warehouse") -> dict[str, str]:
    """Of what is there, as schema.table: table or view; in the order of their names."""
    return {
        f"{schema}.{name}": kind
        for schema, name, kind in connection.execute(
            """select schema_name, table_name, 'table' from duckdb_tables()
                where database_name = $catalog
                union all
                select schema_name, view_name, 'view' from duckdb_views()
                where database_name = $catalog and not internal
                order by all""",
            {"catalog": catalog},
        ).fetchall()
    }


def columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Of what is there, as schema.table: its columns and their types."""
    found: dict[str, dict[str, str]] = {}
    for schema, table, column, kind in connection.execute(
        """select schema_name, table_name, column_name, data_type from duckdb_columns()
            where database_name = 'warehouse'"""
    ).fetchall():
        found.setdefault(f"{schema}.{table}", {})[column] = kind
    return found


def versions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Table or model name -> version of its content."""
    return dict(connection.execute("select name, version from ops.versions").fetchall())


def bump(connection: duckdb.DuckDBPyConnection, name: str, version: str) -> None:
    """Says that a table's content changed, so that models reading it are built again."""
    name = name.replace('"', "")
    connection.execute("delete from ops.versions where name = ?", [name])
    connection.execute("insert into ops.versions values (?, ?)", [name, version])


def _columns(table: Table) -> dict[str, str]:
    return {**LANDED_COLUMNS, **{column.name: column.type for column in table.columns}}


def _create(connection: duckdb.DuckDBPyConnection, wanted: Mapping[str, Mapping[str, str]]) -> None:
    """In one transaction, and only what is missing: on DuckLake every statement has its price.

    Raises Retyped where a column cannot take what its contract says by now.
    """
    have = columns(connection)
    with transaction(connection):
        for name, inside in wanted.items():
            there = have.get(name.replace('"', ""))
            if there is None:
                told = ", ".join(f"{quoted(column)} {kind}" for column, kind in inside.items())
                connection.execute(f"create schema if not exists {name.partition('.')[0]}")
                connection.execute(f"create table {name} ({told})")
                continue
            for column, kind in inside.items():
                if column not in there:
                    connection.execute(f"alter table {name} add column {quoted(column)} {kind}")
                elif widen(connection, name, column, there[column], kind):
                    bump(connection, name, secrets.token_hex(8))
                    # Models that are brought up to date keep tables of the old types.
                    connection.execute(
                        "delete from ops.versions where starts_with(name, $1)", [f"{BUILT}."]
                    )


def drop_gone(connection: duckdb.DuckDBPyConnection, models: Collection[str]) -> None:
    """Tables of models that are no more: served on, they would never change again."""
    schemas = {model.partition(".")[0] for model in models}
    for name, kind in kinds(connection).items():
        if name.partition(".")[0] in schemas and name not in models:
            connection.execute(f"drop {kind} {name}")
