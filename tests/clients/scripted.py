"""A transport that gives prepared answers, so that no test of HTTP needs a server or time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter

URL = "http://127.0.0.1:9"
Given = requests.Response | Exception


def answer(
    status: int = 200, body: Any = None, headers: Mapping[str, str] | None = None
) -> requests.Response:
    """`body`: text or bytes as they are, anything else as JSON."""
    response = requests.Response()
    response.status_code = status
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    response._content = text.encode() if isinstance(text, str) else text
    response.headers.update({"Content-Type": "application/json", **(headers or {})})
    return response


class Scripted(BaseAdapter):
    """Answers in turn; the last one is repeated."""

    def __init__(self, *given: Given) -> None:
        super().__init__()
        self.given = list(given)
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        assert options["timeout"], "a request without a timeout may hang for ever"
        self.asked.append(request.copy())
        given = self.given.pop(0) if len(self.given) > 1 else self.given[0]
        if isinstance(given, Exception):
            raise given
        given.request, given.url = request, str(request.url)
        given.connection = self  # type: ignore[attr-defined]  # as requests' own adapter does
        return given

    def close(self) -> None:
        pass

    def queries(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(urlsplit(str(request.url)).query)) for request in self.asked]


def script(session: requests.Session, *given: Given) -> Scripted:
    adapter = Scripted(*given)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return adapter


class Clock:
    """Time that passes only when somebody sleeps; in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
