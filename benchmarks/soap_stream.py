"""One SOAP answer of 7 MB, 2,000 orders with their lines, from the wire to rows.

Ours is the product's own client, over HTTP; the baseline is zeep's parse of the same bytes,
handed to it for nothing. Both read orders as the ERP's WSDL promises them. The figure
`as spoken` is ours for what the real ERP says instead: untyped items, which zeep answers OK to
and drops (docs/sources/soap.md), so that it cannot be compared.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from statistics import median
from types import SimpleNamespace

from benchmarks import TIMES, Failed, Options, Row, figure, ratio
from benchmarks.apart import Cost, apart, cost

SIZE = 2_000  # orders
LINES = 2
OPERATION = "getOrdersForThirdParty"


def measure(options: Options) -> list[Row]:
    size, say = options.size, options.say
    mine: list[Cost] = []
    zeeps: list[Cost] = []
    spoken: list[Cost] = []
    for _ in range(TIMES):
        mine.append(apart(say, f"soap_stream: ours, {size:,} orders", ours, size, True))
        zeeps.append(apart(say, f"soap_stream: zeep parse, {size:,} orders", theirs, size))
        spoken.append(apart(say, f"soap_stream: as spoken, {size:,} orders", ours, size, False))
    seconds, zeep, wild = (median(run.seconds for run in runs) for runs in (mine, zeeps, spoken))
    return [
        ratio("soap_stream", "zeep parse", seconds, zeep, "s", size),
        figure("soap_stream", "as spoken", wild, "s", size),
        figure("soap_stream", "memory", median(run.memory for run in mine + spoken), "MB", size),
    ]


def ours(size: int, promised: bool) -> Cost:
    from clients.soap import connect
    from systems import Connection, System

    with answering(answer(size, promised)) as url:
        system = System("erp", "soap", settings={"wsdl": ["/ws"]}, connection=Connection(host=url))
        soap = connect(system)
        soap.wsdls.operation(OPERATION)  # the WSDL is read before, as it is for zeep
        with cost() as measured:
            listing = soap.rows(OPERATION, {"idthirdparty": "all"}, "orders")
            orders = lines = 0
            for row in listing:
                held = row["lines"]["line"] if promised else row["lines"]
                orders, lines = orders + 1, lines + len(held)
    if (orders, lines) != (size, size * LINES):
        raise Failed(f"{orders} orders with {lines} lines came out of {size}")
    return measured


def theirs(size: int) -> Cost:
    import zeep

    content = answer(size, promised=True)
    with answering(content) as url:
        client = zeep.Client(f"{url}/ws", transport=_transport())
        binding = client.service._binding
        response = SimpleNamespace(
            status_code=200, content=content, headers={"Content-Type": "text/xml"}, encoding="utf-8"
        )
        with cost() as measured:
            found = binding.process_reply(client, binding.get(OPERATION), response)
    orders = found["orders"]["order"]
    if (len(orders), len(orders[-1]["lines"]["line"])) != (size, LINES):
        raise Failed(f"zeep found {len(orders)} orders of {size}")
    return measured


def _transport() -> object:
    """zeep would ask the internet for SOAP-ENC's schema."""
    import zeep

    from clients.soap.schemas import served

    class Local(zeep.Transport):
        def load(self, url: str) -> bytes:
            ours = served(url)
            return super().load(url) if ours is None else ours

    return Local()


def answer(size: int, promised: bool) -> bytes:
    """About 3.5 KB an order. `promised`: typed and named by the WSDL; else as the real ERP
    writes it, arrays of untyped items in which everything is a string."""
    array = "" if promised else f' xsi:type="SOAP-ENC:Array" SOAP-ENC:arrayType=":[{size}]"'
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope'
        ' xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/"'
        ' xmlns:tns="http://www.dolibarr.org/ns/">\n<SOAP-ENV:Body>\n'
        f'<ns1:{OPERATION}Response xmlns:ns1="http://www.dolibarr.org/ns/">\n'
        '<result xsi:type="tns:result"><result_code xsi:type="xsd:string">OK</result_code>'
        f'<result_label xsi:type="xsd:string"/></result>\n<orders{array}>\n'
    )
    tail = f"</orders></ns1:{OPERATION}Response></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    items = (_order(number, promised) for number in range(1, size + 1))
    return (head + "".join(items) + tail).encode()


def _order(number: int, promised: bool) -> str:
    from sandbox.erp.types import LINE, ORDER

    size = f' xsi:type="SOAP-ENC:Array" SOAP-ENC:arrayType="x[{LINES}]"'
    tag, line = ("order", "line") if promised else ("item", "item")
    lines = "".join(
        f"<{line}>\n{_members(LINE, number + place, promised)}</{line}>\n" for place in range(LINES)
    )
    return (
        f"<{tag}>\n{_members(ORDER, number, promised)}"
        f"<lines{'' if promised else size}>\n{lines}</lines>\n</{tag}>\n"
    )


def _members(fields: Mapping[str, str], number: int, promised: bool) -> str:
    """A value of its type for each."""
    values = {"xsd:string": f"Işık {number}", "xsd:int": number, "xsd:date": "2026-01-08"}
    values |= {"xsd:double": f"{number * 7.25:.8f}", "xsd:dateTime": "2026-01-08T10:00:00Z"}
    return "".join(
        f'<{name} xsi:type="{kind if promised else "xsd:string"}">{values[kind]}</{name}>\n'
        for name, kind in fields.items()
        if kind in values
    )


@contextmanager
def answering(content: bytes) -> Iterator[str]:
    """A server that has the ERP's WSDL and this one answer."""
    from sandbox.erp import wire as erp_wire

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(erp_wire.wsdl("Order", f"http://{self.headers['Host']}/ws"))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._say(content)

        def _say(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """The benchmark's own lines are enough."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
