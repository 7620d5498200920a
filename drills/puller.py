"""One pull in a process that may be killed: python -m drills.puller FOLDER KIND URL TABLE."""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

import dlt.destinations  # noqa: F401 - what a pull loads sooner or later rests in memory before
import pandas  # noqa: F401 - DuckDB loads it with the first Arrow table it is given
import psutil

import sources.hubspot
import sources.shopify
import sources.soap
import sources.woocommerce  # noqa: F401
from contracts import contract_of
from systems import Connection, System
from warehouse import Places
from warehouse.pull import pull

BOOKS = {
    "wsdl": ["/ws?wsdl"],
    "tables": {
        "customers": {"operation": "ListCustomers", "rows": "customers", "claimed": "count"},
    },
}


def system_of(kind: str, url: str) -> System:
    name, login = f"my_{kind}", "drill" if kind == "woocommerce" else ""
    connection = Connection(host=url, login=login, password="drill")
    if kind == "soap":
        contract = str(Path(__file__).with_name("books.odcs.yaml"))
        return System(name, kind, contract=contract, settings=BOOKS, connection=connection)
    return System(name, kind, connection=connection)


def main(folder: str, kind: str, url: str, table: str) -> None:
    """Says its resting memory in bytes, then a line for each load, then what became of it."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("warehouse.pull").setLevel(logging.INFO)
    print(json.dumps({"resting": psutil.Process().memory_info().rss}), flush=True)
    system, started = system_of(kind, url), time.monotonic()
    [done] = pull(Places.below(Path(folder)), system, contract_of(system), tables=[table])
    said = {
        "claimed": done.claimed,
        "seen": done.seen,
        "landed": done.rows,
        "loads": done.loads,
        "problem": done.problem,
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
