"""A tiny SOAP service: documents of tests/wsdl over loopback, and answers made by a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import sources.soap
from sandbox.serving import serving
from systems import Connection, System
from tests.legacy import parsed
from tests.pulled import Landing

DOCUMENTS = Path(__file__).parent / "wsdl"
ENVELOPES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/"}
ENVELOPES["1.2"] = "http://www.w3.org/2003/05/soap-envelope"


class Asked:
    """One request: its headers, and the texts of its elements by local name."""

    def __init__(self, headers: dict[str, str], content: bytes) -> None:
        self.headers, self.root = headers, etree.fromstring(content)

    def text(self, name: str) -> str | None:
        return next((e.text or "" for e in self.root.iter(f"{{*}}{name}")), None)

    @property
    def names(self) -> list[str]:
        return [etree.QName(e).localname for e in self.root.iter(etree.Element)]

    def namespace(self, name: str) -> str | None:
        return next(etree.QName(e).namespace for e in self.root.iter(f"{{*}}{name}"))


@contextmanager
def service(
    answer: Callable[[Asked], str | Response], version: str = "1.1", kind: str = "text/xml"
) -> Iterator[tuple[str, list[Asked]]]:
    """Its address and what it was asked. An answer is the body's XML, or a whole response."""
    asked: list[Asked] = []

    async def endpoint(request: Request) -> Response:
        if request.method == "GET":
            path = DOCUMENTS / request.path_params["name"]
            return Response(path.read_bytes() if path.exists() else b"", media_type="text/xml")
        assert request.path_params["name"] == "service"
        asked.append(Asked(dict(request.headers), await request.body()))
        said = answer(asked[-1])
        if isinstance(said, Response):
            return said
        text = f'<e:Envelope xmlns:e="{ENVELOPES[version]}"><e:Body>{said}</e:Body></e:Envelope>'
        return Response(text, media_type=kind)

    app = Starlette(routes=[Route("/{name}", endpoint, methods=["GET", "POST"])])
    with serving(app) as url:
        yield url, asked


def system(url: str, settings: str) -> System:
    """A system of these settings; [x] is the entry, its one table is called rows."""
    return parsed(f'[x]\nkind = "soap"\n{settings}').connected(
        Connection(host=url, login="ayşe", password="gizli-ş", extra={"token": "tok-1"})
    )


def landing(folder: Path, url: str, settings: str, key: str) -> Landing:
    promised = SimpleNamespace(
        tables={"rows": SimpleNamespace(key=(key,), columns=(), volatile=())}
    )
    return Landing(folder, sources.soap, system(url, settings), promised)
