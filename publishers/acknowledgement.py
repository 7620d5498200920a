"""What an old program answers to the files it was given: of each file a CSV of its records.

Settings `write_back.acknowledgement`, where they are not the usual ones:

    directory   where the answers are; the only one that must be there
    suffix      what is added to the name of the file that is answered, ".ack"
    record      column of the record's id; that of write_back.key
    state       column that says what became of it, "state"; `accepted` and `refused` are the
                values it may have, ["OK"] and ["ERROR"]
    words       column of the program's own words, "words"
    days        after which silence is a problem, 2

Written as the files it was given: the same delimiter, the same encoding, a header. A line counts
when it is whole; one that a program has not finished is there the next time.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from clients import Refused
from clients.files import Folder
from publishers import Heard, Outcome


@dataclass(frozen=True)
class Rule:
    """The settings."""

    directory: str
    record: str
    delimiter: str
    encoding: str
    suffix: str = ".ack"
    state: str = "state"
    words: str = "words"
    accepted: tuple[str, ...] = ("OK",)
    refused: tuple[str, ...] = ("ERROR",)
    days: float = 2

    @property
    def patience(self) -> timedelta:
        return timedelta(days=self.days)


OWN = ("directory", "record", "suffix", "state", "words", "accepted", "refused", "days")
LISTS = ("accepted", "refused")


def rule_of(system: str, write_back: Mapping[str, Any]) -> Rule | None:
    """None where nobody answers. Raises Refused for settings that cannot be used."""
    given = write_back.get("acknowledgement")
    if given is None:
        return None
    for name, value in given.items() if isinstance(given, dict) else [("it", given)]:
        if not _is_valid(name, value):
            raise Refused(
                system,
                f"write_back.acknowledgement: {name} = {value!r} cannot be used",
                f"Valid are {', '.join(OWN)}: texts, {' and '.join(LISTS)} lists of texts, days a "
                "number. Correct it in systems.toml.",
            )
    if "directory" not in given:
        raise Refused(
            system,
            "write_back.acknowledgement does not say where the answers are",
            "Add directory in systems.toml.",
        )
    shared = {name: write_back[name] for name in ("delimiter", "encoding")}
    lists = {name: tuple(given[name]) for name in LISTS if name in given}
    return Rule(**{"record": write_back["key"], **shared, **given, **lists})


def _is_valid(name: str, value: Any) -> bool:
    if name not in OWN:
        return False
    if name == "days":
        return type(value) in (int, float) and value >= 0
    if name in LISTS:
        return isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    return isinstance(value, str) and bool(value)


def heard(folder: Folder, rule: Rule, names: Collection[str]) -> Heard:
    """What is answered to these files by now."""
    found = Heard()
    answered = {f"{name}{rule.suffix}": name for name in names}
    for entry in folder.entries(rule.directory):
        if entry.name not in answered:
            continue
        with folder.fetched(str(PurePosixPath(rule.directory, entry.name))) as file:
            content = file.read()
        try:
            for outcome in _outcomes(rule, content):
                found.outcomes.append((answered[entry.name], outcome))
        except ValueError as error:
            found.problems.append(f"{entry.name}: {error}")
    return found


def _outcomes(rule: Rule, content: bytes) -> Iterator[Outcome]:
    """Raises ValueError, after the lines before it, where something is no answer."""
    try:
        text = codecs.getincrementaldecoder(rule.encoding)().decode(content)
    except UnicodeDecodeError:
        raise ValueError(f"it is not {rule.encoding}") from None
    whole = text[: text.rfind("\n") + 1]
    lines = csv.reader(io.StringIO(whole, newline=""), delimiter=rule.delimiter, strict=True)
    header = next(lines, None)
    if header is None:
        return
    wanted = (rule.record, rule.state)
    if missing := [name for name in wanted if name not in header]:
        raise ValueError(
            f"it has no column {', '.join(missing)}, only {rule.delimiter.join(header)[:200]}"
        )
    try:
        for line in lines:
            if line:
                yield _outcome(rule, dict(zip(header, line, strict=False)), lines.line_num)
    except csv.Error as error:
        raise ValueError(f"line {lines.line_num}: {error}") from None


def _outcome(rule: Rule, cells: Mapping[str, str], number: int) -> Outcome:
    record, state = cells.get(rule.record, ""), cells.get(rule.state, "")
    if state in rule.accepted:
        return Outcome(record, "accepted")
    if state in rule.refused:
        return Outcome(record, "refused", cells.get(rule.words) or f"it says {state}")
    valid = ", ".join((*rule.accepted, *rule.refused))
    raise ValueError(f"line {number}: {rule.state} is {state[:50]!r}; it may be {valid}")
