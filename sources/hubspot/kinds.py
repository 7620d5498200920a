"""What is read of HubSpot: object types as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One object type, named as its table and in paths.

    `modified`: the vendor's name of "last modified"; contacts are older than the hs_ convention.
    `links`: object types whose records a row names. `merges`: its records can be merged.
    """

    name: str
    links: tuple[str, ...] = ()
    modified: str = "hs_lastmodifieddate"
    merges: bool = True


KINDS = {
    kind.name: kind
    for kind in (
        Kind("contacts", ("companies",), "lastmodifieddate"),
        Kind("companies"),
        Kind("deals", ("contacts", "companies")),
        Kind("tickets", ("contacts", "companies")),
        Kind("line_items", ("deals",), merges=False),
        Kind("products", merges=False),
        Kind("calls", ("contacts", "companies", "deals"), merges=False),
        Kind("emails", ("contacts", "companies", "deals"), merges=False),
        Kind("meetings", ("contacts", "companies", "deals"), merges=False),
    )
}
PIPELINED = ("deals", "tickets")
