"""What the rows of one SOAP table look like, and how they are handed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from clients.soap import Soap
from clients.soap.notes import without_ours
from clients.soap.shape import fields, row_fields
from sources import Row
from sources.contract import Column


class Cleaner:
    """Rows as the system gave them, but for two things.

    A list of one looks on the wire like a single member, and a list of none like a text: what
    the WSDL or the contract call a list becomes one. And what we wrote ourselves into a note is
    taken out: it must not come back as news about the customer.
    """

    def __init__(self, client: Soap, spec: Mapping[str, Any], columns: Sequence[Column]) -> None:
        self.client, self.spec = client, spec
        self.field = client.settings.get("write_back", {}).get("field")
        self.promised = [column.path.split(".") for column in columns if column.items]

    def __call__(self, row: Any) -> Row:
        if not isinstance(row, dict):
            return {"value": row}  # a list of texts
        for path in self.lists:
            _as_list(row, path)
        if self.field and row.get(self.field):
            row[self.field] = without_ours(row[self.field])
        return row

    @cached_property
    def shape(self) -> dict[str, str]:
        """Path -> type, by the WSDL; empty where it leaves that open. Raises Refused for an
        operation that is gone."""
        operation = self.client.wsdls.operation(self.spec["operation"], self.spec.get("wsdl"))
        detail = self.spec.get("detail")
        if not detail:
            return fields(operation, self.spec["rows"]) or {}
        wsdl = detail.get("wsdl", self.spec.get("wsdl"))
        record = self.client.wsdls.operation(detail["operation"], wsdl)
        return row_fields(record, detail["row"]) or {}

    @cached_property
    def lists(self) -> list[list[str]]:
        return [*self.promised, *_repeated(self.shape)]


def _repeated(shape: Mapping[str, str]) -> Iterator[list[str]]:
    """Outer lists come before those inside them."""
    for path in shape:
        if path.endswith("[]"):
            yield path.replace("[]", "").split(".")


def _as_list(value: Any, path: Sequence[str]) -> None:
    if isinstance(value, list):
        for one in value:
            _as_list(one, path)
        return
    name, rest = path[0], path[1:]
    if not isinstance(value, dict) or name not in value:
        return
    if rest:
        _as_list(value[name], rest)
    elif not isinstance(value[name], list):
        value[name] = [] if value[name] in ("", None) else [value[name]]
