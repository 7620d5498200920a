"""SOAP 1.1 systems: requests by their WSDLs, answers from the raw envelope.

A system's settings say what there is to know (see sources/presets/dolibarr.toml): `wsdl`
paths, `authentication` (argument, members, fixed), `result` (code, label, ok, denied).
Credentials go into the envelope and nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import urlsplit

import requests
import tenacity

from clients import Denied, Implausible, Refused, Unavailable
from clients.answers import spoken, target
from clients.envelope import Fault, NotSoap, Rows, Short, refers, walk, whole
from clients.wsdl import Wsdls
from systems import System

TIMEOUT = (10, 120)  # seconds to connect, seconds between two bytes
ATTEMPTS = 4
SPOOL = 4_000_000  # bytes of an answer kept in memory; the rest goes to a temporary file


class Rejected(Refused):
    """A business error: HTTP 200 with a result code that is not the good one."""

    def __init__(self, system: str, cause: str, code: str) -> None:
        self.code = code
        super().__init__(system, cause, "These are the system's own words; see the record there.")


class Soap:
    """One system. `call` sends once (writes); `read` and `rows` try again what may pass."""

    def __init__(self, system: System, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.name, self.settings, self.connection = system.name, system.settings, system.connection
        self.base, self.sleep = system.connection.url, sleep
        if not urlsplit(self.base).hostname:
            raise Denied(
                self.name, f"its address {self.base!r} is not a URL", self._set("its host")
            )
        self.session = requests.Session()
        self.wsdls = Wsdls(self.name, self.base, self.settings["wsdl"], self._fetch)

    def call(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The answer's parts as dicts, lists and text; raises what `clients` defines."""
        with self._posted(operation, arguments) as body, self._reading(operation):
            parts = whole(body)
        self._judge(operation, parts)
        return parts

    def read(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`call` for operations that change nothing."""
        parts: dict[str, Any] = self._retrying()(self.call, operation, arguments)
        return parts

    def rows(self, operation: str, arguments: Mapping[str, Any], path: str) -> Listing:
        """The items of the list at a dotted path of the answer, one at a time."""
        return Listing(self, operation, arguments, path)

    def check(self) -> str:
        """Proves that the system is reached and lets us read each table that is listed whole."""
        counts = []
        for name, table in self.settings.get("tables", {}).items():
            if "each" in table or "cursor" in table:
                continue
            listing = self.rows(table["operation"], table.get("arguments", {}), table["rows"])
            first = next(iter(listing), None)
            counts.append(f"{listing.claimed or (1 if first else 0)} {name}")
        return f"reads {' and '.join(counts)} at {self.base}"

    def _fetch(self, url: str) -> bytes:
        with self._retried(lambda: self._answer("GET", url)) as body:
            return body.read()

    @contextmanager
    def _posted(self, operation: str, arguments: Mapping[str, Any]) -> Iterator[IO[bytes]]:
        url, data, headers = self.wsdls.request(operation, {**self._credentials(), **arguments})
        with self._answer("POST", url, operation, data=data, headers=headers) as body:
            yield body

    @contextmanager
    def _answer(
        self, method: str, url: str, operation: str = "the WSDL", **request: Any
    ) -> Iterator[IO[bytes]]:
        """An answer's whole body, spooled to disk when large."""
        with SpooledTemporaryFile(SPOOL) as body:
            try:
                with self.session.request(
                    method, url, timeout=TIMEOUT, stream=True, allow_redirects=False, **request
                ) as response:
                    for chunk in response.iter_content(1 << 16):
                        body.write(chunk)
            except requests.RequestException as error:
                raise Unavailable(
                    self.name,
                    f"{urlsplit(url).netloc} cannot be reached ({type(error).__name__})",
                    "See that it runs, or correct the host of the Airflow connection "
                    f"{self.name!r}.",
                ) from None
            body.seek(0)
            self._accept(response, body, operation)
            body.seek(0)
            yield body

    def _accept(self, response: requests.Response, body: IO[bytes], operation: str) -> None:
        status, kind = response.status_code, response.headers.get("Content-Type", "")
        if status in (401, 403):
            raise Denied(self.name, f"{spoken(response)} answered {status}")
        if 300 <= status < 400:
            cause = f"{spoken(response)} redirects to {target(response)}"
            raise Implausible(self.name, cause, self._set("the final address"))
        if status == 500 and "xml" in kind:
            with self._reading(operation):
                whole(body)  # raises the fault in it
        if status >= 500 or status == 429:
            raise Unavailable(
                self.name,
                f"{spoken(response)} answered {status} without an explanation",
                "Try again later. If it stays, the call lacks an argument the server needs.",
            )
        if status >= 400:
            cause = f"{spoken(response)} answered {status}"
            raise Refused(self.name, cause, "Check wsdl in its settings in systems.toml.")
        if "html" in kind:
            raise Implausible(
                self.name,
                f"{spoken(response)} said {status}, but with a page (text/html) instead of SOAP",
                "A login or maintenance page: open the address of the Airflow connection "
                f"{self.name!r} in a browser. The next run reads again.",
            )

    def _credentials(self) -> dict[str, Any]:
        spec = self.settings.get("authentication")
        if not spec:
            return {}
        members = dict(spec.get("fixed", {}))
        for member, field in spec["members"].items():
            holder, _, name = field.rpartition(".")
            value = self.connection.extra.get(name) if holder else getattr(self.connection, field)
            if not value:
                raise Denied(self.name, f"its connection has no {field}", self._set(field))
            members[member] = str(value)
        return {spec["argument"]: members}

    @contextmanager
    def _reading(self, operation: str) -> Iterator[None]:
        """Turns what decoding an answer raises into what the caller can act on."""
        try:
            yield
        except Fault as fault:
            cause = f"{operation} gave a SOAP fault: {self._clean(str(fault))}"
            if fault.code.startswith(("Server", "Receiver")):
                raise Unavailable(self.name, cause, "Try again; see the server's log.") from None
            raise Refused(
                self.name, cause, "Check the operation and its arguments in systems.toml."
            ) from None
        except NotSoap as error:
            raise Implausible(
                self.name,
                f"{operation} answered {self._clean(str(error))}",
                "Check that the server knows this operation and shows no login page.",
            ) from None
        except Short as error:
            raise Implausible(
                self.name, f"{operation}: {error}", "The next run reads again."
            ) from None

    def _judge(self, operation: str, parts: Mapping[str, Any]) -> None:
        rule = self.settings.get("result")
        if not rule:
            return
        code, label = walk(parts, rule["code"]), walk(parts, rule["label"])
        if code == rule["ok"]:
            return
        cause = f"{operation} answered {self._clean(str(code or 'an empty result code'))}"
        cause += f": {self._clean(str(label))}" if label else ""
        if code in rule.get("denied", ()):
            raise Denied(self.name, cause)
        raise Rejected(self.name, cause, str(code or ""))

    def _set(self, what: str) -> str:
        return f"Put {what} into the Airflow connection {self.name!r}."

    def _clean(self, text: str) -> str:
        """Servers quote what they were sent: our secrets never go further."""
        for secret in (self.connection.password, *self.connection.extra.values()):
            text = text.replace(str(secret), "***") if secret else text
        return text if len(text) <= 300 else f"{text[:300]}..."

    def _retrying(self) -> tenacity.Retrying:
        return tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_exponential(multiplier=1, max=20),
            retry=tenacity.retry_if_exception_type(Unavailable),
            sleep=self.sleep,
            reraise=True,
        )

    @contextmanager
    def _retried(self, opened: Callable[[], Any]) -> Iterator[IO[bytes]]:
        with ExitStack() as stack:
            yield self._retrying()(lambda: stack.enter_context(opened()))


class Listing:
    """A list being read; `claimed`, how many items it says it holds, is known once read."""

    def __init__(
        self, client: Soap, operation: str, arguments: Mapping[str, Any], path: str
    ) -> None:
        self.client, self.operation, self.arguments, self.path = client, operation, arguments, path
        self.claimed: int | None = None

    def __iter__(self) -> Iterator[Any]:
        client, operation = self.client, self.operation
        posted = client._retried(lambda: client._posted(operation, self.arguments))
        with posted as body, client._reading(operation):
            if refers(body):
                parts = whole(body)
                rows: Iterable[Any] = _items(walk(parts, self.path))
                client._judge(operation, parts)
                self.claimed = len(list(rows))
                yield from rows
                return
            listed = Rows(body, self.path)
            for row in listed:
                if self.claimed is None and listed.parts:  # usually the result comes first
                    client._judge(operation, listed.parts)
                self.claimed = listed.claimed
                yield row
            client._judge(operation, listed.parts)
            self.claimed = listed.claimed


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping) and len(value) == 1:
        value = next(iter(value.values()))  # a literal list: <orders><order/><order/></orders>
    return value if isinstance(value, list) else [value] if value else []


def connect(system: System, *, sleep: Callable[[float], None] = time.sleep) -> Soap:
    return Soap(system, sleep=sleep)
