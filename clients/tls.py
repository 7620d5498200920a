"""Sessions that verify whom they talk to. A company's own CA can be added; nothing switches it off.

It is `ca` in the connection's extra: the path of a PEM file on this machine, or the PEM's text.
The public authorities stay trusted beside it, because systems hand out addresses elsewhere.
"""

from __future__ import annotations

import ssl
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from clients import Denied
from systems import Connection

BEGIN = "-----BEGIN"
CHUNK = 1 << 20  # bytes


def session(system: str, connection: Connection) -> requests.Session:
    """Threads may share it: without cookies nothing of it changes once it is made.

    A cookie would also make PHP answer one request after the other.
    """
    made = requests.Session()
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    ca = connection.extra.get("ca")
    made.mount("http://", _Adapter())
    made.mount("https://", _Adapter(None if ca is None else _context(system, ca)))
    return made


def untrusted(system: str, where: str, error: requests.exceptions.SSLError) -> Denied:
    return Denied(
        system,
        f"the certificate of {where} cannot be trusted{_reason(error)}",
        "If your company has its own certificate authority, name its file in the extra of the "
        f'Airflow connection {system!r}: {{"ca": "/path/to/ca.pem"}}. Otherwise correct the '
        "host there, or have the certificate renewed; it is always verified",
    )


def _reason(error: requests.exceptions.SSLError) -> str:
    """OpenSSL's own words. Never the whole text: it repeats the address, which may be signed."""
    found: Any = error
    while found is not None and not isinstance(found, ssl.SSLError):
        inner = getattr(found, "reason", None) or next(iter(found.args), None)
        found = inner if isinstance(inner, Exception) else None
    words = getattr(found, "verify_message", None) or getattr(found, "reason", None)
    return f" ({words})" if words else ""


def _context(system: str, ca: object) -> ssl.SSLContext:
    where = f"extra.ca in the Airflow connection {system!r}"
    if not isinstance(ca, str) or not ca.strip():
        raise Denied(
            system,
            f"extra.ca is {ca!r}",
            f"Put the path of a PEM file, or its text, into {where}, or leave it out",
        )
    try:
        if ca.lstrip().startswith(BEGIN):
            # People paste it into a field of one line: \n may have become two characters.
            return ssl.create_default_context(cadata=ca.replace("\\n", "\n"))
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        named = "its text" if ca.lstrip().startswith(BEGIN) else repr(ca)
        raise Denied(
            system,
            f"the certificate authority in extra.ca cannot be read: {named} ({_said(error)})",
            f"Put the path of a PEM file on this machine, or its text, into {where}",
        ) from None


def _said(error: OSError) -> str:
    return error.strerror or type(error).__name__


class _Adapter(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.trust: dict[str, Any] = {} if context is None else {"ssl_context": context}
        super().__init__()

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **named: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **named, **self.trust)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        return super().proxy_manager_for(proxy, **named, **self.trust)

    def send(
        self, request: requests.PreparedRequest, stream: bool = False, *given: Any, **named: Any
    ) -> requests.Response:
        """Reads a body in large pieces. The library's own of 10 KB cost a third of a request's
        time, and each one is a turn that another thread takes."""
        response = super().send(request, stream, *given, **named)
        if not stream:
            response._content = b"".join(response.iter_content(CHUNK))
        return response
