"""Read systems as dlt resources.

A source describes its tables as data (`Table`) and reads them in pages (`Page`); what every
source shares turns each into a resource. `sources.<kind>.source(system, contract, memory)` is
the one entry name, `sources.<kind>.connect(system).check()` says whether it can be read.
"""

from clients import ClientError
from clients.records import Records, to_json
from sources.incremental import Asked, resource, resources
from sources.shapes import (
    LISTED,
    READ,
    Held,
    Listed,
    Memory,
    Page,
    Reading,
    Row,
    Table,
    Window,
)

__all__ = [
    "LISTED",
    "READ",
    "Asked",
    "ClientError",
    "Held",
    "Listed",
    "Memory",
    "Page",
    "Reading",
    "Records",
    "Row",
    "Table",
    "Window",
    "resource",
    "resources",
    "to_json",
]
