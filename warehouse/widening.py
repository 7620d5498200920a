"""A column whose contract gives it another type: widened where no value can be lost, else refused.

Loading into the old type would lose without a word: DuckDB rounds 1.6 to 2 for a BIGINT, and leaves
out the fields that a STRUCT does not have.
"""

from __future__ import annotations

import logging
from typing import Any

import duckdb

from contracts.typed import quoted

log = logging.getLogger(__name__)
INTEGERS = ("tinyint", "smallint", "integer", "bigint", "hugeint")
WIDER = {"double": "float", "timestamp": "date"}


class Retyped(RuntimeError):
    """Values of a column would have to be cast, and might lose something; says what to do."""


def widen(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, there: str, wanted: str
) -> bool:
    """Has the column of a table take values of the type `wanted`; whether it had to be changed.

    `there`: its type. Raises Retyped with the statement that would do it all the same.
    """
    old, new = connection.sqltype(there), connection.sqltype(wanted)
    target = both(old, new)
    if target == str(old):
        return False
    statement = f"alter table {table} alter column {quoted(column)} set data type "
    statement += target or wanted
    said, cause = "or, where what is there may be cast, open the warehouse and run", None
    if target:
        try:
            connection.execute(statement)
            log.info("%s: %s was %s and is %s now", table, column, old, target)
            return True
        except duckdb.Error as error:  # a value that does not fit, or a lake that cannot
            said, cause = "this was tried, and failed", error
    raise Retyped(
        f"{table}: the column {column} is {old} in the warehouse, and its contract says {new}. "
        "Nothing was changed. Start the DAG rebuild, which types all rows again from the landing; "
        f"{said}: {statement}"
    ) from cause


def both(old: Any, new: Any) -> str | None:
    """The type that takes values of both, `old` itself where it does; None where there is none.

    Taking is a cast that keeps a value, or fails: it never rounds one or leaves out a part of it.
    Both are a duckdb.sqltype, whose children are of no one type.
    """
    if old.id == new.id and old.id in ("list", "map"):
        pairs = zip(old.children, new.children, strict=True)
        inside = [both(one, other) for (_, one), (_, other) in pairs]
        if None in inside:
            return None
        return f"{inside[0]}[]" if old.id == "list" else f"MAP({inside[0]}, {inside[1]})"
    if old.id == new.id == "struct":
        ours, theirs = dict(old.children), dict(new.children)
        fields = {
            name: both(ours.get(name, theirs.get(name)), theirs.get(name, ours.get(name)))
            for name in ours | theirs
        }
        if None in fields.values():
            return None
        if fields == {name: str(kind) for name, kind in ours.items()}:
            return str(old)
        return f"STRUCT({', '.join(f'{quoted(name)} {kind}' for name, kind in fields.items())})"
    if _takes(old, new):
        return str(old)
    return str(new) if _takes(new, old) else None


def _takes(wide: Any, narrow: Any) -> bool:
    if str(wide) == str(narrow):
        return True
    if wide.id == "decimal" == narrow.id:
        return _scale_and_precision(wide) >= _scale_and_precision(narrow)
    if wide.id == "decimal":
        return narrow.id in INTEGERS
    if wide.id in INTEGERS and narrow.id in INTEGERS:
        return INTEGERS.index(wide.id) >= INTEGERS.index(narrow.id)
    return bool(WIDER.get(wide.id) == narrow.id)


def _scale_and_precision(kind: Any) -> tuple[int, int]:
    inside = dict(kind.children)
    return inside["scale"], inside["precision"]
