"""SOAP systems, by configuration: customers, orders, whatever the contract promises.

API: SOAP 1.1 and 1.2   Auth: by the settings   Page: by the settings   Deletes: by full lists

A table of the settings names its `operation`, `arguments` and the path of its `rows`, and
    wsdl     which one, where several have an operation of that name
    cursor   path of a modification time, where an argument is {since} (see moments.py)
    paging   how the list is asked for in pieces (see soap_pages.py)
    detail   thin lists: an operation per key for the full record (see soap_details.py)
    each     the table whose keys are put into `arguments` as {key}, one call each
    rows_leave  true: rows leave the list by themselves, which is no deletion
docs/sources/soap.md explains them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Unpack

from dlt.sources import DltResource

from clients import Implausible, Refused
from clients.ahead import ahead
from clients.soap import Rejected, Soap, connect
from clients.soap.arguments import filled
from clients.soap.envelope import walk
from clients.soap.settings import mistake
from sources import Asked, Listed, Memory, Page, Row, Table, Window, resources
from sources.contract import Contract, ContractTable
from sources.soap.details import WORKERS, Details
from sources.soap.digests import digest
from sources.soap.moments import Moments
from sources.soap.pages import Pages, batched
from sources.soap.rows import Cleaner
from systems import System

PAGE = 500  # rows handed on at once
DETAILS = 100  # details per page
Spec = Mapping[str, Any]


def source(
    system: System, contract: Contract, memory: Memory, **asked: Unpack[Asked]
) -> list[DltResource]:
    return resources(system, contract, memory, tables_of(connect(system), contract, memory), asked)


def tables_of(client: Soap, contract: Contract, memory: Memory) -> dict[str, Table]:
    specs: Mapping[str, Spec] = client.settings.get("tables", {})
    return {
        name: _table(client, name, promised, memory)
        for name, promised in contract.tables.items()
        if name in specs
    }


def _table(client: Soap, name: str, promised: ContractTable, memory: Memory) -> Table:
    """A table whose settings are wrong says so when it is read: the others are."""
    specs, key_paths = client.settings["tables"], promised.key
    spec, key = specs[name], partial(_key, key_paths)
    wrong = mistake(client.name, name, client.settings)
    if wrong:
        return Table(name, key, partial(_refuse, wrong))
    moments = Moments(client.name, name, spec)
    pages = Pages(client, name, spec, key, moments, PAGE)
    cleaned = Cleaner(client, spec, promised.columns)
    about: dict[str, Any] = {"shape": lambda: cleaned.shape, "overlap": moments.overlap}
    about["changed_since"] = "cursor" in spec
    by_number = spec.get("paging", {}).get("by") == "page" and "claimed" not in spec
    about["lists_all"] = not (spec.get("rows_leave") or by_number)
    if "detail" in spec:
        found = Details(client, name, spec, pages, memory, cleaned, DETAILS)
        about |= {"listing": found.listing, "fetch": found.fetch}
        return Table(name, key, found.read, found.cursor, **about)
    if "each" in spec:
        parents = Pages(client, spec["each"], specs[spec["each"]], key, moments, PAGE)
        return Table(
            name, key, partial(_of_each, client, spec, cleaned, parents, key_paths), **about
        )
    if "cursor" in spec and about["lists_all"]:
        about |= {"listing": partial(_listing, pages), "fetch": partial(_fetch, pages, cleaned)}
    return Table(name, key, partial(_list, pages, cleaned), moments.cursor, **about)


def _refuse(error: Refused, window: Window) -> Iterator[Page]:
    yield from ()
    raise error


def _list(pages: Pages, cleaned: Cleaner, window: Window) -> Iterator[Page]:
    for piece in pages.pieces(window):
        rows = [cleaned(row) for row in piece.rows]
        yield Page(rows, claimed=piece.claimed, position=piece.position)


def _listing(pages: Pages, window: Window) -> Iterator[Listed]:
    for piece in pages.pieces(Window(window.since)):
        cursors = {pages.key(row): pages.moments.cursor(row) for row in piece.rows}
        yield Listed(cursors, piece.claimed)


def _fetch(pages: Pages, cleaned: Cleaner, keys: Sequence[str]) -> list[Row]:
    """Nothing reads single records here: the list is gone through once more."""
    wanted = set(keys)
    return [cleaned(row) for row in pages.rows(Window()) if pages.key(row) in wanted]


def _of_each(
    client: Soap,
    spec: Spec,
    cleaned: Cleaner,
    parents: Pages,
    key_paths: Sequence[str],
    window: Window,
) -> Iterator[Page]:
    """A call per key of the parent table. Position: the last key done and what was claimed."""
    at = window.position or {"after": "", "claimed": 0}
    path = spec.get("parent_key") or key_paths
    keys = _parents(parents, [path] if isinstance(path, str) else path)
    keys = [key for key in keys if key > at["after"]]
    claimed = at["claimed"]
    missing = client.settings.get("result", {}).get("missing", ())

    def one(key: str) -> tuple[list[Row], int]:
        arguments = filled(spec["arguments"], {"key": key})
        listing = client.rows(spec["operation"], arguments, spec["rows"], spec.get("wsdl"))
        try:
            rows = [cleaned(row) for row in listing]
        except Rejected as error:
            if error.code in missing:  # gone since the parents were listed
                return [], 0
            raise
        return rows, len(rows) if listing.claimed is None else listing.claimed

    for batch in batched(keys, DETAILS):
        found = list(ahead((partial(one, key) for key in batch), WORKERS))
        rows = [row for held, _ in found for row in held]
        claimed += sum(said for _, said in found)
        last = batch[-1] == keys[-1]
        here = None if last else {"after": batch[-1], "claimed": claimed}
        yield Page(rows, claimed=claimed, position=here)
    if not keys:
        yield Page([], claimed=claimed)


def _parents(pages: Pages, paths: Sequence[str]) -> list[str]:
    """Their keys in order. A list shorter than it says is read once more: it may have moved."""
    for _ in range(2):
        keys, claimed = set[str](), None
        for piece in pages.pieces(Window()):
            keys.update(_key(paths, row) for row in piece.rows)
            claimed = piece.claimed if piece.claimed is not None else claimed
        if claimed is None or len(keys) >= claimed:
            return sorted(keys)
    raise Implausible(
        pages.client.name,
        f"the list of {pages.name} claims {claimed} rows, {len(keys)} were seen in two readings",
    )


def _key(paths: Sequence[str], row: Row) -> str:
    """Rows without a key keep apart, so that each is seen and refused by its contract."""
    values = [walk(row, path) for path in paths]
    return "/".join(values) if all(values) else f"no key {digest(row)}"
