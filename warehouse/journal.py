"""The journal: what people and we ourselves did, as append-only files.

    journal/<topic>/<moment>-<random>.jsonl     one JSON object a line

Written without any database lock, so publishers, pages and people never fight for the one
writer; ids, decisions and the ledger of our own writes survive a rebuild by construction.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from contracts.typed import text
from warehouse import formats
from warehouse.files import Folder, named, read_texts, write_text

# Topic -> its fields and their SQL types. `values` and `before` are JSON objects.
TOPICS: Mapping[str, Mapping[str, str]] = {
    # A customer id was issued for a record: the newest line of a record holds.
    "customer_ids": {
        "format": "INTEGER",
        "recorded_at": "TIMESTAMP",
        "system": "VARCHAR",
        "record": "VARCHAR",
        "customer_id": "VARCHAR",
    },
    # How records are compared, decided once and kept: how much each agreement is worth, the shares
    # of common values, and the values that strangers share. The newest version holds.
    "identity_versions": {
        "format": "INTEGER",
        "recorded_at": "TIMESTAMP",
        "version": "VARCHAR",
        "people": "BIGINT",  # there when it was made
        "settings": "JSON",
        "decided_by": "VARCHAR",
        "why": "VARCHAR",
        "changed": "BIGINT",  # customers that were to change; null for a first version
    },
    "identity_terms": {
        "format": "INTEGER",
        "recorded_at": "TIMESTAMP",
        "version": "VARCHAR",
        "field": "VARCHAR",
        "value": "VARCHAR",
        "share": "DOUBLE",
    },
    "identity_shared": {
        "format": "INTEGER",
        "recorded_at": "TIMESTAMP",
        "version": "VARCHAR",
        "type": "VARCHAR",  # email, phone
        "value": "VARCHAR",
        "people": "BIGINT",
    },
    # What a person said of two records: the newest word about a pair holds. By us: that we created
    # one of them for whom the other is of.
    "identity_overrides": {
        "format": "INTEGER",
        "recorded_at": "TIMESTAMP",
        "left_record": "VARCHAR",
        "right_record": "VARCHAR",
        "decision": "VARCHAR",  # same, not_same, withdrawn
        "decided_by": "VARCHAR",
        "why": "VARCHAR",
    },
    # What was decided about a row in quarantine, of that load's version of it.
    "quarantine": {
        "format": "INTEGER",
        "recorded_at": "TIMESTAMP",
        "system": "VARCHAR",
        "table_name": "VARCHAR",
        "key": "VARCHAR",
        "load_id": "VARCHAR",
        "decision": "VARCHAR",  # released, dismissed
        "decided_by": "VARCHAR",
        "why": "VARCHAR",
    },
    # One line per publishing run, when it is over: what was due and what became of it.
    "publish_runs": {
        "format": "INTEGER",
        "recorded_at": "TIMESTAMP",
        "run": "VARCHAR",
        "system": "VARCHAR",
        "what": "VARCHAR",  # publish, withdraw, create, restore
        "records": "BIGINT",  # that the tool has
        "due": "BIGINT",
        "skipped": "BIGINT",
        "accepted": "BIGINT",
        "placed": "BIGINT",
        "found": "BIGINT",
        "kept": "BIGINT",
        "refused": "BIGINT",
        "waiting": "BIGINT",
        "approved_by": "VARCHAR",
        "why": "VARCHAR",  # a person had to look, or put back
    },
    # What we sent to a tool: an intent before, an outcome after.
    "sends": {
        "format": "INTEGER",
        "recorded_at": "TIMESTAMP",
        "run": "VARCHAR",
        "system": "VARCHAR",
        "record": "VARCHAR",
        "customer_id": "VARCHAR",
        "state": "VARCHAR",  # publishers.State
        "values": "JSON",
        "before": "JSON",
        "detail": "VARCHAR",
        "answer": "VARCHAR",
    },
    # A record we created in a tool for a customer it did not have: an intent before, an outcome
    # after.
    "creations": {
        "format": "INTEGER",
        "recorded_at": "TIMESTAMP",
        "run": "VARCHAR",
        "system": "VARCHAR",
        "customer_id": "VARCHAR",
        "of_record": "VARCHAR",  # a record of the customer, as system/customers/key
        "state": "VARCHAR",  # intent, created, found, refused, retry
        "values": "JSON",
        "record": "VARCHAR",  # the tool's own id
        "detail": "VARCHAR",
    },
    # Whom we must know again, to hold them back: digests only (forgotten.py).
    "forgotten": {
        "format": "INTEGER",
        "recorded_at": "TIMESTAMP",
        "erasure": "VARCHAR",
        "of": "VARCHAR",  # a system, or email, phone, tax_number
        "digest": "VARCHAR",
    },
    # What was done when somebody was forgotten, place by place; nothing of the person.
    "erasures": {
        "format": "INTEGER",
        "recorded_at": "TIMESTAMP",
        "erasure": "VARCHAR",
        "place": "VARCHAR",
        "state": "VARCHAR",  # asked, done, refused, not possible, not reached, still present
        "count": "BIGINT",
        "decided_by": "VARCHAR",
        "why": "VARCHAR",
    },
}


class JournalError(RuntimeError):
    """A journal file cannot be used; the message names it and the reason."""


class Journal:
    def __init__(self, root: Folder) -> None:
        self.root = root

    def append(self, topic: str, records: Iterable[Mapping[str, Any]] | pa.Table) -> Folder | None:
        """Writes all records as one file, or none; `recorded_at` and `format` are added."""
        now = datetime.now(UTC)
        stamp = {
            "format": formats.LINE.format,
            "recorded_at": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        make = _table_lines if isinstance(records, pa.Table) else _lines
        lines = make(topic, stamp, records)
        if not lines:
            return None
        name = f"{now.strftime('%Y%m%dT%H%M%S.%f')}-{secrets.token_hex(4)}.jsonl"
        path = self.root / topic / name
        write_text(path, "\n".join(lines) + "\n")
        return path

    def files(self, topic: str) -> list[Folder]:
        """Oldest first."""
        return named(self.root / topic)

    def names(self, topic: str) -> set[str]:
        """Of its files. There may be tens of thousands, so no path is made of each."""
        folder = self.root / topic
        if not isinstance(folder, Path):
            return {path.name for path in named(folder)}
        with suppress(FileNotFoundError), os.scandir(folder) as found:
            return {file.name for file in found if not file.name.startswith(".")}
        return set()

    def records(self, topic: str, *, only: Iterable[str] | None = None) -> Iterator[dict[str, Any]]:
        """Every record, oldest first; `only`: of the files with these names."""
        folder = self.root / topic
        files = self.files(topic) if only is None else [folder / name for name in sorted(only)]
        for path, content in zip(files, read_texts(files), strict=True):
            # Not splitlines: a text may hold what Unicode calls the end of a line.
            for number, line in enumerate(content.removesuffix("\n").split("\n"), start=1):
                yield formats.LINE.read(json.loads(line), f"{path}, line {number}")


def _hold(topic: str, fields: Iterable[str]) -> None:
    unknown = sorted({*fields} - TOPICS[topic].keys())
    if unknown:
        raise JournalError(f"journal topic {topic} has no field {unknown}")


def _lines(topic: str, stamp: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = []
    for record in records:
        _hold(topic, record)
        lines.append(json.dumps({**stamp, **record}, ensure_ascii=False, default=str))
    return lines


def _table_lines(topic: str, stamp: Mapping[str, Any], records: pa.Table) -> list[str]:
    """A million in seconds."""
    _hold(topic, records.column_names)
    said = ", ".join(f"{text(json.dumps(value))}::json as {name}" for name, value in stamp.items())
    with duckdb.connect() as connection:
        connection.register("records", records)
        found = connection.execute(
            f"select to_json(line)::varchar from (select {said}, * from records) as line"
        ).fetchall()
    return [line for (line,) in found]
