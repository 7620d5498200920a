"""Does a table still look as it did? A field that vanished must not become a column of nulls.

A shape is path -> types, joined by `|`: object, list, text, number, boolean; `null` and `absent`
where some rows have none. Systems that describe themselves give it; of others rows are sampled.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from sources.shapes import Doubtful, Row, Table

log = logging.getLogger(__name__)
ENOUGH = 20  # rows; a field absent from fewer may only be rare
PER_PAGE = 2  # when that many are known
DEEPEST = 3
EMPTY = {"null", "absent"}


class Shape:
    """A table's shape over its pulls, kept in `shape` and `sampled` of its state.

    `volatile`: paths that come and go (links). Raises Doubtful when something is gone or of
    another type, unless a person confirmed it.
    """

    def __init__(
        self, system: str, table: Table, state: Row, confirm: bool, volatile: Sequence[str] = ()
    ) -> None:
        self.where, self.system, self.table = f"{system}.{table.name}", system, table.name
        self.state, self.confirm, self.sample = state, confirm, Sample(frozenset(volatile))
        self.before: dict[str, str] = dict(state.get("shape", {}))
        now = dict(table.shape()) if table.shape is not None else {}
        self.declared = bool(now)  # a WSDL may leave open what is in an answer
        if now:
            self._compare(now, ENOUGH)
            state["shape"] = now

    def see(self, rows: Sequence[Row]) -> None:
        if self.declared:
            return
        self.sample.add(rows[: PER_PAGE if self.sample.rows >= ENOUGH else ENOUGH])
        if self.before:
            rows_known = min(self.sample.rows, int(self.state.get("sampled", 0)))
            self._compare(self.sample.shape(), rows_known)

    def keep(self) -> None:
        """After a reading that ended: what was seen is the shape the next one is compared with."""
        if self.declared or not self.sample.rows:
            return
        now, before = self.sample.shape(), {} if self.confirm else self.before
        self.state["shape"] = joined(before, now)
        sampled = int(self.state.get("sampled", 0)) if before else 0
        # The same after every pull that shows nothing new: a state that moves costs dlt a second.
        self.state["sampled"] = min(max(sampled, self.sample.rows), ENOUGH)

    def _compare(self, now: Mapping[str, str], rows: int) -> None:
        if not self.before or self.confirm:
            return
        if found := differences(self.before, now, rows):
            raise Doubtful(
                self.system,
                f"{self.table} does not look as it did at the last pull: {'; '.join(found[:10])}",
                "Nothing more of it was taken. Adapt the contract, or take this as the new shape "
                "by starting the pull once with `confirm`.",
            )
        if added := sorted(now.keys() - self.before.keys()):
            self.before |= {path: now[path] for path in added}
            log.info("%s has new fields: %s", self.where, ", ".join(added[:20]))


class Sample:
    """The shape of some rows, without the paths `but`."""

    def __init__(self, but: Set[str] = frozenset()) -> None:
        self.rows, self.but = 0, but
        self.types: dict[str, set[str]] = {}
        self.parents: dict[str, int] = {"": 0}  # how many rows had an object there
        self.present: dict[str, int] = {}

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.rows += 1
            self._object("", row, 1)

    def shape(self) -> dict[str, str]:
        return {
            path: "|".join(sorted(types | ({"absent"} if self._some_lack(path) else set())))
            for path, types in self.types.items()
        }

    def _some_lack(self, path: str) -> bool:
        return self.present[path] < self.parents[path.rpartition(".")[0]]

    def _object(self, path: str, value: Mapping[str, Any], depth: int) -> None:
        self.parents[path] = self.parents.get(path, 0) + 1
        for name, inner in value.items():
            below = f"{path}.{name}" if path else name
            if below in self.but:
                continue
            self.present[below] = self.present.get(below, 0) + 1
            self.types.setdefault(below, set()).update(kind(inner))
            if isinstance(inner, Mapping) and inner and depth < DEEPEST:
                self._object(below, inner, depth + 1)


PLAIN = {
    type(None): {"null"},
    bool: {"boolean"},
    int: {"number"},
    float: {"number"},
    str: {"text"},
}


def kind(value: Any) -> set[str]:
    """Empty lists and objects say nothing: PHP writes one for the other. So do empty texts."""
    if value == "":
        return PLAIN[type(None)]
    plain = PLAIN.get(type(value))
    if plain is not None:
        return plain
    if not value:
        return set()
    return {"object"} if isinstance(value, Mapping) else {"list"}


def differences(before: Mapping[str, str], now: Mapping[str, str], rows: int) -> list[str]:
    """What is gone or of another type, one phrase each; of few rows only types are judged."""
    found = []
    for path, said in sorted(before.items()):
        parent = path.rpartition(".")[0]
        if path not in now:
            there = not parent or "object" in _types(now.get(parent, ""))
            if rows >= ENOUGH and there and "absent" not in _types(said):
                found.append(f"{path} is gone (it was {said})")
            continue
        old, new = _types(said) - EMPTY, _types(now[path]) - EMPTY
        if old and new and not old & new:
            found.append(f"{path} is {now[path]} (it was {said})")
    return found


def joined(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Both shapes in one: what was optional once stays so."""
    together = {path: set(_types(said)) for path, said in before.items()}
    for path, said in now.items():
        together.setdefault(path, {"absent"} if before else set()).update(_types(said))
    return {path: "|".join(sorted(types)) for path, types in together.items()}


def _types(said: str) -> set[str]:
    return set(said.split("|")) - {""}
