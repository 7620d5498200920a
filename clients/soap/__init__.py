"""SOAP systems: requests by their WSDLs, answers from the raw envelope.

A system's settings say what there is to know (docs/sources/soap.md): `wsdl`, `soap`, `hosts`,
`authentication` (see `soap_request.Credentials`) and

result   `code`, a path, is one of `ok` in a good answer; `label` the words of a bad one;
         `error`, a path, is empty in a good answer. `denied` and `missing`: codes that mean
         wrong credentials, and a record that is not there. {operation} in a path is its name.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import urlsplit

from zeep import xsd

from clients import Denied, Implausible, Refused
from clients.soap.arguments import filled
from clients.soap.envelope import referred, refers, walk, whole
from clients.soap.http import Wire
from clients.soap.request import Credentials, elements, envelope
from clients.soap.rows import Rows
from clients.soap.settings import mistake
from clients.soap.shape import answers, fields
from clients.soap.wsdl import Wsdls
from systems import System

WHOLE = 128_000_000  # bytes of an answer that is read at once instead of as a stream


class Rejected(Refused):
    """A business error: HTTP 200 with a result code that is not the good one."""

    def __init__(self, system: str, cause: str, code: str) -> None:
        self.code = code
        super().__init__(system, cause, "These are the system's own words; see the record there.")


class Soap:
    """One system. `call` sends once (writes); `read` and `rows` try again what may pass.

    `wsdl`: where to look for the operation, if several WSDLs have one of that name.
    """

    def __init__(self, system: System, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.name, self.settings, self.connection = system.name, system.settings, system.connection
        self.base = system.connection.url
        self.wire = Wire(self.name, self.connection, self.settings, sleep)
        if not urlsplit(self.base).hostname:
            cause = f"its address {self.base!r} is not a URL"
            raise Denied(self.name, cause, self.wire.put("its host"))
        self.wsdls = Wsdls(self.name, self.base, self.settings, self.wire.fetch)
        spec = self.settings.get("authentication")
        self.credentials = Credentials(self.name, spec, self.connection)
        self.wire.session.auth = self.credentials.basic  # type: ignore[assignment]  # bytes do too

    def call(self, operation: str, arguments: Any, wsdl: str | None = None) -> dict[str, Any]:
        """The answer's parts as dicts, lists and text; raises what `clients` defines."""
        with self.posted(operation, arguments, wsdl) as body, self.wire.reading(operation):
            parts = whole(self.bounded(operation, body))
        self.judge(operation, parts)
        return parts

    def read(self, operation: str, arguments: Any, wsdl: str | None = None) -> dict[str, Any]:
        """`call` for operations that change nothing."""
        parts: dict[str, Any] = self.wire.retrying()(self.call, operation, arguments, wsdl)
        return parts

    def rows(self, operation: str, arguments: Any, path: str, wsdl: str | None = None) -> Listing:
        """The rows at a path of the answer (see `envelope.split`), one at a time."""
        return Listing(self, operation, arguments, path, wsdl)

    def check(self) -> str:
        """Proves that the system is reached and lets us read; a table that it refuses is named."""
        good, refused = [], []
        for name, table in self.settings.get("tables", {}).items():
            try:
                if wrong := mistake(self.name, name, self.settings):
                    raise wrong
                good.append(self._look(name, table))
            except Refused as error:
                refused.append((name, error))
        if refused and not good:
            raise refused[0][1]
        said = f"reads {' and '.join(good)} at {self.base}"
        return said + "".join(f"; not {name}: {error.cause}" for name, error in refused)

    def _look(self, name: str, table: Mapping[str, Any]) -> str:
        if "each" in table:
            self.wsdls.operation(table["operation"], table.get("wsdl"))
            return f"{name} of each of {table['each']}"
        first = {"size": str(table.get("paging", {}).get("size", ""))}
        arguments = filled(table.get("arguments", {}), first)
        listing = self.rows(table["operation"], arguments, table["rows"], table.get("wsdl"))
        row = next(iter(listing), None)
        return f"{listing.claimed or (1 if row else 0)} {name}"

    def members(self, operation: str, argument: str) -> dict[str, bool]:
        """Of the struct an operation takes as `argument`: name -> whether it is a text."""
        parts = dict(elements(self.wsdls.operation(operation).known.input.body))
        members = elements(parts[argument])
        return {name: isinstance(member.type, xsd.String) for name, member in members}

    @contextmanager
    def posted(
        self, operation: str, arguments: Any, wsdl: str | None = None
    ) -> Iterator[IO[bytes]]:
        known = self.wsdls.operation(operation, wsdl)
        data, headers = envelope(self.name, known, arguments, self.credentials)
        with self.wire.answer("POST", known.url, operation, data=data, headers=headers) as body:
            yield body

    def bounded(self, operation: str, body: IO[bytes]) -> IO[bytes]:
        if body.seek(0, os.SEEK_END) > WHOLE:
            raise Implausible(
                self.name,
                f"{operation} answers more than {WHOLE / 1e6:.0f} MB in one piece",
                "Ask for less at a time, by paging or a changed-since argument.",
            )
        body.seek(0)
        return body

    def judge(self, operation: str, parts: Mapping[str, Any]) -> None:
        rule = self.settings.get("result")
        if not rule:
            return
        code, label, error = (
            walk(parts, rule[name].replace("{operation}", operation)) if name in rule else None
            for name in ("code", "label", "error")
        )
        good = rule["ok"] if isinstance(rule.get("ok"), list) else [rule.get("ok")]
        if code in good if "code" in rule else not error:
            return
        said = str(code or ("an empty result code" if "code" in rule else "an error"))
        cause = f"{operation} answered {self.wire.clean(said)}"
        words = label or error
        cause += f": {self.wire.clean(str(words))}" if words else ""
        if code in rule.get("denied", ()):
            raise Denied(self.name, cause)
        raise Rejected(self.name, cause, str(code or ""))


class Listing:
    """A list being read. Once read: `claimed`, how many rows it says it holds, and `parts`, the
    answer without its rows."""

    def __init__(
        self, client: Soap, operation: str, arguments: Any, path: str, wsdl: str | None
    ) -> None:
        self.client, self.operation, self.arguments = client, operation, arguments
        self.path, self.wsdl = path, wsdl
        self.claimed: int | None = None
        self.parts: Mapping[str, Any] = {}

    def __iter__(self) -> Iterator[Any]:
        client, operation = self.client, self.operation
        posted = client.wire.retried(lambda: client.posted(operation, self.arguments, self.wsdl))
        with posted as body, client.wire.reading(operation):
            if refers(body):
                yield from self._at_once(body)
                return
            listed, judged = Rows(body, self.path), False
            for row in listed:
                if not judged and listed.parts:  # usually the result comes first
                    client.judge(operation, listed.parts)
                    judged = True
                self.claimed = listed.claimed
                yield row
            client.judge(operation, listed.parts)
            self.claimed, self.parts = listed.claimed, listed.parts
            if not listed.found:
                self._known()

    def _at_once(self, body: IO[bytes]) -> Iterator[Any]:
        rows, claimed, parts = referred(self.client.bounded(self.operation, body), self.path)
        self.client.judge(self.operation, parts)
        self.claimed, self.parts = claimed, parts
        yield from rows

    def _known(self) -> None:
        """An answer without the list is an empty list only if the WSDL knows it there, or leaves
        open what is there."""
        known = self.client.wsdls.operation(self.operation, self.wsdl)
        types = fields(known, self.path)
        if types is None or (not types and self.path.split(".")[0] not in self.parts):
            has = ", ".join(self.parts) or ", ".join(answers(known)) or "nothing"
            raise Refused(
                self.client.name,
                f"{self.operation} answers no {self.path}",
                f"It has {has}; correct rows in the settings.",
            )


def connect(system: System, *, sleep: Callable[[float], None] = time.sleep) -> Soap:
    return Soap(system, sleep=sleep)
