"""Takes a person out of the journal: lines about them go, a text that names them is masked.

A file is rewritten whole, or removed with its last line; who was forgotten stays in it as digests.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from contracts.personal import MASK
from warehouse import Places
from warehouse.anonymous import SALES, scrubbed
from warehouse.erased import Erased
from warehouse.files import Folder, read_texts, write_text
from warehouse.journal import TOPICS, Journal
from warehouse.person import Person, folded


def from_journal(places: Places, person: Person, erased: Erased, *, apply: bool) -> Counter[str]:
    """Lines per topic that name the person: those about them go, in others a text is masked."""
    journal, found = Journal(places.journal), Counter[str]()
    marks = {*person.words, person.customer_id, *map(folded, person.references)}
    marks |= {f'"{folded(key)}"' for _, _, key in erased.landed}
    for topic in TOPICS:
        files = journal.files(topic)
        for path, content in zip(files, read_texts(files), strict=True):
            small = folded(content)
            if not any(mark in small for mark in marks):
                continue
            lines = content.removesuffix("\n").split("\n")
            left = [_line(topic, line, person, erased) for line in lines]
            found[topic] += sum(new != old for new, old in zip(left, lines, strict=True))
            kept = [line for line in left if line is not None]
            if apply and kept != lines:
                _write(path, kept)
    return +found


def lines_of(
    places: Places, person: Person, erased: Erased
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Topic and record of what the journal has about the person."""
    for topic, about in _ABOUT.items():
        for record in Journal(places.journal).records(topic):
            if about(record, person, erased):
                yield topic, record


def _line(topic: str, line: str, person: Person, erased: Erased) -> str | None:
    """As it may stay; None where it is about the person."""
    record = json.loads(line)
    about = _ABOUT.get(topic, _of_none)
    if about(record, person, erased):
        return None
    left = scrubbed(record, person.words, MASK)
    return line if left == record else json.dumps(left, ensure_ascii=False, default=str)


def _of_ids(line: Mapping[str, Any], person: Person, erased: Erased) -> bool:
    return line["record"] in person.references or line["customer_id"] == person.customer_id


def _of_pair(line: Mapping[str, Any], person: Person, erased: Erased) -> bool:
    return bool({line["left_record"], line["right_record"]} & {*person.references})


def _of_sends(line: Mapping[str, Any], person: Person, erased: Erased) -> bool:
    record = f"{line.get('system')}/customers/{line.get('record')}"
    return line.get("customer_id") == person.customer_id or record in person.references


def _of_creations(line: Mapping[str, Any], person: Person, erased: Erased) -> bool:
    return _of_sends(line, person, erased) or line["of_record"] in person.references


def _of_quarantine(line: Mapping[str, Any], person: Person, erased: Erased) -> bool:
    return (
        line["table_name"] not in SALES
        and (line["system"], line["table_name"], line["key"]) in erased.landed
    )


def _of_terms(line: Mapping[str, Any], person: Person, erased: Erased) -> bool:
    return folded(str(line["value"])) in person.words


def _of_none(line: Mapping[str, Any], person: Person, erased: Erased) -> bool:
    return False


# Topic -> whether a line is about the person.
_ABOUT: Mapping[str, Callable[[Mapping[str, Any], Person, Erased], bool]] = {
    "customer_ids": _of_ids,
    "identity_overrides": _of_pair,
    "sends": _of_sends,
    "creations": _of_creations,
    "quarantine": _of_quarantine,
    "identity_terms": _of_terms,
    "identity_shared": _of_terms,
}


def _write(path: Folder, lines: Sequence[str]) -> None:
    if lines:
        write_text(path, "\n".join(lines) + "\n")
    else:
        path.unlink()
