"""What the landing holds of one table, in a DuckDB that spills to disk.

So a pull's memory stays flat however many rows the system has.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from contracts.typed import text
from sources import LISTED, READ
from sources import Held as Memory

LIMIT = "48MB"
BATCH = 50_000
PART = 20_000  # landed rows remembered at once
COMPARED = 200_000  # keys at once: joins of more do not spill reliably
# held: newest landed row of each key, and what this pull adds. read, listed: keys of this pull,
# each once.
TABLES = """
    create table held (key varchar, hash varchar, cursor varchar, there boolean);
    create table read (key varchar);
    create table listed (key varchar);
"""


class Held(Memory):
    """`newest_first`: rows of the landing in parts, as it gives them."""

    def __init__(self, folder: Path, newest_first: Iterable[pa.Table] = ()) -> None:
        self.id = uuid.uuid4().hex
        self.connection = duckdb.connect(
            config={"memory_limit": LIMIT, "threads": 1, "temp_directory": str(folder / "held")}
        )
        give_back(self.connection)
        self.connection.execute("set preserve_insertion_order = false")
        self.connection.execute(TABLES)
        for part in newest_first:
            for end in range(len(part), 0, -PART):
                self._remember(part[max(end - PART, 0) : end])
        self.waiting: dict[str, list[str]] = {READ: [], LISTED: []}
        self.counted = {READ: 0, LISTED: 0}

    def close(self) -> None:
        self.connection.close()

    def meet(self, keys: Iterable[str], how: str = READ) -> None:
        self.waiting[how].extend(keys)
        if len(self.waiting[how]) >= BATCH:
            self._note(how)

    def met(self, how: str = READ) -> int:
        self._note(how)
        return self.counted[how]

    def missed(self, listed: Mapping[str, str | None]) -> list[str]:
        self._note(READ)
        page = pa.table({"key": list(listed), "cursor": pa.array(listed.values(), pa.string())})
        with _registered(self.connection, "page", page):
            found = self.connection.execute(
                """select key from page
                    anti join read using (key)
                    left join held using (key)
                    where not coalesce(
                        there and (page.cursor is null or held.cursor = page.cursor), false)
                    order by key"""
            ).fetchall()
        return [key for (key,) in found]

    def unmet(self, cursor: str | None = None) -> Iterator[list[str]]:
        self._note(READ)
        self._note(LISTED)
        same = f"and cursor = {text(cursor)}" if cursor is not None else ""
        parts = 1 + sum(self.counted.values()) // COMPARED
        for part in range(parts):
            held, read, listed = (
                f"(from {table} where hash(key) % {parts} = {part}) as {table}"
                for table in ("held", "read", "listed")
            )
            result = self.connection.cursor().execute(
                f"""select key from {held} anti join {read} using (key)
                    anti join {listed} using (key) where there {same} order by key"""
            )
            while rows := result.fetchmany(BATCH):
                yield [key for (key,) in rows]

    def fresh(self, batch: pa.Table) -> pa.Table:
        """Of the landing's rows those whose hash is new, the last one of each key; now held."""
        with _registered(self.connection, "batch", _numbered(batch.select(["_key", "_hash"]))):
            found = self.connection.execute(
                """with newest as (
                        select _key as key, arg_max(_hash, position) as hash,
                            max(position) as position
                        from batch group by _key)
                    select position, held.key is not null as was from newest
                    left join held using (key)
                    where held.hash is distinct from newest.hash
                    order by position"""
            ).to_arrow_table()
        fresh = batch if len(found) == len(batch) else batch.take(found["position"])
        with _registered(self.connection, "fresh", fresh):
            if pc.any(found["was"]).as_py():
                self.connection.execute("delete from held using fresh where key = _key")
            self.connection.execute(
                "insert into held select _key, _hash, _cursor, _change is null from fresh"
            )
        return fresh

    def __getitem__(self, key: str) -> str | None:
        return self._all[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return self._number("select count(*) from held where there")

    @cached_property
    def _all(self) -> dict[str, str | None]:
        """For sources that ask key by key: what was held when they first asked."""
        query = "select key, cursor from held where there"
        return dict(self.connection.execute(query).fetchall())

    def _remember(self, older: pa.Table) -> None:
        """Rows whose keys are not held yet. Part by part: over all rows at once, neither an
        aggregate nor a window spills reliably."""
        with _registered(self.connection, "older", _numbered(older)):
            self.connection.execute(
                """insert into held
                    with newest as (
                        from older
                        qualify row_number() over (partition by _key order by position desc) = 1)
                    select _key as key, _hash, _cursor, _change is null
                    from newest anti join held on _key = held.key"""
            )

    def _note(self, how: str) -> None:
        if keys := self.waiting[how]:
            self.waiting[how] = []
            with _registered(self.connection, "keys", pa.table({"key": keys})):
                self.counted[how] += self._number(
                    f"insert into {how} select distinct key from keys anti join {how} using (key)"
                )

    def _number(self, query: str) -> int:
        [(number,)] = self.connection.execute(query).fetchall()
        return int(number)


def give_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Memory that is free goes back to the system soon: what an allocator keeps for later, a long
    pull's process has more of."""
    connection.execute(
        """set allocator_flush_threshold = '4MB';
            set allocator_bulk_deallocation_flush_threshold = '4MB'"""
    )


@contextmanager
def _registered(
    connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table
) -> Iterator[None]:
    connection.register(name, table)
    try:
        yield
    finally:
        connection.unregister(name)


def _numbered(rows: pa.Table) -> pa.Table:
    return rows.append_column("position", pa.arange(0, len(rows)))
