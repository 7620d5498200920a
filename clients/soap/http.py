"""SOAP over HTTP: an answer's whole body on disk, or the class of what went wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import urlsplit

import requests
import tenacity

from clients import Denied, Implausible, Refused, Unavailable
from clients.answers import hidden, retry_after, spoken, target
from clients.pace import Pace
from clients.soap.envelope import Fault, NotSoap, Short, whole
from clients.tls import session, untrusted
from systems import Connection

TIMEOUT = (10, 120)  # seconds to connect, seconds between two bytes
ATTEMPTS = 4
LONGEST_WAIT = 120.0  # seconds, whatever the system asks for
SPOOL = 4_000_000  # bytes of an answer kept in memory; the rest goes to a temporary file
MOST = 2_000_000_000  # bytes of one answer, unpacked
AUTHENTICATION = {"FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken"}
REPEATED = ("Server", "Receiver")  # the server's own trouble: it may pass


class Busy(Unavailable):
    """`wait`: the seconds the system asked for."""

    def __init__(self, system: str, cause: str, remedy: str, wait: float) -> None:
        super().__init__(system, cause, remedy)
        self.wait = wait


class Wire:
    """One system's HTTP. `clean` takes our secrets out of what servers quote."""

    def __init__(
        self,
        system: str,
        connection: Connection,
        settings: Mapping[str, Any],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.system, self.connection, self.sleep = system, connection, sleep
        self.denied = {*AUTHENTICATION, *settings.get("result", {}).get("denied", ())}
        self.session = session(system, connection)
        self.pace = Pace()

    def fetch(self, url: str) -> bytes:
        with self.retried(lambda: self.answer("GET", url)) as body:
            return body.read()

    @contextmanager
    def answer(
        self, method: str, url: str, operation: str = "the WSDL", **request: Any
    ) -> Iterator[IO[bytes]]:
        """An answer's whole body, spooled to disk when large."""
        if delay := self.pace.delay():
            self.sleep(delay)
        with SpooledTemporaryFile(SPOOL) as body:
            try:
                with self.session.request(
                    method, url, timeout=TIMEOUT, stream=True, allow_redirects=False, **request
                ) as response:
                    self._keep(response, body, operation)
            except requests.exceptions.SSLError as error:
                raise untrusted(self.system, urlsplit(url).netloc, error) from None
            except (requests.ConnectionError, requests.Timeout) as error:
                raise Unavailable(
                    self.system,
                    f"{urlsplit(url).netloc} cannot be reached ({type(error).__name__})",
                    "See that it runs, or correct the host of the Airflow connection "
                    f"{self.system!r}.",
                ) from None
            except requests.RequestException as error:
                raise Unavailable(
                    self.system, f"{operation} broke off ({type(error).__name__})", "Try again."
                ) from None
            body.seek(0)
            self._accept(response, body, operation)
            body.seek(0)
            yield body

    def _keep(self, response: requests.Response, body: IO[bytes], operation: str) -> None:
        for chunk in response.iter_content(1 << 16):
            body.write(chunk)
            if body.tell() > MOST:
                raise Implausible(
                    self.system,
                    f"{operation} answers more than {MOST / 1e9:.0f} GB",
                    "Ask for less at a time: paging or a changed-since argument in the settings.",
                )

    def _accept(self, response: requests.Response, body: IO[bytes], operation: str) -> None:
        status, kind = response.status_code, response.headers.get("Content-Type", "")
        if status in (401, 403):
            raise Denied(self.system, f"{spoken(response)} answered {status}", _ways(response))
        if 300 <= status < 400:
            cause = f"{spoken(response)} redirects to {target(response)}"
            raise Implausible(self.system, cause, self.put("the final address"))
        if status in (400, 500) and "xml" in kind:
            with self.reading(operation):
                whole(body)  # raises the fault in it
        if status >= 500 or status == 429:
            cause = f"{spoken(response)} answered {status} without an explanation"
            remedy = "Try again later. If it stays, the call lacks an argument the server needs."
            wait = retry_after(response)
            if wait is None:
                raise Unavailable(self.system, cause, remedy)
            raise Busy(self.system, cause, remedy, wait)
        if status >= 400:
            cause = f"{spoken(response)} answered {status}"
            raise Refused(self.system, cause, "Check wsdl in its settings in systems.toml.")
        if "html" in kind:
            raise Implausible(
                self.system,
                f"{spoken(response)} said {status}, but with a page (text/html) instead of SOAP",
                "A login or maintenance page: open the address of the Airflow connection "
                f"{self.system!r} in a browser. The next run reads again.",
            )

    @contextmanager
    def reading(self, operation: str) -> Iterator[None]:
        """Turns what decoding an answer raises into what the caller can act on."""
        try:
            yield
        except Fault as fault:
            cause = f"{operation} gave a SOAP fault: {self.clean(str(fault))}"
            if self.denied & set(fault.codes):
                raise Denied(self.system, cause) from None
            if fault.codes[0].startswith(REPEATED):
                raise Unavailable(self.system, cause, "Try again; see the server's log.") from None
            raise Refused(
                self.system, cause, "Check the operation and its arguments in systems.toml."
            ) from None
        except NotSoap as error:
            raise Implausible(
                self.system,
                f"{operation} answered {self.clean(str(error))}",
                "Check that the server knows this operation and shows no login page.",
            ) from None
        except Short as error:
            raise Implausible(
                self.system, f"{operation}: {error}", "The next run reads again."
            ) from None

    def put(self, what: str) -> str:
        return f"Put {what} into the Airflow connection {self.system!r}."

    def clean(self, text: str) -> str:
        """Servers quote what they were sent: our secrets never go further."""
        text = hidden(text, self.connection.secrets)
        return text if len(text) <= 300 else f"{text[:300]}..."

    def retrying(self) -> tenacity.Retrying:
        return tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(Unavailable),
            sleep=self._sit_out,
            reraise=True,
        )

    def _sit_out(self, seconds: float) -> None:
        """Every thread does: what one was told holds for all."""
        self.pace.rest(seconds, slept=True)
        self.sleep(seconds)

    @contextmanager
    def retried(self, opened: Callable[[], Any]) -> Iterator[IO[bytes]]:
        with ExitStack() as stack:
            yield self.retrying()(lambda: stack.enter_context(opened()))


def _wait(state: tenacity.RetryCallState) -> float:
    """What the system asks for, else 1, 2, 4 seconds."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, Busy) else None
    usual: float = 2.0 ** (state.attempt_number - 1)
    return min(usual if asked is None else asked, LONGEST_WAIT)


def _ways(response: requests.Response) -> str:
    """The remedy, where the server asks for a way of logging in that we do not have."""
    offered = response.headers.get("WWW-Authenticate", "")
    if not offered or "basic" in offered.lower():
        return ""
    return (
        f"It offers {offered.split()[0].rstrip(',')} only. Switch HTTP Basic on at the server "
        "(NAV: NavUserPassword with a web service access key)."
    )
