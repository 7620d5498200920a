"""One row: how people are compared now. Made once from the people themselves, written to the
journal, and kept: within a version what is said of two people depends on these two alone.

The first version is made by the first build that has people. Another is made here only while a
company is being connected: when there are more than twice as many people as when it was made, or
when our own fields changed. All others are decided by a person (the DAG `relearn_identity`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from pathlib import Path
from typing import Any

import pyarrow as pa

from transforms.matching._learning import Learnt, learn
from warehouse.build import Context

log = logging.getLogger(__name__)
READS = ("matching.people",)
GROWN = 2
NEWEST = """
    select version, settings from journal.identity_versions
    order by recorded_at desc, version desc limit 1
"""


def model(context: Context) -> pa.Table:
    connection = context.connection
    count = connection.execute("select count(distinct profile) from matching.people").fetchall()
    people = count[0][0]
    newest = connection.execute(NEWEST).fetchall()
    why = _reason(people, newest)
    if why:
        version = record(context, learn(connection), "the build", why, None)
        log.info("people are compared by version %s from now on: %s", version, why)
        newest = connection.execute(NEWEST).fetchall()
    return pa.table({"version": [newest[0][0]], "settings": [newest[0][1]]})


def _reason(people: int, newest: list[tuple[str, str]]) -> str:
    """Why the build makes a version by itself; empty where it does not."""
    if not newest:
        return "there is none yet"
    settings = json.loads(newest[0][1])
    if settings["fields"] != fields():
        return "people are compared by other fields"
    if people > GROWN * max(settings["people"], 1):
        return f"there are {people} people, and it was made of {settings['people']}"
    return ""


def fields() -> str:
    """Which text compares: settings that another text learnt say nothing to it."""
    folder = Path(__file__).parent
    texts = [
        (folder / f"_{name}.py").read_bytes() for name in ("fields", "people", "phrases", "scoring")
    ]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:16]


def record(context: Context, learnt: Learnt, decided_by: str, why: str, changed: int | None) -> str:
    """Writes a version to the journal; gives its name. The version itself comes last: without its
    line what belongs to it counts for nothing."""
    settings: dict[str, Any] = {**learnt.settings, "fields": fields()}
    version = f"v_{secrets.token_hex(6)}"
    context.journal(
        "identity_terms",
        [
            {"version": version, "field": field, "value": value, "share": share}
            for field, value, share in learnt.terms
        ],
    )
    context.journal(
        "identity_shared",
        [
            {"version": version, "type": kind, "value": value, "people": people}
            for kind, value, people in learnt.shared
        ],
    )
    context.journal(
        "identity_versions",
        [
            {
                "version": version,
                "people": settings["people"],
                "settings": settings,
                "decided_by": decided_by,
                "why": why,
                "changed": changed,
            }
        ],
    )
    return version
