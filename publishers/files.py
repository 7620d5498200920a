"""Places a CSV of changed customers where an old program picks it up.

Written aside and renamed, so that nobody reads half of it. A line is whole: an empty cell
clears a value, so those that did not change stand there too. A program that wants to be sure gets a
control file beside it, after it, and one that answers is read (acknowledgement.py).
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from clients import Denied, Refused, Unavailable
from clients.files import opened
from publishers import Due, Field, Heard, Outcome, State
from publishers.acknowledgement import Rule, rule_of
from publishers.acknowledgement import heard as read_answers
from systems import System

MODEL = "activation.files_customers"
BATCH = 10_000
read = None  # an old program's folder cannot be asked what it took over
NAME_END = re.compile(r"\.[\w.-]+")
TRUE, FALSE = "E", "H"  # evet, hayır


@dataclass
class Outbox:
    """Settings `write_back`: directory, key (the column of the record's id), and where they
    are not the system's own, delimiter and encoding. `control`: what is added to a file's name for
    its control file, such as ".ok"; `acknowledgement`: where the program answers.
    """

    system: System
    fields: Mapping[str, Field] = field(default_factory=dict)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def rule(self) -> dict[str, Any]:
        rule = self.system.settings.get("write_back")
        if not rule or "directory" not in rule or "key" not in rule:
            raise Refused(
                self.system.name,
                "its settings do not say where to place files",
                "Add write_back (directory, key), or publish = false.",
            )
        control = rule.get("control", ".ok")
        if not isinstance(control, str) or not NAME_END.fullmatch(control):
            raise Refused(
                self.system.name,
                f"write_back.control is {control!r}",
                'Write what is added to a file\'s name, such as ".ok", in systems.toml.',
            )
        shared = {k: self.system.settings.get(k) for k in ("delimiter", "encoding")}
        return {"delimiter": ";", "encoding": "cp1254", **_given(shared), **rule}

    @property
    def answers(self) -> Rule | None:
        return rule_of(self.system.name, self.rule)


def connect(system: System) -> Outbox:
    return Outbox(system)


def prepare(client: Outbox, fields: Mapping[str, Field]) -> None:
    """Remembers the types, and tries the login and the folder before anything is promised."""
    client.fields = fields
    with opened(client.system) as folder:
        folder.entries(client.rule["directory"])
        if rule := client.answers:
            folder.entries(rule.directory)


def calls(rows: Sequence[Due]) -> int:
    return -(-len(rows) // BATCH)


def patience(system: System) -> timedelta | None:
    rule = Outbox(system).answers
    return rule.patience if rule else None


def heard(system: System, names: Collection[str]) -> Heard:
    rule = Outbox(system).answers
    if rule is None:
        return Heard()
    with opened(system) as folder:
        return read_answers(folder, rule, names)


def send(client: Outbox, rows: list[Due]) -> list[Outcome]:
    return list(_place(client, rows))


def _place(client: Outbox, rows: list[Due]) -> Iterator[Outcome]:
    rule, names = client.rule, sorted({name for row in rows for name in _whole(row)})
    kept, lines = [], [_line(rule, [rule["key"], *names])]
    for row in rows:
        cells = [row.record, *(_cell(client.fields.get(n), _whole(row).get(n)) for n in names)]
        try:
            lines.append(_line(rule, cells))
            kept.append(row)
        except UnicodeEncodeError as error:
            letters = error.object[error.start : error.end]
            words = f"{letters!r} cannot be said in {rule['encoding']}"
            yield Outcome(row.record, "refused", words)
    if not kept:
        return
    name = f"kopru_{client.now():%Y%m%dT%H%M%S%f}.csv"
    path, content = PurePosixPath(rule["directory"], name), b"".join(lines)
    try:
        with opened(client.system) as folder:
            folder.place(str(path), content)
            if end := rule.get("control"):
                folder.place(f"{path}{end}", _control(rule, name, len(kept), content))
    except Denied:
        raise
    except (Refused, Unavailable) as error:
        yield from (Outcome(row.record, "retry", error.cause) for row in kept)
        return
    state: State = "placed" if client.answers else "accepted"
    yield from (Outcome(row.record, state, answer=name) for row in kept)


def _control(rule: Mapping[str, Any], name: str, rows: int, content: bytes) -> bytes:
    """What such programs compare before they take a file: its name, its lines without the header,
    its digest."""
    digest = hashlib.sha256(content).hexdigest()
    return _line(rule, ["file", "rows", "sha256"]) + _line(rule, [name, str(rows), digest])


def _whole(row: Due) -> Mapping[str, str | None]:
    return {**row.current, **row.values}


def _line(rule: Mapping[str, Any], cells: Iterable[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=rule["delimiter"], lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode(rule["encoding"])


def _cell(known: Field | None, value: str | None) -> str:
    """Canonical text as Turkish programs read it: 22.11.2026, 12,50, E."""
    if value is None:
        return ""
    kind = known.type if known else "text"
    if kind == "date":
        return f"{date.fromisoformat(value):%d.%m.%Y}"
    if kind == "decimal":
        return value.replace(".", ",")
    if kind == "boolean":
        return TRUE if value == "true" else FALSE
    return value


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
