"""What models may know besides rows: the systems, the company, and the moment of the build."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection
from datetime import datetime

import duckdb

from company import Company
from systems import System
from warehouse import tables, transaction

EXACT, CERTAIN = 15.0, 100.0  # bits: of a link by an exact identifier, and of one beyond doubt
CHANNELS = {
    "shopify": "online",
    "woocommerce": "online",
    "hubspot": "sales",
    "soap": "invoice",
    "files": "store",
}


def say_systems(connection: duckdb.DuckDBPyConnection, systems: Collection[System]) -> None:
    """ops.systems and ops.publishing: what models may know of systems.toml."""
    names = {system.name for system in systems}
    rows = sorted(
        (s.name, s.kind, str(s.settings.get("channel", CHANNELS[s.kind])), _trust(s), _keys_of(s))
        for s in systems
    )
    for name, *_, keys_of in rows:
        if keys_of not in (names | {name}):
            raise ValueError(
                f"systems.toml, [{name}]: keys_of is {keys_of!r}; valid are the systems "
                f"{', '.join(sorted(names))}."
            )
    columns = "system VARCHAR, kind VARCHAR, channel VARCHAR, trust BIGINT, keys_of VARCHAR"
    _say(connection, "ops.systems", columns, rows)
    given = sorted((s.name, list(s.audiences), s.create) for s in systems if s.publish)
    columns = "system VARCHAR, audiences VARCHAR[], creates BOOLEAN"
    _say(connection, "ops.publishing", columns, given)


def _keys_of(system: System) -> str:
    return str(system.settings.get("keys_of", system.name))


def _trust(system: System) -> int:
    trust = system.settings.get("trust", 0)
    if type(trust) is not int:
        raise ValueError(
            f"systems.toml, [{system.name}]: trust must be a whole number, not {trust!r}; where "
            "systems differ, a value of the one with the highest wins."
        )
    return trust


def say_company(connection: duckdb.DuckDBPyConnection, company: Company) -> None:
    """ops.company and ops.identity: what models may know of company.toml."""
    _say(connection, "ops.company", "currency VARCHAR", [(company.currency,)])
    identity = company.identity
    _say(
        connection,
        "ops.identity",
        "link_from DOUBLE, review_from DOUBLE, exact DOUBLE, certain DOUBLE",
        [(bits(identity.link_probability), bits(identity.review_probability), EXACT, CERTAIN)],
    )


def bits(probability: float) -> float:
    """Its odds as the number of times they double: 0 is fifty-fifty, 10 a thousand to one."""
    return math.log2(probability / (1 - probability))


def store_as_of(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    _say(connection, "ops.as_of", "as_of TIMESTAMP", [(as_of,)])


def _say(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: str,
    rows: Collection[tuple[object, ...]],
) -> None:
    """The whole of a table; who reads it is due where it differs from before."""
    with transaction(connection):
        connection.execute(f"create or replace table {name} ({columns})")
        if rows:
            places = ", ".join("?" * (columns.count(",") + 1))
            connection.executemany(f"insert into {name} values ({places})", list(rows))
        tables.bump(connection, name, hashlib.sha256(repr(rows).encode()).hexdigest()[:16])
