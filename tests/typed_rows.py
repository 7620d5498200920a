"""Rows through a contract's own typing."""

from __future__ import annotations

import json
from typing import Any

from contracts import Table
from contracts.typed import LANDED, typed_query
from warehouse import memory


def typed_rows(promised: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In their order; no cell may be unreadable."""
    connection = memory()
    connection.execute(f"create table landed ({', '.join(f'{name} varchar' for name in LANDED)})")
    for number, row in enumerate(rows):
        connection.execute(
            "insert into landed (_key, _row) values (?, ?)", [f"{number:09}", json.dumps(row)]
        )
    found = connection.execute(f"{typed_query(promised, 'landed')} order by _key")
    names = [column[0] for column in found.description]
    records = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
    assert [record["_unreadable"] for record in records] == [[] for _ in rows]
    return records
