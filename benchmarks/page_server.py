"""A WooCommerce store of orders as a process of its own: prepared bytes over real HTTP."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from urllib.parse import parse_qsl, urlsplit

from benchmarks import orders

PATH = "/wp-json/wc/v3/orders"


@contextmanager
def serving(size: int, wait: float) -> Iterator[str]:
    """Its address. `wait`: seconds it takes for each page, whatever else it has to do."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(sending, size, wait), daemon=True)
    process.start()
    sending.close()
    try:
        yield f"http://127.0.0.1:{receiving.recv()}"
    finally:
        process.kill()
        process.join()


def _serve(sending: Connection, size: int, wait: float) -> None:
    texts = orders.texts(size)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            asked = dict(parse_qsl(urlsplit(self.path).query))
            start, count = int(asked.get("offset", 0)), int(asked.get("per_page", 10))
            there = texts if asked.get("status", "any") == "any" else []
            body = b"[" + b",".join(there[start : start + count]) + b"]"
            time.sleep(wait)
            self.send_response(200)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("X-WP-Total", str(len(there)))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """The benchmark's own lines are enough."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sending.send(server.server_port)
    server.serve_forever()
