"""The least HTTP server: a function from a request to a status, a JSON value or bytes, and, where
there are any, headers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import orjson

from sandbox.serving import serving

Answer = Callable[[str, str, str, bytes], tuple[int, Any] | tuple[int, Any, dict[str, str]]]


def serve(answer: Answer, told: Callable[[str], None] = lambda url: None) -> None:
    """Prints its address, having `told` it; ends when standard input closes."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        query = scope["query_string"].decode()
        status, content, *others = answer(scope["method"], scope["path"], query, body)
        said = {"content-type": "application/json", **(others[0] if others else {})}
        headers = [(name.encode(), value.encode()) for name, value in said.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if isinstance(content, (dict, list)):
            await send({"type": "http.response.body", "body": orjson.dumps(content)})
            return
        for chunk in content:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    with serving(app) as url:
        told(url)
        print(url, flush=True)
        sys.stdin.read()
