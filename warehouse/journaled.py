"""Takes the journal into the warehouse, by difference: every file once."""

from __future__ import annotations

import duckdb

from contracts.typed import quoted, text
from warehouse import tables, transaction
from warehouse.files import sweep
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
        files = ", ".join(text(str(path)) for path in new)
        shape = ", ".join(f"{text(name)}: {text(kind)}" for name, kind in columns.items())
        with transaction(connection):
            connection.execute(
                f"""insert into journal.{quoted(topic)} by name
                    select * from read_json([{files}], format = 'newline_delimited',
                        columns = {{{shape}}})"""
            )
            connection.executemany(
                "insert into ops.journal_files values (?, ?)",
                [(topic, path.name) for path in new],
            )
            tables.bump(connection, f"journal.{topic}", new[-1].name)
