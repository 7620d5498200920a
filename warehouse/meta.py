"""What a reader of a served file may know about it: the schema `meta`, the same in every file.

meta.build       which build served it; the files of one build have the same build_id
meta.loads       how far the data of each system's tables reaches
meta.contracts   which promises hold
"""

from __future__ import annotations

import importlib.metadata
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

import duckdb

from contracts.typed import text
from warehouse import transaction
from warehouse.outgoing import BUILD, Held

FORMAT = 1  # of the served files' layout; counts up when readers must be changed


def describe(connection: duckdb.DuckDBPyConnection, held: Iterable[Held]) -> str:
    """Fills the schema for the files about to be served; gives their new build id."""
    build = uuid.uuid4().hex
    with transaction(connection):
        _build(connection, build)
        _loads(connection)
        _contracts(connection, held)
    return build


def build_id(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Of a warehouse or a served file; None where nothing says it: it is older, or not served."""
    try:
        row = connection.execute("select build_id from meta.build").fetchone()
    except duckdb.CatalogException:
        return None
    return str(row[0]) if row else None


def _build(connection: duckdb.DuckDBPyConnection, build: str) -> None:
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    ours = importlib.metadata.version("kopru")
    connection.execute("delete from meta.build")
    connection.execute(
        """insert into meta.build by name
            select ? as build_id, ? as built_at, as_of, ? as format, ? as kopru_version,
                ? as duckdb_version
            from ops.as_of""",
        [build, now, FORMAT, ours, duckdb.__version__],
    )


def _loads(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("delete from meta.loads")
    connection.execute(
        rf"""insert into meta.loads by name
        with newest as (
            select system, table_name,
                max(load_id) filter (where accepted) as load_id,
                max(loaded_from) filter (where accepted) as loaded_from,
                max_by(regexp_extract(contract, '^(.*) (\S*)$', ['id', 'version']), load_id) as has,
                max_by(accepted, load_id) as accepted,
                -- not the reason itself: max_by passes over nulls
                max_by({{'reason': reason}}, load_id).reason as reason
            from ops.loads
            group by all
        ),
        counted as ({_counts(connection)}),
        waiting as (
            select system, table_name, count(*) as waiting
            from quarantine.rows
            where state = 'open'
            group by all
        )
        select * exclude (has, rows, waiting), has.id as contract, has.version as contract_version,
            coalesce(rows, 0) as rows, coalesce(waiting, 0) as waiting
        from newest
        left join counted using (system, table_name)
        left join waiting using (system, table_name)"""
    )


def _counts(connection: duckdb.DuckDBPyConnection) -> str:
    """SELECT of how many records of each system and table are there and not gone."""
    raw = connection.execute(
        """select table_schema, table_name from information_schema.tables
            where table_catalog = 'warehouse' and starts_with(table_schema, 'raw_') order by all"""
    ).fetchall()
    return " union all ".join(
        f"""select _system as system, {text(table)} as table_name,
                count(*) filter (where _change is null) as rows
            from {schema}."{table}" group by all"""
        for schema, table in raw
    )


def _contracts(connection: duckdb.DuckDBPyConnection, held: Iterable[Held]) -> None:
    connection.execute("delete from meta.contracts")
    connection.execute(
        f"""insert into meta.contracts by name
        with newest as (
            select system, table_name, max(load_id) as load_id
            from ops.loads
            group by all
        ),
        failing as (
            select system, table_name, concat(rule, ' (', severity, ')') as rule
            from ops.contract_results as results
            inner join newest using (system, table_name)
            where failed > 0 and results.load_id in (newest.load_id, {text(BUILD)})
            union
            select system, table_name, concat(unnest(rules), ' (error)') as rule
            from quarantine.rows
            where state = 'open'
            union
            select system, table_name, 'refused (error)' as rule
            from meta.loads
            where not accepted
        ),
        listed as (
            select system, table_name, string_agg(rule, ', ' order by rule) as failing
            from failing
            group by all
        )
        select concat(system, '.', table_name) as table_name, contract, contract_version as version,
            if(failing is null, 'held', 'broken') as state, failing
        from meta.loads
        left join listed using (system, table_name)"""
    )
    connection.executemany(
        "insert into meta.contracts values (?, ?, ?, ?, ?)",
        [
            (one.name, one.contract, one.version, one.state, ", ".join(one.failing) or None)
            for one in held
        ],
    )
