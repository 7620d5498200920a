"""Looks for secrets in everything a company leaves behind: logs, files, parquet, dlt's state."""

from __future__ import annotations

import base64
import html
import json
import logging
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb
from dlt.pipeline.state_sync import decompress_state

OURS = 12  # letters of a secret's base64 that are no chance
THEIRS = ("uvicorn", "asyncssh", "asyncio")  # the servers of the tests log what they like


def forms(secret: str) -> set[str]:
    """As it is, and as URLs, JSON, XML, Python and base64 (at any offset) write it."""
    written = {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        html.escape(secret),
        secret.encode().hex(),
    }
    for before in range(3):
        encoded = base64.b64encode(b" " * before + secret.encode()).decode().rstrip("=")
        middle = encoded[(0, 2, 3)[before] : -1]  # what depends on no neighbour
        if len(middle) >= OURS:
            written |= {middle, middle.replace("+", "-").replace("/", "_")}
    lines = [line for line in secret.splitlines() if "-----" not in line and len(line) > OURS]
    return written | ({*lines} if len(lines) > 1 else set())


def found(secrets: Iterable[str], said: Iterable[tuple[str, str]]) -> list[str]:
    """Where which secret is, e.g. "the log: 'abc'"; `said`: a place and a text."""
    wanted = {form: secret for secret in secrets for form in forms(secret)}
    return [
        f"{place}: {form!r} in ...{text[max(0, text.find(form) - 80) :][:200]!r}"
        for place, text in said
        for form in wanted
        if form in text
    ]


def files(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file below a folder, byte by byte, and what the packed ones hold."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = str(path.relative_to(folder))
        content = path.read_bytes()
        yield place, content.decode("utf-8", errors="replace")
        yield place, content.decode("latin-1")
        if path.suffix == ".parquet":
            with duckdb.connect() as connection:
                yield place, str(connection.execute(f"from '{path}'").fetchall())
        if path.suffix == ".duckdb":
            yield place, _database(path)
        if "_dlt_pipeline_state/" in place:
            rows = [json.loads(line) for line in content.splitlines()]
            states = [decompress_state(row["state"]) for row in rows]
            yield place, json.dumps(states, ensure_ascii=False)


def _database(path: Path) -> str:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() union all "
            "select schema_name || '.' || view_name from duckdb_views() where not internal"
        ).fetchall()
        return str([connection.execute(f"from {name}").fetchall() for (name,) in names])


class Listener(logging.Handler):
    """Hears every logger at DEBUG; those that the product made quieter stay so."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.said: list[str] = []
        self.apart: list[logging.Logger] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] not in THEIRS:
            text = f"{record.name} {self.format(record)} {record.args!r}"
            self.said.append(text)

    def listen(self) -> None:
        every = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
        self.apart = [logger for logger in every if not logger.propagate and logger.name != "dlt"]
        for logger in [logging.root, logging.getLogger("dlt"), *self.apart]:
            logger.addHandler(self)
        self.levels = {name: logging.getLogger(name).level for name in (None, "dlt")}
        for name in self.levels:
            logging.getLogger(name).setLevel(logging.DEBUG)

    def leave(self) -> None:
        for logger in [logging.root, logging.getLogger("dlt"), *self.apart]:
            logger.removeHandler(self)
        for name, level in self.levels.items():
            logging.getLogger(name).setLevel(level)


def told(error: BaseException) -> str:
    return f"{error!r} {''.join(traceback.format_exception(error))} {vars(error)!r}"
