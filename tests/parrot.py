"""An HTTP server that repeats what it was sent, as debug pages and proxies do."""

from __future__ import annotations

import html
from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import quote, unquote_plus

import requests
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.serving import serving

PIECES = ("headers", "query", "body")
FAULT = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
    "<faultcode>e:Client</faultcode><faultstring>{}</faultstring></e:Fault></e:Body></e:Envelope>"
)


def _json(text: str) -> dict[str, object]:
    errors = [{"message": text}]
    return {"code": text, "message": text, "error_description": text, "errors": errors}


ANSWERS: dict[str, Callable[[str], Response]] = {
    "page": lambda text: HTMLResponse(f"<p>{html.escape(text)}</p>"),
    "denied": lambda text: HTMLResponse(f"<p>{html.escape(text)}</p>", 403),
    "broken": lambda text: HTMLResponse(f"<p>{text}</p>", 500),
    "nothing": lambda text: HTMLResponse(f"<title>{text}</title>", 404),
    "no": lambda text: JSONResponse(_json(text), 400),
    "words": lambda text: JSONResponse({**_json(text), "errors": text}, 400),
    "said": lambda text: JSONResponse(_json(text)),
    "elsewhere": lambda text: Response(None, 302, {"Location": f"/there?{quote(text)}"}),
    "fault": lambda text: Response(FAULT.format(html.escape(text)), 500, media_type="text/xml"),
}


class Parrot:
    """`answer`, `piece`: how, and what of the request it repeats first. Requests that `honest`
    names go on to the server behind it. `addresses`: the queries it was asked with."""

    def __init__(self, behind: str, honest: tuple[str, ...]) -> None:
        self.behind, self.honest = behind, honest
        self.answer, self.piece = "page", "headers"
        self.queries: list[str] = []

    def serving(self) -> AbstractContextManager[str]:
        routes = [Route("/{path:path}", self._endpoint, methods=["GET", "POST", "PUT"])]
        return serving(Starlette(routes=routes))

    async def _endpoint(self, request: Request) -> Response:
        body = await request.body()
        query = request.url.query
        self.queries.append(query)
        if f"{request.method} {request.url.path}".startswith(self.honest or "-"):
            url = f"{self.behind}{request.url.path}?{query}"
            kind = {"Content-Type": request.headers.get("content-type", "")}
            given = await run_in_threadpool(
                requests.request, request.method, url, data=body, headers=kind, timeout=10
            )
            return Response(
                given.content, given.status_code, media_type=given.headers["Content-Type"]
            )
        hidden = ("host", "user-agent", "accept", "connection", "content-type")
        names = [name for name in request.headers if not name.startswith(hidden)]
        pieces = {
            "headers": " ".join(f"{name}: {request.headers[name]}" for name in names),
            "query": f"{query} {unquote_plus(query)}",
            "body": body.decode(errors="replace"),
        }
        text = " ".join([pieces[self.piece], *pieces.values()])
        return ANSWERS[self.answer](text)
