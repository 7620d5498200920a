"""HubSpot: people, companies, deals, tickets, products, activities, owners and pipelines.

API: CRM 2026-09   Auth: service key   Page: 100 listed, 200 searched   Deletes: archive, merges

Everything at first by LIST, which has no end; then changes by SEARCH. Rows have every property
the account has, except ours, and the records they are linked to. A read begins with what was
archived; winners of a merge name the records that are no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Unpack

from dlt.sources import DltResource

from clients.ahead import ahead
from clients.hubspot import HubSpot, connect
from sources import Asked, Listed, Memory, Page, Row, Table, Window, resources
from sources.contract import Contract
from sources.hubspot.kinds import KINDS, PIPELINED, Kind
from sources.hubspot.rows import MERGED, Reader
from sources.hubspot.search import cursor, held, searched
from systems import System

OVERLAP = timedelta(minutes=10)  # a change appears in the search index some moments later


def source(
    system: System, contract: Contract, memory: Memory, **asked: Unpack[Asked]
) -> list[DltResource]:
    return resources(system, contract, memory, tables_of(connect(system), contract), asked)


def tables_of(crm: HubSpot, contract: Contract) -> dict[str, Table]:
    """The contract adds nothing to what is read: rows have every property there is."""
    objects = {name: _table(Reader(crm, kind)) for name, kind in KINDS.items()}
    return {**objects, "owners": _owners(crm), "pipelines": _pipelines(crm)}


def _table(reader: Reader) -> Table:
    return Table(
        reader.kind.name,
        key=lambda row: str(row["id"]),
        read=partial(_read, reader),
        cursor=partial(cursor, reader.kind),
        changed_since=True,
        overlap=OVERLAP,
        listing=partial(_listing, reader),
        fetch=reader.fetch,
        shape=reader.shape,
    )


def _read(reader: Reader, window: Window) -> Iterator[Page]:
    """Position: `archived`, where the list of those starts, then `list` or `search`."""
    at = window.position or {"archived": None}
    if "archived" in at:
        yield from _archived(reader, window, at["archived"])
        at = {}
    if window.since:
        yield from _searched(reader, window.since, at.get("search"))
    else:
        yield from _listed(reader, at.get("list"))


def _archived(reader: Reader, window: Window, after: str | None) -> Iterator[Page]:
    """What was archived since; HubSpot keeps it for 90 days."""
    while True:
        rows, after = reader.page(after, archived=True)
        fresh = [r for r in rows if not window.since or str(r["archivedAt"]) >= window.since]
        if fresh or after:
            position = {"archived": after} if after else {"list": None, "search": None}
            yield Page(fresh, change="archived", position=position)
        if after is None:
            return


def _listed(reader: Reader, after: str | None) -> Iterator[Page]:
    """The first page of a load says how many there are, the last one how many there are by now."""

    def calls() -> Iterator[Callable[[], Page]]:
        following, first = after, True
        while True:
            rows, following = reader.page(following)
            claimed = held(reader.crm, reader.kind) if first or following is None else None
            position = {"list": following} if following else None
            yield partial(_page, reader, rows, claimed, position)
            if following is None:
                return
            first = False

    return ahead(calls(), reader.crm.at_once)


def _searched(reader: Reader, since: str, at: Row | None) -> Iterator[Page]:
    def calls() -> Iterator[Callable[[], Page]]:
        names = reader.properties()
        for found, claimed, following in searched(reader.crm, reader.kind, names, since, at):
            rows = [reader.slim(row) for row in found]
            position = {"search": following} if following else None
            yield partial(_page, reader, rows, claimed, position)

    return ahead(calls(), reader.crm.at_once)


def _page(reader: Reader, rows: list[Row], claimed: int | None, position: Row | None) -> Page:
    """With the links of its rows. They are read while the list goes on: its next page can only
    be asked for once the one before is there, so a list alone has nothing to run ahead of."""
    return Page(reader.linked(rows), claimed=claimed, position=position, gone=_merged(rows))


def _merged(rows: Sequence[Row]) -> dict[str, str]:
    """Losers of merges, by what their winners say; a winner that lost later names it again."""
    return {
        loser: f"merged into {row['id']}"
        for row in rows
        for loser in str(row["properties"].get(MERGED) or "").split(";")
        if loser and loser != str(row["id"])
    }


def _listing(reader: Reader, window: Window) -> Iterator[Listed]:
    crm, kind = reader.crm, reader.kind
    wanted = (kind.modified,)
    if window.since:
        for rows, claimed, _ in searched(crm, kind, wanted, window.since, None):
            yield Listed(_cursors(kind, rows), claimed)
        return
    after = None
    while True:
        rows, after = crm.page(kind.name, wanted, after)
        yield Listed(_cursors(kind, rows), held(crm, kind) if after is None else None)
        if after is None:
            return


def _cursors(kind: Kind, rows: Sequence[Row]) -> Mapping[str, str | None]:
    return {str(row["id"]): cursor(kind, row) for row in rows}


def _owners(crm: HubSpot) -> Table:
    def read(window: Window) -> Iterator[Page]:
        """Position: `archived`, whether those are listed, and `after`."""
        at = window.position or {"archived": True, "after": None}
        while at:
            rows, after = crm.owners(at["after"], archived=at["archived"])
            change = "archived" if at["archived"] else None
            following = {**at, "after": after}
            if after is None:
                following = {"archived": False, "after": None} if at["archived"] else {}
            yield Page(rows, change=change, position=following or None)
            at = following

    return Table(
        "owners",
        key=lambda row: str(row["id"]),
        read=read,
        cursor=lambda row: row.get("updatedAt"),
    )


def _pipelines(crm: HubSpot) -> Table:
    def read(window: Window) -> Iterator[Page]:
        rows = [{**row, "objectType": n} for n in PIPELINED for row in crm.pipelines(n)]
        yield Page(rows)

    return Table(
        "pipelines",
        key=lambda row: f"{row['objectType']}/{row['id']}",
        read=read,
        cursor=lambda row: row.get("updatedAt"),
    )
