"""One row per profile as it is compared in the present version: without the values that strangers
share, with the shares of its common values."""

from __future__ import annotations

import json

from transforms.matching._people import profiles, with_shares
from warehouse.build import Context, Part

READS = ("changes.compared", "matching.people", "matching.version")
CONTENTS = "changes.compared"
OF_VERSION = "(from journal.{0} semi join matching.version using (version))"


def model(context: Context) -> str | Part:
    settings = context.connection.execute("select settings from matching.version").fetchall()
    count = json.loads(settings[0][0])["people"]
    said, changed = "matching.people", context.changed
    if changed:
        said = f"(from matching.people semi join {changed} using (profile))"
    people = profiles(OF_VERSION.format("identity_shared"), said)
    rows = with_shares(f"({people})", OF_VERSION.format("identity_terms"), count)
    return Part(rows, f"profile in (from {changed})") if changed else rows
