"""A house whose landing and journal are in an object store."""

from __future__ import annotations

import sandbox.s3
from tests.core.house import House
from warehouse.stores import folder


def on_store(house: House, server: str, address: str) -> House:
    landing = folder(address, sandbox.s3.connection(server))
    return house.on(landing=landing, journal=landing.parent / "journal")
