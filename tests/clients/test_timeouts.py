"""A server that takes a request and never answers holds nobody for ever, whatever it speaks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import paramiko
import pytest

import clients.http
import clients.shopify.bulk
import clients.soap.http
import clients.ssh
from clients import Unavailable
from clients.http import Unknown
from clients.shopify.bulk import Ended, lines
from clients.ssh import fingerprint
from sources import files, hubspot, shopify, soap, woocommerce
from systems import Connection, System

BRIEF = 0.2  # seconds
WSDL = {"wsdl": ["/ws?wsdl"], "tables": {"customers": {"operation": "List", "rows": "rows"}}}
WEB = {"hubspot": hubspot, "shopify": shopify, "soap": soap, "woocommerce": woocommerce}

pytestmark = pytest.mark.timeout(60)  # what hangs fails here instead of later


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    for client in (clients.http, clients.shopify.bulk, clients.soap.http):
        monkeypatch.setattr(client, "TIMEOUT", (BRIEF, BRIEF))
    monkeypatch.setattr(clients.ssh, "TIMEOUT", 1.0)


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where connections are taken, and that is all."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


def connected(kind: str, port: int, slept: list[float] | None = None, **login: Any) -> Any:
    connection = Connection(host=f"http://127.0.0.1:{port}", **{"password": "s", **login})
    system = System("quiet", kind, settings=WSDL if kind == "soap" else {}, connection=connection)
    return WEB[kind].connect(system, sleep=([] if slept is None else slept).append)


@pytest.mark.parametrize("kind", WEB)
def test_reading_ends(kind: str, silent: int) -> None:
    with pytest.raises(Unavailable, match=f"127.0.0.1:{silent}.*ReadTimeout"):
        connected(kind, silent, login="k").check()


def test_a_granted_token_is_not_waited_for(silent: int) -> None:
    slept: list[float] = []
    with pytest.raises(Unavailable, match="/admin/oauth/access_token"):
        connected("shopify", silent, slept, login="client").check()
    assert sum(slept) <= 120, "the patience with one request"


def test_a_bulk_result_is_not_waited_for(silent: int) -> None:
    result = Ended("COMPLETED", None, 1, partial=False, url=f"http://127.0.0.1:{silent}/x?sig=1")
    with pytest.raises(Unavailable, match="broke off: ReadTimeout"):
        list(lines(connected("shopify", silent), result))


def test_a_write_ends_as_unknown(silent: int) -> None:
    with pytest.raises(Unknown, match="ReadTimeout"):
        connected("woocommerce", silent, login="k").update_customers([{"id": 1}])


def till(port: int, key: str = "") -> System:
    extra = {"host_key": key} if key else {}
    connection = Connection("127.0.0.1", port, login="a", password="b", extra=extra)
    tables = {"sales": {"files": "*.csv"}}
    return System("quiet", "files", settings={"tables": tables}, connection=connection)


def test_a_server_that_is_no_ssh_server_is_not_waited_for(silent: int) -> None:
    with pytest.raises(Unavailable, match=f"127.0.0.1:{silent}"):
        files.connect(till(silent)).check()


class Stalling(paramiko.ServerInterface):
    """Lets everybody in, and then stops: before the channel, or once it should speak SFTP."""

    def __init__(self, over: threading.Event, *, at_once: bool) -> None:
        self.over, self.at_once = over, at_once

    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if self.at_once:
            self.over.wait(timeout=60)
        return paramiko.OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        return True


@pytest.mark.parametrize("at_once", [True, False])
def test_a_server_that_stops_after_the_login_is_not_waited_for(silent: int, at_once: bool) -> None:
    key, over, transports = paramiko.ECDSAKey.generate(), threading.Event(), []

    def serve(listener: socket.socket) -> None:
        transport = paramiko.Transport(listener.accept()[0])
        transports.append(transport)
        transport.add_server_key(key)
        transport.start_server(event=threading.Event(), server=Stalling(over, at_once=at_once))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=serve, args=[listener])
        serving.start()
        try:
            with pytest.raises(Unavailable, match="does not answer as it should"):
                files.connect(till(listener.getsockname()[1], fingerprint(key))).check()
        finally:
            over.set()
            serving.join()
            transports[0].close()
