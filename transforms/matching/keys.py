"""One row per profile and key it is compared by: who shares a key is compared.

A key of several columns is used where, by the version's shares, only a few people are expected to
have all of them in common; an e-mail, a telephone or a tax number always.
"""

from __future__ import annotations

import json

from warehouse.build import Context, Part

READS = ("changes.compared", "matching.comparable", "matching.version")
CONTENTS = "changes.compared"
FEW = 5  # people expected to share a key
# People who share one of these are compared, where few are expected to. `strong`: whatever is
# expected, since the values that many share are known.
STRONG = ("email", "phone", "tax")
KEYS: tuple[tuple[str, ...], ...] = (
    *((name,) for name in STRONG),
    *(("born",), ("digits",), ("digits", "domain"), ("first", "digits"), ("last", "digits")),
    *(("first", "last"), ("first", "middle", "last"), ("first", "last", "domain")),
    *(("first", "last", "city"), ("first", "last", "postcode")),
    *(("first", "last", "house"), ("first", "last", "road")),
    *(("born", "first"), ("born", "last"), ("first", "postcode"), ("last", "postcode")),
    *(("road", "house"), ("road", "postcode"), ("house", "postcode"), ("last", "road")),
    *(("first", "road"), ("last", "house", "city"), ("first", "house", "city")),
    *(("company",), ("company", "city"), ("company", "domain")),
    *(("last", "company"), ("first", "company")),
)


def model(context: Context) -> str | Part:
    settings = context.connection.execute("select settings from matching.version").fetchall()
    people = max(json.loads(settings[0][0])["people"], 1)
    keys = ",\n".join(_key(columns, people) for columns in KEYS)
    changed = context.changed
    rows = f"""
        select profile, key from (
            select profile, unnest([{keys}]) as key from matching.comparable
            {f"semi join {changed} using (profile)" if changed else ""}
        ) where key is not null
    """
    return Part(rows, f"profile in (from {changed})") if changed else rows


def _key(columns: tuple[str, ...], people: int) -> str:
    there = " and ".join(f"{column} is not null" for column in columns)
    if columns[0] not in STRONG:
        expected = " * ".join(f"tf_{column}" for column in columns)
        there += f" and {expected} * {people} <= {FEW}"
    key = f"hash('{' '.join(columns)}', is_company, {', '.join(columns)})"
    return f"case when {there} then {key} end"
