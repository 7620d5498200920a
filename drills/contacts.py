"""HubSpot: 2,000,000 contacts by list, then increments by search, 15,000 of them at one moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from drills.crm import TOGETHER
from drills.killing import MOST, Quiet, died, landed, pulled, say, served, summary, undisturbed

SIZE, FULL_SIZE = 200_000, 2_000_000
TOUCHED = 40_000  # changed contacts, four times what one search answers
SYSTEM, TABLE = "my_hubspot", "contacts"


def drill(folder: Path, size: int, kills: int, seed: int) -> dict[str, Any]:
    """All contacts, then those that changed; each proven over the landing."""
    quiet = undisturbed(folder, "hubspot", "drills.crm", TABLE, size)
    with served("drills.crm", str(size)) as url:
        say(f"{size:,} contacts at {url}")
        first = pulled(folder, "hubspot", url, TABLE, quiet, kills, seed)
        listed = _counted(folder, size, "Muğla")
        touched = min(size, TOUCHED)
        requests.post(f"{url}/touch/{touched}", timeout=10).raise_for_status()
        fewer = Quiet(quiet.seconds * touched / size, touched)
        second = pulled(folder, "hubspot", url, TABLE, fewer, min(kills, 2), seed + 1)
        changed = _counted(folder, touched, "Bodrum")
    grown = max(run.grown for run in (*first, *second))
    return {
        "rows": size,
        "list": {**summary(first), **listed},
        "search": {**summary(second), **changed, "at_one_moment": min(TOGETHER, touched)},
        "proven": listed["whole"] and changed["whole"] and grown < MOST and died(first, kills),
    }


def _counted(folder: Path, expected: int, town: str) -> dict[str, Any]:
    """Whether the ids 1 to `expected` landed once each, with the values that belong to them."""
    connection, rows = landed(folder, SYSTEM, TABLE)
    [(count, distinct, least, most, wrong)] = connection.execute(
        f"""select count(*), count(distinct _key), min(_key::bigint), max(_key::bigint), count(*)
                filter (_row->>'$.properties.email' <> 'kisi' || _key || '@ornek.example')
            from ({rows}) where _row->>'$.properties.city' = '{town}' and _change is null"""
    ).fetchall()
    whole = (count, distinct, least, most, wrong) == (expected, expected, 1, expected, 0)
    return {"landed": count, "distinct": distinct, "ids": [least, most], "whole": whole}
