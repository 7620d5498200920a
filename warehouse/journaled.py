"""Takes the journal into the warehouse, by difference: every file once."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from contracts.typed import quoted, text
from warehouse import formats, tables, transaction
from warehouse.files import Folder, sweep
from warehouse.journal import TOPICS, Journal


def merge_journal(connection: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    """Appends journal files the warehouse has not read yet to journal.<topic>."""
    for topic, columns in TOPICS.items():
        sweep(journal.root / topic)
        known = {
            row[0]
            for row in connection.execute(
                "select file from ops.journal_files where topic = ?", [topic]
            ).fetchall()
        }
        new = [path for path in journal.files(topic) if path.name not in known]
        if not new:
            continue
        with _readable(connection, journal, topic, new) as files, transaction(connection):
            connection.execute(
                f"""insert into journal.{quoted(topic)} by name
                    select * from {_lines(files, columns)}"""
            )
            connection.executemany(
                "insert into ops.journal_files values (?, ?)",
                [(topic, path.name) for path in new],
            )
            tables.bump(connection, f"journal.{topic}", new[-1].name)


@contextmanager
def _readable(
    connection: duckdb.DuckDBPyConnection, journal: Journal, topic: str, files: list[Folder]
) -> Iterator[list[Folder]]:
    """The files, with a copy in the present format in place of those that are not in it."""
    found = connection.execute(
        f"""select distinct filename from {_lines(files, {"format": "INTEGER"}, "filename = true")}
            where format is distinct from {formats.LINE.format}"""
    ).fetchall()
    other = {Path(name).name for (name,) in found}
    if not other:
        yield files
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "lines.jsonl"
        with copy.open("w", encoding="utf-8") as lines:
            for record in journal.records(topic, only=other):
                lines.write(json.dumps(record, ensure_ascii=False) + "\n")
        yield [*(file for file in files if file.name not in other), copy]


def _lines(files: Iterable[Folder], columns: Mapping[str, str], options: str = "") -> str:
    """A table function of the files' lines."""
    listed = ", ".join(text(str(path)) for path in files)
    shape = ", ".join(f"{text(name)}: {text(kind)}" for name, kind in columns.items())
    return f"""read_json([{listed}], format = 'newline_delimited', columns = {{{shape}}}
        {"," if options else ""} {options})"""
