"""A bulk result on disk: lines in any order go in, rows with their children come out.

A row's children may be anywhere in the file after it, so a million orders would have to be kept.
SQLite keeps them in a private file, deleted afterwards, and sorts them by row.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from sources import Row
from sources.shopify.kinds import Kind
from sources.shopify.rows import theirs, untagged

PARENT = "__parentId"


class Spool:
    """`kind.within`: the children are the rows, and what they are in is left out."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.homes = kind, {child.type: child for child in kind.children}

    def __enter__(self) -> Spool:
        self.folder = tempfile.TemporaryDirectory(prefix="kopru-bulk-")
        self.file = sqlite3.connect(Path(self.folder.name) / "lines")
        self.file.execute("pragma journal_mode = off")
        self.file.execute("pragma synchronous = off")
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.folder.cleanup()

    def fill(self, lines: Iterable[tuple[bytes, Row]]) -> int:
        """Takes all lines, with their objects, in place of what was there; how many there were."""
        self.file.execute("drop table if exists lines")
        self.file.execute("create table lines (row text, child integer, body blob)")
        self.count = 0
        self.file.executemany("insert into lines values (?, ?, ?)", self._keyed(lines))
        self.file.commit()
        return self.count

    def _keyed(self, lines: Iterable[tuple[bytes, Row]]) -> Iterator[tuple[str, bool, bytes]]:
        for line, found in lines:
            self.count += 1
            parent = found.get(PARENT)
            if self.kind.within:
                if parent is not None:
                    yield found["id"], False, line
            else:
                yield parent or found["id"], parent is not None, line

    def pages(self, after: str, size: int) -> Iterator[list[Row]]:
        """Rows in the order of their keys, from the first one after this."""
        ordered = self.file.execute(
            "select row, child, body from lines where row > ? order by row, child, rowid", [after]
        )
        page: list[Row] = []
        for _, group in groupby(ordered, key=lambda line: line[0]):
            page += self._row(list(group))
            if len(page) == size:
                yield page
                page = []
        if page:
            yield page

    def _row(self, group: list[Any]) -> Iterator[Row]:
        """The row and its children; a parent that is not in the file yields none."""
        if group[0][1]:
            return
        row: Row = orjson.loads(group[0][2])
        row.pop(PARENT, None)
        untagged(row)
        row |= {child.name: {"nodes": []} for child in self.kind.children}
        for _, _, body in group[1:]:
            node = orjson.loads(body)
            del node[PARENT]
            child = self.homes[node.pop("__typename")]
            if theirs(child, node):
                row[child.name]["nodes"].append(node)
        yield row
