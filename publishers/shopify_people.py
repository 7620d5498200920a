"""Shopify: customers themselves: audiences as tags that begin with kopru:, and new customers.

tagsAdd and tagsRemove take one customer each and leave all other tags alone; several of them go in
one request. Tags in customerUpdate would replace what the merchant tagged.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from clients.shopify import OUR_TAG, Shopify
from publishers import Due, Outcome
from publishers.batches import isolated, parts

OWNER = "gid://shopify/Customer/"
AT_ONCE = 250  # customers in a query
MUTATIONS = 50  # in a request: each costs 10 points of 1,000
CONTACT = {
    "email": "email",
    "first_name": "firstName",
    "last_name": "lastName",
    "phone": "phone",
}
NO = frozenset({"UNSUBSCRIBED", "REDACTED"})
TAGS = "query Tags($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { id tags } } }"
CONSENTS = """
query Consents($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Customer {
      id
      defaultEmailAddress { marketingState }
      defaultPhoneNumber { smsMarketingConsent { state } }
    }
  }
}
"""


def audiences(client: Shopify, records: Iterable[str]) -> dict[str, str | None]:
    """Record -> its audiences, of our tags."""
    return {
        record: ", ".join(sorted(tag.removeprefix(OUR_TAG) for tag in tags)) or None
        for record, tags in _ours(client, records).items()
    }


def tag(client: Shopify, rows: Sequence[Due], name: str) -> dict[str, str]:
    """Gives each row's customer the tags of the audiences in its value `name`, and takes our other
    ones away. Refused records and why."""
    held = _ours(client, [row.record for row in rows])
    changes = []
    for row in rows:
        value = row.values[name]
        wanted = {OUR_TAG + one for one in value.split(", ")} if value else set()
        has = held.get(row.record, set())
        changes += [
            (row.record, verb, sorted(tags))
            for verb, tags in (("tagsAdd", wanted - has), ("tagsRemove", has - wanted))
            if tags
        ]
    refused: dict[str, str] = {}
    for part in parts(changes, MUTATIONS):
        refused |= _tagged(client, part)
    return refused


def find(client: Shopify, emails: Sequence[str]) -> dict[str, str]:
    """Asked for directly: the index that lists are searched by lags behind."""
    found: dict[str, str] = {}
    for asked in parts(emails, AT_ONCE):
        who = [f"identifier: {{emailAddress: {json.dumps(email)}}}" for email in asked]
        calls = " ".join(f"c{n}: customerByIdentifier({one}) {{ id }}" for n, one in enumerate(who))
        answers = client.query(f"query Find {{ {calls} }}")
        there = [answers[f"c{place}"] for place in range(len(asked))]
        found |= {email: node["id"] for email, node in zip(asked, there, strict=True) if node}
    return found


def create(client: Shopify, rows: Sequence[Due]) -> list[Outcome]:
    attempt = partial(_created, client)
    return [outcome for part in parts(rows, MUTATIONS) for outcome in isolated(part, attempt)]


def _created(client: Shopify, rows: Sequence[Due]) -> list[Outcome]:
    asked = ", ".join(f"$i{place}: CustomerInput!" for place in range(len(rows)))
    payload = "{ customer { id } userErrors { message } }"
    calls = " ".join(
        f"c{place}: customerCreate(input: $i{place}) {payload}" for place in range(len(rows))
    )
    inputs = {f"i{place}": _new(row) for place, row in enumerate(rows)}
    answers = client.mutate(f"mutation Create({asked}) {{ {calls} }}", inputs)
    return [
        Outcome(row.record, "accepted", answer=made["customer"]["id"])
        if (made := answers[f"c{place}"])["customer"]
        else Outcome(row.record, "refused", words(made["userErrors"]))
        for place, row in enumerate(rows)
    ]


def _new(row: Due) -> dict[str, str]:
    """Nothing of consent: that is for the customer to say to the shop."""
    values = {theirs: row.values.get(ours) for ours, theirs in CONTACT.items()}
    return {name: value for name, value in values.items() if value}


def words(errors: Iterable[Mapping[str, Any]]) -> str:
    """What the shop says of them, with its codes where it gives any."""
    said = [e["message"] + (f" ({e['code']})" if e.get("code") else "") for e in errors]
    return "; ".join(said)


def told_no(client: Shopify, records: Sequence[str]) -> Mapping[str, Collection[str]]:
    found = {}
    for record, node in nodes(client, CONSENTS, records):
        email, phone = node["defaultEmailAddress"] or {}, node["defaultPhoneNumber"] or {}
        sms = phone.get("smsMarketingConsent") or {}
        states = {"email": email.get("marketingState"), "sms": sms.get("state")}
        found[record] = {channel for channel, state in states.items() if state in NO}
    return found


def owner(record: str) -> str:
    return record if record.startswith("gid://") else OWNER + record


def _ours(client: Shopify, records: Iterable[str]) -> dict[str, set[str]]:
    return {
        record: {tag for tag in node["tags"] if tag.startswith(OUR_TAG)}
        for record, node in nodes(client, TAGS, records)
    }


def nodes(
    client: Shopify,
    query: str,
    records: Iterable[str],
    *,
    at_once: int = AT_ONCE,
    each: float = 0.0,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Record and node of those that are there. `each`: points of one, where that is known."""
    owners = {owner(record): record for record in records if record.isdecimal() or "/" in record}
    for ids in parts([*owners], at_once):
        points = each * len(ids) or None
        for node in client.query(query, {"ids": ids}, points=points)["nodes"]:
            if node:
                yield owners[node["id"]], node


def _tagged(client: Shopify, changes: Sequence[tuple[str, str, list[str]]]) -> dict[str, str]:
    """Each under a name of its own (t0, t1 ...) in one request."""
    calls = " ".join(
        f"t{place}: {verb}(id: {json.dumps(owner(record))}, tags: {json.dumps(tags)}) "
        "{ userErrors { message } }"
        for place, (record, verb, tags) in enumerate(changes)
    )
    answers = client.mutate(f"mutation Tag {{ {calls} }}", {})
    return {
        record: words(errors)
        for place, (record, _, _) in enumerate(changes)
        if (errors := answers[f"t{place}"]["userErrors"])
    }
