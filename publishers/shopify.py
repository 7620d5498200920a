"""Shopify: our values as customer metafields in the namespace `kopru`, with definitions; audiences
as tags (shopify_people.py).

metafieldsSet takes 25 values and is atomic: one bad value and none is stored. The error names
its index, so that row is taken out and the others are sent again. A call holds values of several
rows, and a row may be in two calls: of one that is refused some values may have been taken, which
the next run finds there. 25 rows with as many values each fill their calls, so such rows go
together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from clients import Refused
from clients.shopify import Shopify, connect
from publishers import Due, Field, Outcome, Values
from publishers.batches import isolated, parts
from publishers.consent import AUDIENCES
from publishers.erasing import ASKED, NOT_POSSIBLE, Answer, attempted
from publishers.shopify_people import (
    MUTATIONS,
    audiences,
    create,
    find,
    nodes,
    owner,
    tag,
    told_no,
    words,
)

__all__ = [
    "BATCH",
    "MODEL",
    "calls",
    "connect",
    "create",
    "erase",
    "find",
    "in_batches",
    "prepare",
    "read",
    "send",
    "told_no",
]

MODEL = "activation.shopify_customers"
BATCH = 100
MOST_VALUES = 25
AT_ONCE = 25  # customers in a query: each of their values costs a point of 1,000
NAMESPACE = "kopru"
TYPES = {
    "text": "single_line_text_field",
    "integer": "number_integer",
    "decimal": "number_decimal",
    "date": "date",
    "boolean": "boolean",
}
DEFINITIONS = """
query Definitions($namespace: String!) {
  metafieldDefinitions(first: 250, ownerType: CUSTOMER, namespace: $namespace) { nodes { key } }
}
"""
DEFINE = """
mutation Define($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) { userErrors { field message code } }
}
"""
SET = """
mutation Set($metafields: [MetafieldsSetInput!]!) {
  written: metafieldsSet(metafields: $metafields) {
    userErrors { field message code elementIndex }
  }
}
"""
CLEAR = """
mutation Clear($metafields: [MetafieldIdentifierInput!]!) {
  written: metafieldsDelete(metafields: $metafields) { userErrors { field message } }
}
"""
ERASE = """
mutation Erase($customer: ID!) {
  customerRequestDataErasure(customerId: $customer) { userErrors { field message code } }
}
"""


def prepare(client: Shopify, fields: Mapping[str, Field]) -> None:
    """Creates the metafield definitions that do not exist yet; they carry the types."""
    found = client.query(DEFINITIONS, {"namespace": NAMESPACE})["metafieldDefinitions"]["nodes"]
    existing = {node["key"] for node in found}
    for name, field in fields.items():
        if name in existing or name == AUDIENCES:
            continue
        definition = {
            "name": field.label,
            "namespace": NAMESPACE,
            "key": name,
            "type": TYPES[field.type],
            "ownerType": "CUSTOMER",
        }
        answer = client.mutate(DEFINE, {"definition": definition})["metafieldDefinitionCreate"]
        errors = [error for error in answer["userErrors"] if error["code"] != "TAKEN"]
        if errors:
            raise Refused(client.http.system, f"metafield {NAMESPACE}.{name}: {words(errors)}")


def send(client: Shopify, rows: Sequence[Due]) -> list[Outcome]:
    return isolated(rows, partial(_batch, client))


def read(client: Shopify, records: Sequence[str], names: Sequence[str]) -> dict[str, Values]:
    kept = [name for name in names if name != AUDIENCES]
    found = _metafields(client, records, kept) if kept else {}
    if AUDIENCES in names:
        for record, held in audiences(client, records).items():
            found[record] = {**found.get(record, {}), AUDIENCES: held}
    return found


def _metafields(client: Shopify, records: Sequence[str], names: Sequence[str]) -> dict[str, Values]:
    """Values are asked for by alias (v0, v1 ...): the connection `metafields` costs more."""
    place = f"namespace: {json.dumps(NAMESPACE)}, key: {{}}"
    asked = " ".join(
        f"v{number}: metafield({place.format(json.dumps(name))}) {{ value }}"
        for number, name in enumerate(names)
    )
    query = f"query Held($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Customer {{ id {asked}}} }} }}"
    points = 1 + len(names)  # an object each
    found: dict[str, Values] = {}
    for record, node in nodes(client, query, records, at_once=AT_ONCE, each=points):
        values = [node[f"v{place}"] for place in range(len(names))]
        found[record] = {
            name: value and value["value"] for name, value in zip(names, values, strict=True)
        }
    return found


def in_batches(rows: Sequence[Due]) -> Iterator[Sequence[Due]]:
    """Rows of which every call is full, and those that are left over last, together: so a run
    needs as few calls as all its values do."""
    alike: dict[tuple[int, int], list[Due]] = {}
    for row in rows:
        values = [value for name, value in row.values.items() if name != AUDIENCES]
        empty = sum(not value for value in values)
        alike.setdefault((len(values) - empty, empty), []).append(row)
    left: list[Due] = []
    for some in alike.values():
        whole = len(some) - len(some) % MOST_VALUES
        yield from parts(some[:whole], BATCH)
        left += some[whole:]
    if left:
        yield left


def calls(rows: Sequence[Due]) -> int:
    """25 values each, whosever they are."""
    counts = (len(_values(rows, cleared)) for cleared in (False, True))
    tagged = (sum(AUDIENCES in row.values for row in batch) for batch in in_batches(rows))
    return sum(-(-count // MOST_VALUES) for count in counts) + sum(
        -(-count // MUTATIONS) for count in tagged
    )


def _batch(client: Shopify, rows: Sequence[Due]) -> list[Outcome]:
    refused: dict[str, str] = {}
    for mutation, cleared in ((SET, False), (CLEAR, True)):
        remaining = [row for row in rows if row.record not in refused]
        refused |= _write(client, mutation, _values(remaining, cleared))
    tagged = [row for row in rows if AUDIENCES in row.values and row.record not in refused]
    refused |= tag(client, tagged, AUDIENCES) if tagged else {}
    return [
        Outcome(row.record, "refused", refused[row.record])
        if row.record in refused
        else Outcome(row.record, "accepted")
        for row in rows
    ]


def _values(rows: Sequence[Due], cleared: bool) -> list[tuple[str, dict[str, Any]]]:
    """(record, input) per value to set, or to clear: a metafield cannot hold nothing."""
    return [
        (
            row.record,
            {"ownerId": owner(row.record), "namespace": NAMESPACE, "key": name}
            | ({} if cleared else {"value": value}),
        )
        for row in rows
        for name, value in row.values.items()
        if name != AUDIENCES and (value is None or value == "") is cleared
    ]


def _write(
    client: Shopify, mutation: str, values: Sequence[tuple[str, dict[str, Any]]]
) -> dict[str, str]:
    """Refused records and why; all values of the others are written."""
    refused: dict[str, str] = {}
    for some in parts(values, MOST_VALUES):
        part = list(some)
        while part:
            inputs = [value for _, value in part]
            errors = client.mutate(mutation, {"metafields": inputs})["written"]["userErrors"]
            if not errors:
                break
            refused |= {part[index][0]: words([error]) for index, error in _named(client, errors)}
            part = [(record, value) for record, value in part if record not in refused]
    return refused


def _named(client: Shopify, errors: Sequence[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """(index of the value, error). Raises Refused when an error names none."""
    named = []
    for error in errors:
        index = error.get("elementIndex")
        path = [part for part in error.get("field") or [] if str(part).isdecimal()]
        if index is None and not path:
            raise Refused(client.http.system, words(errors))
        named.append((int(path[0]) if index is None else index, error))
    return named


def erase(client: Shopify, customers: Sequence[str], orders: Sequence[str]) -> Iterator[Answer]:
    """Shopify takes the wish, and erases the customer and what names them in orders when its own
    terms allow; a person may cancel it until then. An order without a customer it cannot find."""
    for customer in customers:
        yield attempted(f"customers/{customer}", ASKED, partial(_wish, client, customer))
    if not customers:
        for order in orders:
            words = "a guest's order: its contact data can be changed in the shop's admin only"
            yield f"orders/{order}", NOT_POSSIBLE, words


def _wish(client: Shopify, customer: str) -> None:
    answer = client.mutate(ERASE, {"customer": owner(customer)})["customerRequestDataErasure"]
    if errors := answer["userErrors"]:
        raise Refused(client.http.system, words(errors))
