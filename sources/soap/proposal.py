"""What a WSDL and a sample suggest: which operation lists which table, and how it is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from lxml import etree

from clients.soap.envelope import answer_of, children, name_of, root_of
from clients.soap.request import elements
from clients.soap.shape import fields, members, repeats
from clients.soap.wsdl import Operation
from sources.soap.guesses import (
    CURSORS,
    KEYS,
    LOGIN,
    PASSWORD,
    RESULTS,
    folded,
    found,
    place_of,
    table_of,
    writes,
)


@dataclass
class Proposed:
    """One table.

    `fields`: path -> type of a row; `detail`: operation, its key argument, its
    record, whose
    fields are `record`; `arguments`: the tree of the operation's arguments, texts at its ends."""

    table: str
    operation: Operation
    rows: str
    fields: Mapping[str, str]
    arguments: dict[str, Any] = field(default_factory=dict)
    detail: tuple[str, str, str] | None = None
    record: Mapping[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    @property
    def places(self) -> dict[str, str]:
        """since, page ... -> the argument's name."""
        named = {place_of(name): name for name, _ in _leaves(self.arguments)}
        return {place: name for place, name in named.items() if place}

    @property
    def key(self) -> str | None:
        top = [path for path in self.fields if "[]" not in path]
        own = [f"{self.table[:-1]}{key}" for key in ("id", "no", "code")]
        return found((*KEYS, *own), top)

    @property
    def cursor(self) -> str | None:
        return found(CURSORS, (path for path in self.fields if "[]" not in path))


def proposed(operations: Mapping[str, Operation], samples: Mapping[str, str]) -> list[Proposed]:
    """The best listing operation of each canonical table. `samples`: operation -> path of rows
    that a saved answer really has, which beats what the WSDL says."""
    best: dict[str, Proposed] = {}
    for one in _all(operations, samples):
        rival = best.setdefault(one.table, one)
        if rival is not one:
            good, other = (one, rival) if _score(one) > _score(rival) else (rival, one)
            names = {*good.others, *other.others, other.operation.name}
            good.others = sorted(names - {good.operation.name})
            best[one.table] = good
    for one in best.values():
        _detail(one, operations)
    return list(best.values())


def _all(operations: Mapping[str, Operation], samples: Mapping[str, str]) -> Iterator[Proposed]:
    for name, operation in sorted(operations.items()):
        inputs = arguments_of(operation.known.input.body)
        for rows, row in [] if writes(name) else lists(operation):
            table = (table_of(row) if row != "item" else None) or table_of(name)
            if table:
                path = samples.get(name, rows)
                yield Proposed(table, operation, path, fields(operation, path) or {}, inputs)


def lists(operation: Operation) -> Iterator[tuple[str, str]]:
    """Paths of lists in the answer, outermost first, and the name of their rows."""
    body = getattr(operation.known.output, "body", None)
    yield from _lists(body, [], 4)


def _lists(element: Any, path: list[str], left: int) -> Iterator[tuple[str, str]]:
    inside = members(element)
    for name, member in inside:
        if repeats(member):
            alone = len(inside) == 1 and path
            yield (".".join(path) if alone else ".".join([*path, f"{name}[]"])), name
        elif left:
            yield from _lists(member, [*path, name], left - 1)


def arguments_of(element: Any, left: int = 3) -> dict[str, Any]:
    """Arguments as a tree; the ends are the text to send: a place, or nothing."""
    tree: dict[str, Any] = {}
    for name, member in elements(element):
        inside = arguments_of(member, left - 1) if left else {}
        place = place_of(name)
        tree[name] = inside or (f"{{{place}}}" if place else "")
    return tree


def credentials(arguments: Mapping[str, Any]) -> tuple[str | None, dict[str, str]]:
    """The struct that takes login and password (None: they are arguments), and its members."""
    for name, inside in ((None, arguments), *arguments.items()):
        found_names = dict(_logins(inside)) if isinstance(inside, Mapping) else {}
        if "password" in found_names.values():
            return name, found_names
    return None, {}


def _logins(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in arguments:
        if folded(name) in PASSWORD:
            yield name, "password"
        elif folded(name) in LOGIN:
            yield name, "login"


def sampled(stream: IO[bytes]) -> tuple[str, str]:
    """Operation and path of the rows of a saved answer: its longest list of children alike."""
    answer = answer_of(root_of(stream))
    best, path = 1, ""
    for element in answer.iter(etree.Element):
        names = [name_of(child) for child in children(element)]
        above = [name_of(e) for e in element.iterancestors()][::-1][3:] + [name_of(element)]
        inside = above if element is not answer else []
        for name, count in Counter(names).items():
            if count > best:
                alone = count == len(names) and inside
                best, path = count, ".".join(inside if alone else [*inside, f"{name}[]"])
    return name_of(answer).removesuffix("Response").removesuffix("_Result"), path


def result_of(operation: Operation) -> str | None:
    """Path of what says whether an answer is good."""
    body = getattr(operation.known.output, "body", None)
    paths = [name for name, _ in members(body)]
    paths += [f"{name}.{inner}" for name, e in members(body) for inner, _ in members(e)]
    return found(RESULTS, paths)


def _leaves(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        else:
            yield name, value


def _score(one: Proposed) -> tuple[bool, bool, int, int]:
    """No argument for one record's key; a way to page or to ask for changes; many fields."""
    needs_key = any(folded(name) in KEYS for name, _ in _leaves(one.arguments))
    own = table_of(one.rows.rpartition(".")[2]) == one.table
    return (not needs_key, own, len(one.places), len(one.fields))


def _detail(one: Proposed, operations: Mapping[str, Operation]) -> None:
    """An operation that shows one record, and no less of it than the list."""
    for name, operation in sorted(operations.items()):
        if writes(name) or name == one.operation.name or table_of(name) != one.table:
            continue
        if any(True for _ in lists(operation)) and not _records(operation):
            continue
        argument = found(KEYS, (n for n, _ in elements(operation.known.input.body)))
        for record, shown in _records(operation):
            if argument and len(shown) >= len(one.fields):
                one.detail, one.record = (name, argument, record), shown
                return


def _records(operation: Operation) -> list[tuple[str, dict[str, str]]]:
    """Structs of the answer with a key of their own."""
    found_records = []
    for name, member in members(getattr(operation.known.output, "body", None)):
        shown = fields(operation, f"{name}[]") or {}
        if members(member) and found(KEYS, (path for path in shown if "." not in path)):
            found_records.append((name, shown))
    return found_records
