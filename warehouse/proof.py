"""Looks for a person in everything that is kept, by reading it again: what erased.py did is not
believed.

By word: every file of data folder, landing and journal, parquet and DuckDB files row by row, the
bytes of DuckDB files too, for deleted rows stay in them. By key: records that were to go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import duckdb

from contracts.typed import quoted, text
from warehouse import Places, in_memory, opened, tables
from warehouse.anonymous import SALES
from warehouse.erased import Erased
from warehouse.files import Folder
from warehouse.person import FOLDED, Person, folded
from warehouse.under_way import FOLDER
from warehouse.unsaid import lines_of

CHUNK = 1 << 24
Landed = Collection[tuple[str, str, str]]  # system, table, key


def found(places: Places, person: Person, landed: Landed) -> Counter[str]:
    """Place -> how often the person is there; nothing for a place that is clean."""
    counts = Counter[str]()
    with in_memory(places.landing, spill=places.data) as connection:
        for place, file in _files(places):
            if file.suffix == ".parquet":
                counts[place] += _in_rows(
                    connection, f"read_parquet({text(str(file))})", person.words
                )
            elif file.suffix == ".duckdb" and file.parent == places.serving:
                counts[place] += _in_database(connection, file, person.words)
            if file.suffix != ".parquet":
                counts[place] += _in_bytes(file, person.words)
        counts += _landed(connection, places, landed)
        counts["journal"] += len(list(lines_of(places, person, Erased(landed={*landed}))))
    with opened(places) as warehouse:
        for name in tables.kinds(warehouse):
            counts["warehouse"] += _in_rows(warehouse, f"warehouse.{_quoted(name)}", person.words)
        counts["warehouse"] += _raw(warehouse, landed)
    return +counts


def _files(places: Places) -> Iterator[tuple[str, Folder]]:
    """Every file, with the place it belongs to."""
    for place, root in (("landing", places.landing), ("journal", places.journal)):
        yield from ((place, file) for file in _below(root))
    for file in _below(places.serving):
        yield "served files", file
    known = (places.landing, places.journal, places.serving, places.data / FOLDER)
    for file in _below(places.data):
        if isinstance(file, Path) and not any(file.is_relative_to(str(root)) for root in known):
            yield _place(places, file), file


def _place(places: Places, file: Path) -> str:
    inside = file.relative_to(places.data)
    if (warehouse := places.warehouse_file) and file.name.startswith(warehouse.name):
        return "warehouse"
    return inside.parts[0] if len(inside.parts) > 1 else "files"


def _below(root: Folder) -> Iterator[Folder]:
    if root.exists():
        yield from (path for path in root.rglob("*") if path.is_file())


def _in_rows(connection: duckdb.DuckDBPyConnection, rows: str, words: Collection[str]) -> int:
    described = connection.execute(f"describe from {rows}").fetchall()
    cells = [
        f"{quoted(name)}::varchar" if "[" not in kind and "(" not in kind else _nested(name)
        for name, kind, *_ in described
    ]
    said = f"concat_ws(chr(31), {', '.join(cells)})"
    [(count,)] = connection.execute(
        f"""select count(*) from {rows} where list_bool_or(list_transform($words::varchar[],
            lambda w: contains({FOLDED.format(said)}, w)))""",
        {"words": list(words)},
    ).fetchall()
    return int(count)


def _nested(name: str) -> str:
    return f"to_json({quoted(name)})::varchar"


def _in_database(
    connection: duckdb.DuckDBPyConnection, file: Folder, words: Collection[str]
) -> int:
    connection.execute(f"attach {text(str(file))} as looked_at (read_only)")
    try:
        return sum(
            _in_rows(connection, f"looked_at.{_quoted(name)}", words)
            for name in tables.kinds(connection, "looked_at")
        )
    finally:
        connection.execute("detach looked_at")


def _in_bytes(file: Folder, words: Collection[str]) -> int:
    """Pieces of the file in which a word is; what is read overlaps by the longest one."""
    overlap = 8 * max(map(len, words), default=1)
    count, rest = 0, b""
    with file.open("rb") as content:
        while piece := content.read(CHUNK):
            said = folded((rest + piece).decode("utf-8", "ignore"))
            count += any(word in said for word in words)
            rest = piece[-overlap:]
    return count


def _landed(connection: duckdb.DuckDBPyConnection, places: Places, landed: Landed) -> Counter[str]:
    """Rows of the landing that were to go, by their keys."""
    counts = Counter[str]()
    for (system, table), keys in _by_table(landed).items():
        for file in _below(places.landing / system / table):
            if file.suffix != ".parquet":
                continue
            rows = f"read_parquet({text(str(file))})"
            names = {row[0] for row in connection.execute(f"describe from {rows}").fetchall()}
            key = "_key" if "_key" in names else "key"
            counts["landing"] += _having(connection, rows, f"list_contains($keys, {key})", keys)
    return counts


def _raw(warehouse: duckdb.DuckDBPyConnection, landed: Landed) -> int:
    by_table = _by_table(landed)
    return sum(
        _having(
            warehouse,
            f"warehouse.{_quoted(name)}",
            f"_system = {text(system)} and list_contains($keys, _key)",
            keys,
        )
        for name in tables.kinds(warehouse)
        if name.startswith("raw_")
        for (system, table), keys in by_table.items()
        if table == name.partition(".")[2]
    )


def _having(
    connection: duckdb.DuckDBPyConnection, rows: str, condition: str, keys: list[str]
) -> int:
    query = f"select count(*) from {rows} where {condition}"
    [(count,)] = connection.execute(query, {"keys": keys}).fetchall()
    return int(count)


def _by_table(landed: Landed) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for system, table, key in landed:
        if table not in SALES:
            found.setdefault((system, table), []).append(key)
    return found


def _quoted(name: str) -> str:
    schema, _, table = name.partition(".")
    return f"{quoted(schema)}.{quoted(table)}"
