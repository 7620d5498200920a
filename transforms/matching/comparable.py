"""One row per profile as it is compared in the present version: without the values that strangers
share, with the shares of its common values."""

from __future__ import annotations

import json

from transforms.matching._people import profiles, with_shares
from warehouse.build import Context

READS = ("matching.people", "matching.version")
OF_VERSION = "(from journal.{0} semi join matching.version using (version))"


def model(context: Context) -> str:
    settings = context.connection.execute("select settings from matching.version").fetchall()
    count = json.loads(settings[0][0])["people"]
    people = profiles(OF_VERSION.format("identity_shared"))
    return with_shares(f"({people})", OF_VERSION.format("identity_terms"), count)
