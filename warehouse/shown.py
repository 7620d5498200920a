"""Tables that are served otherwise than they are: masked by the contracts as they are now.

The warehouse holds what the systems said; the quarantine that people look at, and the keys of rows
that broke a rule, show no personal value. Of a system that is no more, nothing is promised: all
of it is masked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import duckdb
from duckdb.sqltypes import VARCHAR

from contracts import ContractError, Table, contract_of
from contracts.personal import Promise, is_masked, masked_key, shown_key
from contracts.typed import text
from systems import System

PERSONAL = "(personal)"


def selects(connection: duckdb.DuckDBPyConnection, systems: Iterable[System]) -> dict[str, str]:
    """schema.table -> the SELECT of what is served of it."""
    promised = {(one.name, table.name): table for one in systems for table in _tables(one)}
    promises = {name: Promise.of(table) for name, table in promised.items()}

    def shown_row(system: str, table: str, row: str) -> str:
        promise = promises.get((system, table), Promise())
        return json.dumps(promise.shown(json.loads(row)), ensure_ascii=False)

    connection.create_function("shown_row", shown_row, [VARCHAR] * 3, VARCHAR)
    hidden = " ".join(
        f"when {_is(*name)} then {_listed(sorted(table.hidden))}"
        for name, table in promised.items()
    )
    # A reason is "<column>.type: <what the cell said>"; the contract may have changed since.
    columns = f"case when false then null {hidden} end"
    reason = f"""case when list_contains({columns}, split_part(reason, '.type: ', 1))
            or {columns} is null then concat(split_part(reason, ': ', 1), ': {PERSONAL}')
        else reason end"""
    return {
        "quarantine.rows": f"""select * replace (
                {_key(promised, "key")} as key,
                list_transform(reasons, lambda reason: {reason}) as reasons,
                shown_row(system, table_name, row::varchar)::JSON as row)
            from warehouse.quarantine.rows""",
        "ops.contract_results": f"""select * replace (
                list_transform(keys, lambda k: {_key(promised, "k")}) as keys)
            from warehouse.ops.contract_results""",
    }


def _tables(system: System) -> Iterator[Table]:
    try:
        yield from contract_of(system).tables.values()
    except ContractError:  # whatever of it may be shown, nobody can say now
        return


def _is(system: str, table: str) -> str:
    return f"system = {text(system)} and table_name = {text(table)}"


def _key(promised: dict[tuple[str, str], Table], key: str) -> str:
    known = " ".join(
        f"when {_is(*name)} then {shown_key(table, key)}" for name, table in promised.items()
    )
    return f"case when {is_masked(key)} then {key} {known} else {masked_key(key)} end"


def _listed(names: list[str]) -> str:
    return f"[{', '.join(map(text, names))}]::VARCHAR[]"
