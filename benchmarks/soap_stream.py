"""One SOAP answer of 7 MB, 2,000 orders with their lines, from the wire to rows.

Ours is the product's own client, over HTTP. The baseline is zeep's parse of the same bytes by
the same WSDL, handed to it for nothing; it answers OK and finds none of the orders.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from statistics import median
from types import SimpleNamespace

from benchmarks import TIMES, Failed, Options, Row, figure, ratio
from benchmarks.apart import Cost, apart, cost

SIZE = 2_000  # orders
LINES = 3
OPERATION = "getOrdersForThirdParty"


def measure(options: Options) -> list[Row]:
    size = options.size
    mine: list[Cost] = []
    zeeps: list[Cost] = []
    for _ in range(TIMES):
        mine.append(apart(options.say, f"soap_stream: ours, {size:,} orders", ours, size))
        zeeps.append(apart(options.say, f"soap_stream: zeep parse, {size:,} orders", theirs, size))
    seconds = [median(run.seconds for run in runs) for runs in (mine, zeeps)]
    return [
        ratio("soap_stream", "zeep parse", *seconds, "s", size),
        figure("soap_stream", "memory", median(run.memory for run in mine), "MB", size),
    ]


def ours(size: int) -> Cost:
    from clients.soap import connect
    from systems import Connection, System

    with answering(answer(size)) as url:
        system = System("erp", "soap", settings={"wsdl": ["/ws"]}, connection=Connection(host=url))
        soap = connect(system)
        soap.wsdls.operation(OPERATION)  # the WSDL is read before, as it is for zeep
        with cost() as measured:
            listing = soap.rows(OPERATION, {"idthirdparty": "all"}, "orders")
            orders = lines = 0
            for row in listing:
                orders, lines = orders + 1, lines + len(row["lines"])
    if (orders, lines, listing.claimed) != (size, size * LINES, size):
        raise Failed(f"{orders} orders with {lines} lines came out of {size}")
    return measured


def theirs(size: int) -> Cost:
    import zeep

    content = answer(size)
    with answering(content) as url:
        client = zeep.Client(f"{url}/ws", transport=_transport())
        binding = client.service._binding
        response = SimpleNamespace(
            status_code=200, content=content, headers={"Content-Type": "text/xml"}, encoding="utf-8"
        )
        with cost() as measured:
            found = binding.process_reply(client, binding.get(OPERATION), response)
    if found["result"]["result_code"] != "OK":
        raise Failed("zeep did not read the answer")
    return measured


def _transport() -> object:
    """zeep would ask the internet for SOAP-ENC's schema."""
    import zeep

    from clients.schemas import served

    class Local(zeep.Transport):
        def load(self, url: str) -> bytes:
            ours = served(url)
            return super().load(url) if ours is None else ours

    return Local()


def answer(size: int) -> bytes:
    """As the real ERP wrote it: indented, everything a string, 3.5 KB an order."""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas'
        '.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http'
        '://www.w3.org/2001/XMLSchema-instance" xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/'
        'encoding/" xmlns:tns="http://www.dolibarr.org/ns/"><SOAP-ENV:Body>\n<ns1:'
        f'{OPERATION}Response xmlns:ns1="http://www.dolibarr.org/ns/">\n<result xsi:type="tns:result'
        '"><result_code xsi:type="xsd:string">OK</result_code><result_label xsi:type="xsd:string"/>'
        f'</result>\n<orders xsi:type="SOAP-ENC:Array" SOAP-ENC:arrayType=":[{size}]">\n'
    )
    tail = f"</orders></ns1:{OPERATION}Response></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    return (head + "".join(map(_order, range(1, size + 1))) + tail).encode()


def _order(number: int) -> str:
    fields = {"id": number, "ref": f"SO2601-{number:04}", "socid": number % 60, "status": 1}
    fields |= {f"total_{name}": f"{number * 7.25:.8f}" for name in ("net", "vat", "localtax1")}
    fields |= {"total": f"{number * 8.7:.8f}", "date": "2026-01-08", "note_public": "Işıklı şube"}
    lines = "".join(_line(number, line) for line in range(1, LINES + 1))
    return (
        f'        <item xsi:type="xsd:">\n{_members(fields, 10)}          <lines xsi:type="SOAP-ENC:'
        f'Array" SOAP-ENC:arrayType="unnamed_struct_use_soapval[{LINES}]">\n{lines}          '
        "</lines>\n        </item>\n"
    )


def _line(number: int, line: int) -> str:
    fields = {"id": number * 10 + line, "type": 0, "fk_commande": number, "desc": "Çelik vida M8"}
    fields |= {"qty": line, "unitprice": "249.90000000", "tva_tx": "20.0000", "total": "299.88"}
    fields |= {"product_ref": f"URUN-{line:03}", "product_label": f"Ürün {line}"}
    return f"            <item>\n{_members(fields, 14)}            </item>\n"


def _members(fields: dict[str, object], indent: int) -> str:
    return "".join(
        f'{" " * indent}<{name} xsi:type="xsd:string">{value}</{name}>\n'
        for name, value in fields.items()
    )


@contextmanager
def answering(content: bytes) -> Iterator[str]:
    """A server that has the ERP's WSDL and this one answer."""
    from sandbox import erp_wire

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
