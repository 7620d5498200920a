"""What people say of two records: that they are one customer, or that they are not.

Written to the journal without any lock; the next build follows. The newest word about a pair
holds, and `withdrawn` takes all of them back.
"""

from __future__ import annotations

from warehouse import Places
from warehouse.journal import Journal
from warehouse.serve import served

DECISIONS = ("same", "not_same", "withdrawn")


def overrule(
    places: Places, left: str, right: str, decision: str, by: str, why: str
) -> tuple[str, str]:
    """The two records, in the order they are written in.

    Raises ValueError for a record that no build knows, for one and the same record, an unknown
    decision or no reason; FileNotFoundError before the first build.
    """
    if decision not in DECISIONS:
        raise ValueError(f"{decision!r} is no decision; valid are {', '.join(DECISIONS)}.")
    if not why.strip():
        raise ValueError("Say why: whoever looks at it later will want to know.")
    records = [left.strip(), right.strip()]
    if records[0] == records[1]:
        raise ValueError(f"Both are {records[0]}. Name two records.")
    with served(places, "desk.duckdb") as connection:
        found = connection.execute(
            "select record from identity.customers where list_contains($1, record)", [records]
        ).fetchall()
    unknown = sorted(set(records) - {record for (record,) in found})
    if unknown:
        raise ValueError(
            f"There is no record {' and no '.join(unknown)}. Write it as in identity.customers: "
            "shop/customers/123, or shop/orders/77 for a guest's order."
        )
    first, second = sorted(records)
    Journal(places.journal).append(
        "identity_overrides",
        [
            {
                "left_record": first,
                "right_record": second,
                "decision": decision,
                "decided_by": by or "unknown",
                "why": why.strip(),
            }
        ],
    )
    return first, second
