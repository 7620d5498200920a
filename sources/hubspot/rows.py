"""Whole rows of one object type: every property the account has, and links to other records."""

from __future__ import annotations

from collections.abc import Sequence

from clients.hubspot import HubSpot
from sources.hubspot.kinds import Kind
from sources.shapes import Row

OURS = "kopru_"  # properties we wrote ourselves never come back as news
MERGED = "hs_merged_object_ids"
LONGEST = 4_000  # characters of names in an address; servers refuse addresses of 8,000


class Reader:
    """Reads an object type; which properties it has is asked once."""

    def __init__(self, crm: HubSpot, kind: Kind) -> None:
        self.crm, self.kind = crm, kind
        self._types: dict[str, str] = {}

    def types(self) -> dict[str, str]:
        """Property -> its type."""
        if not self._types:
            defined = self.crm.properties(self.kind.name)
            names = {str(d["name"]): str(d["type"]) for d in defined}
            self._types = {n: t for n, t in sorted(names.items()) if not n.startswith(OURS)}
        return self._types

    def properties(self) -> list[str]:
        wanted = {*self.types(), self.kind.modified} | ({MERGED} if self.kind.merges else set())
        return sorted(wanted)

    def shape(self) -> dict[str, str]:
        return {f"properties.{name}": type_ for name, type_ in self.types().items()}

    def page(self, after: str | None, *, archived: bool = False) -> tuple[list[Row], str | None]:
        """A page of the list. Where all names would make too long an address, the list gives the
        ids and a batch the rows."""
        names, kind = self.properties(), self.kind
        if len(",".join(names)) <= LONGEST:
            rows, after = self.crm.page(kind.name, names, after, archived=archived)
        else:
            some, after = self.crm.page(kind.name, (kind.modified,), after, archived=archived)
            ids = [str(row["id"]) for row in some]
            rows = self.crm.records(kind.name, names, ids, archived=archived)
        return [self.slim(row) for row in rows], after

    def fetch(self, keys: Sequence[str]) -> list[Row]:
        found = self.crm.records(self.kind.name, self.properties(), keys)
        return self.linked([self.slim(row) for row in found])

    def slim(self, row: Row) -> Row:
        """Without the hundreds of properties that have no value, and without those that only
        lists or only searches give."""
        kept = {n: v for n, v in (row.get("properties") or {}).items() if v not in (None, "")}
        given = ("id", "createdAt", "updatedAt", "archived", "archivedAt")
        return {**{n: row[n] for n in given if n in row}, "properties": kept}

    def linked(self, rows: list[Row]) -> list[Row]:
        """Rows with the ids of what they are linked to."""
        ids = [str(row["id"]) for row in rows]
        for to in self.kind.links if ids else ():
            links = self.crm.associated(self.kind.name, to, ids)
            for row in rows:
                found = sorted(set(links.get(str(row["id"]), [])))
                row.setdefault("associations", {})[to] = {"results": [{"id": i} for i in found]}
        return rows
