"""SOAP systems, by configuration: customers, orders, whatever the contract promises.

API: SOAP 1.1   Auth: in the envelope   Page: none   Deletes: by full scan

A table of the settings names its `operation`, `arguments` and the path of its `rows`, and
    detail   thin lists: an operation per key for the full record, and the share read again
    each     the table whose keys are put into `arguments` as {key}, one call each
    cursor   path of a modification time, where an argument is {since}
Thin lists say what changed by the hash of the thin row, kept as the landed row's cursor. What a
thin row does not show is found by reading a part of all records again in each run.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, Unpack

import dlt
from dlt.sources import DltResource

from clients import Implausible, Refused
from clients.envelope import walk
from clients.notes import without_ours
from clients.soap import Rejected, Soap, connect
from sources import Asked, Memory, Page, Row, Table, Window, resources
from sources.contract import Contract
from systems import System

PAGE = 500
DETAILS = 100  # details per page
WORKERS = 4  # calls at a time: these servers are small
SHARE = 20  # of all details, one of so many is read again in each run
Spec = Mapping[str, Any]


def source(
    system: System, contract: Contract, memory: Memory, **asked: Unpack[Asked]
) -> list[DltResource]:
    return resources(system, contract, memory, tables_of(connect(system), contract, memory), asked)


def tables_of(client: Soap, contract: Contract, memory: Memory) -> dict[str, Table]:
    specs: Mapping[str, Spec] = client.settings.get("tables", {})
    return {
        name: _table(client, name, promised.key, memory)
        for name, promised in contract.tables.items()
        if name in specs
    }


def _table(client: Soap, name: str, key_paths: Sequence[str], memory: Memory) -> Table:
    specs = client.settings["tables"]
    spec, key = specs[name], partial(_key, key_paths)
    if "detail" in spec:
        details = Details(client, name, spec, key, memory)
        return Table(name, key, details.read, details.cursor)
    if "each" in spec:
        return Table(name, key, partial(_of_each, client, spec, specs[spec["each"]], key_paths))
    cursor = partial(_moment, spec["cursor"]) if "cursor" in spec else lambda row: None
    return Table(name, key, partial(_list, client, spec), cursor, changed_since="cursor" in spec)


def _list(client: Soap, spec: Spec, window: Window) -> Iterator[Page]:
    """One call answers all: it cannot be resumed, only streamed."""
    arguments = filled(spec.get("arguments", {}), since=window.since or "")
    listing = client.rows(spec["operation"], arguments, spec["rows"])
    for rows in batched(listing, PAGE):
        yield Page([_without_ours(client, row) for row in rows], claimed=listing.claimed)
    yield Page([], claimed=listing.claimed)


def _of_each(
    client: Soap, spec: Spec, parent: Spec, key_paths: Sequence[str], window: Window
) -> Iterator[Page]:
    """A call per key of the parent table. Position: the last key done and what was claimed."""
    at = window.position or {"after": "", "claimed": 0}
    parents = client.rows(parent["operation"], filled(parent.get("arguments", {})), parent["rows"])
    path = spec.get("parent_key") or key_paths
    keys = sorted(_key([path] if isinstance(path, str) else path, row) for row in parents)
    keys = [key for key in keys if key > at["after"]]
    claimed = at["claimed"]

    def one(key: str) -> list[Row]:
        return list(
            client.rows(spec["operation"], filled(spec["arguments"], key=key), spec["rows"])
        )

    with ThreadPoolExecutor(WORKERS) as pool:
        for batch in batched(keys, DETAILS):
            rows = [_without_ours(client, row) for found in pool.map(one, batch) for row in found]
            claimed += len(rows)
            last = batch[-1] == keys[-1]
            yield Page(
                rows,
                claimed=claimed,
                position=None if last else {"after": batch[-1], "claimed": claimed},
            )


class Details:
    """A thin list, and a call for each record that is new, changed, or due to be read again.

    Position: the last key done; keys are walked in order, since the system has none. Records
    the system refuses are named at the end, after all others were read.
    """

    def __init__(
        self, client: Soap, name: str, spec: Spec, key: Callable[[Row], str], memory: Memory
    ) -> None:
        self.client, self.name, self.spec, self.key, self.memory = client, name, spec, key, memory
        self.share = int(spec["detail"].get("share", SHARE))
        self.hashes: dict[str, str] = {}
        self.refused: list[Rejected] = []

    def cursor(self, row: Row) -> str | None:
        return self.hashes.get(self.key(row))

    def read(self, window: Window) -> Iterator[Page]:
        state = dlt.current.resource_state()
        turn = state.get("turn", 0)
        listing = self.client.rows(
            self.spec["operation"], filled(self.spec.get("arguments", {})), self.spec["rows"]
        )
        self.hashes = {self.key(row): digest(row) for row in listing}
        self.refused = []
        known = {} if window.full else self.memory(self.name)
        keys = sorted(key for key in self.hashes if key > (window.position or ""))
        claimed = len(self.hashes)
        with ThreadPoolExecutor(WORKERS) as pool:
            for batch in batched(keys, DETAILS):
                due = [key for key in batch if self._due(key, known, turn)]
                rows = [row for row in pool.map(self._detail, due) if row is not None]
                claimed -= len(due) - len(rows)
                yield Page(
                    rows,
                    claimed=claimed,
                    position=None if batch[-1] == keys[-1] else batch[-1],
                    unchanged=sorted(set(batch) - set(due)),
                )
        if self.refused:
            first = self.refused[0]
            raise Refused(
                self.client.name,
                f"{len(self.refused)} of {len(self.hashes)} records cannot be read: {first.cause}",
                "The others were. Look at this one in the system.",
            )
        state["turn"] = (turn + 1) % self.share

    def _due(self, key: str, known: Mapping[str, str | None], turn: int) -> bool:
        return known.get(key) != self.hashes[key] or zlib.crc32(key.encode()) % self.share == turn

    def _detail(self, key: str) -> Row | None:
        """None when it is gone since the list was read, or refused."""
        detail = self.spec["detail"]
        try:
            answer = self.client.read(detail["operation"], filled(detail["arguments"], key=key))
        except Rejected as error:
            if error.code not in self.client.settings["result"].get("missing", ()):
                self.refused.append(error)
            return None
        row = walk(answer, detail["row"])
        if not isinstance(row, dict) or self.key(row) != key:
            raise Implausible(
                self.client.name,
                f"{detail['operation']} was asked for {key} and answered another record or none",
                "Compare the detail's arguments and row in the settings with the WSDL.",
            )
        return _without_ours(self.client, row)


def _without_ours(client: Soap, row: Row) -> Row:
    """What we wrote ourselves must not come back as news about the customer."""
    field = client.settings.get("write_back", {}).get("field")
    return {**row, field: without_ours(row[field])} if field and row.get(field) else row


def _key(paths: Sequence[str], row: Row) -> str:
    """Rows without a key keep apart, so that each is seen and refused by its contract."""
    values = [walk(row, path) for path in paths]
    return "/".join(values) if all(values) else f"no key {digest(row)}"


def _moment(path: str, row: Row) -> str | None:
    return walk(row, path) or None


def filled(arguments: Any, **values: str) -> Any:
    """Arguments with {key} and {since} in their texts replaced."""
    if isinstance(arguments, Mapping):
        return {name: filled(value, **values) for name, value in arguments.items()}
    for name, value in values.items():
        arguments = str(arguments).replace(f"{{{name}}}", value)
    return arguments


def digest(row: Any) -> str:
    text = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
