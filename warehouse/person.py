"""Whom somebody means by an identifier, and all that this customer is known by.

Read from the warehouse, so it tells what the last build knew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import duckdb

from systems import System

WRITTEN = (
    "a customer id (c_0123456789ab), a record (shop/customers/123, or shop/orders/77 for a "
    "guest's order), an e-mail address, a telephone or a tax number"
)
SHORTEST = 6  # letters of a text that is looked for: shorter ones are in everything
# Kind -> what a reference calls a table -> the table that was landed.
LANDED = {
    "hubspot": {"customers": "contacts", "orders": "deals"},
    "shopify": {"carts": "abandoned_checkouts"},
}
# What anybody is known by, in the form in which records are compared.
VALUES = """
    with said as (
        select customers.customer_id, records.name, records.email, records.phone, records.tax_number
        from staging.known_records as records
        inner join identity.customers as customers using (record)
        union all by name
        select known.customer_id, said.email, said.phone, said.tax_number
        from staging.mentions as said inner join identity.mentions as known using (reference)
    ),
    written as (
        unpivot (from said) on name, email, phone, tax_number into name type value value
    )
    select customer_id, written.type, written.value,
        coalesce(identifiers.normal, lower(written.value)) as normal
    from written
    left join staging.identifiers as identifiers
        on written.type = identifiers.type and written.value = identifiers.value
"""
# Records that are gone from their tool keep their id: what was landed of them is still there.
ISSUED = """
    select record, max_by(customer_id, recorded_at) as customer_id
    from journal.customer_ids group by record
"""
REFERENCES = f"""
    select record from identity.customers where customer_id = $id
    union
    select record from ({ISSUED}) where customer_id = $id
    union
    select order_id from marts.orders where customer_id = $id
    union
    select reference from identity.mentions where customer_id = $id
"""

# As texts are searched: people write four letters for the same i.
FOLDED = "lower(translate({}, 'İIı', 'iii'))"
TURKISH = str.maketrans("İIı", "iii")

Normal = Mapping[str, Callable[[str], str | None]]


def folded(said: str) -> str:
    return said.translate(TURKISH).lower()


@dataclass(frozen=True)
class Person:
    """`records`: of identity.customers. `references`: these, and all else that is about them.
    `said`: (type, normal form) of what they are known by. `words`: texts that no other customer
    is known by, folded, as they were written and as they are compared."""

    customer_id: str
    records: tuple[str, ...]
    references: tuple[str, ...]
    said: tuple[tuple[str, str], ...]
    words: tuple[str, ...]

    def keys(self, system: System) -> dict[str, set[str]]:
        """Landed table -> keys of what is about the person there."""
        found: dict[str, set[str]] = {}
        for reference in self.references:
            owner, word, key = reference.split("/", 2)
            if owner == system.name:
                table = LANDED.get(system.kind, {}).get(word, word)
                # in HubSpot's activities the contact who took part comes behind
                own = key.partition("/")[0] if system.kind == "hubspot" else key
                found.setdefault(table, set()).add(own)
        return found

    def named(self, owner: str, word: str) -> list[str]:
        """Keys of their records of one sort: customers or orders."""
        start = f"{owner}/{word}/"
        return sorted(r.removeprefix(start) for r in self.references if r.startswith(start))

    def is_named(self, text: str) -> bool:
        small = folded(text)
        return any(word in small for word in self.words)


def find(connection: duckdb.DuckDBPyConnection, identifier: str, normal: Normal) -> Person:
    """`normal`: type of an identifier -> its normal form.

    Raises ValueError where it is nobody's, or several customers'.
    """
    given = identifier.strip()
    try:
        found = meant(connection, given, normal)
    except duckdb.CatalogException:
        raise ValueError("There is nothing to look in yet. Run the build first.") from None
    if not found:
        raise ValueError(
            f"Nobody is known by what was given. Write {WRITTEN}. Who is only in rows that no "
            "build has taken is not known yet."
        )
    if len(found) > 1:
        raise ValueError(
            f"What was given belongs to {len(found)} customers: {', '.join(found)}. Give one of "
            "these ids; if they are one person, say so by the DAG overrule_identity first."
        )
    return _person(connection, found[0])


def normals(given: str, normal: Normal) -> list[tuple[str, str]]:
    """What the text may be: types with their normal forms."""
    return [(kind, form) for kind, make in normal.items() if (form := make(given))]


def meant(connection: duckdb.DuckDBPyConnection, given: str, normal: Normal) -> list[str]:
    """Ids of the customers that may be meant."""
    forms = [f"{kind}:{form}" for kind, form in normals(given, normal)]
    rows = connection.execute(
        f"""select distinct customer_id from (
                select customer_id from identity.customers where $given in (customer_id, record)
                union all
                select customer_id from ({ISSUED}) where $given in (customer_id, record)
                union all
                select customer_id from marts.former_ids where former_id = $given
                union all
                select customer_id from marts.orders where order_id = $given
                union all
                select customer_id from ({VALUES})
                where list_contains($forms, type || ':' || normal)
            ) where customer_id is not null order by all""",
        {"given": given, "forms": forms},
    ).fetchall()
    return [customer for (customer,) in rows]


def _person(connection: duckdb.DuckDBPyConnection, customer: str) -> Person:
    records = connection.execute(
        "select record from identity.customers where customer_id = ? order by record", [customer]
    ).fetchall()
    references = connection.execute(f"{REFERENCES} order by all", {"id": customer}).fetchall()
    said = connection.execute(
        f"""with known as ({VALUES})
            select type, normal, list(distinct value),
                bool_and(customer_id is not distinct from $id)
            from known
            semi join (from known where customer_id = $id) as own using (type, normal)
            group by type, normal order by all""",
        {"id": customer},
    ).fetchall()
    own = [(kind, form, values) for kind, form, values, is_own in said if is_own]
    return Person(
        customer,
        tuple(record for (record,) in records),
        tuple(reference for (reference,) in references),
        tuple((kind, form) for kind, form, _ in own if kind != "name"),
        tuple(sorted({word for kind, form, values in own for word in _words(kind, form, values)})),
    )


def _words(kind: str, form: str, values: Collection[str]) -> set[str]:
    """In which the value may be met. A single name is in too many texts to mean somebody."""
    if kind == "name":
        values = [value for value in values if len(value.split()) > 1]
    spellings = {form, *values} if kind != "name" else {*values}
    if kind == "phone":
        spellings |= {form.removeprefix("+"), form.removeprefix("+90")}
    escaped = {json.dumps(spelling)[1:-1] for spelling in spellings}
    return {folded(word) for word in spellings | escaped if len(word) >= SHORTEST}
