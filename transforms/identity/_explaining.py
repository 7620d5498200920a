"""Why two records are one customer, or why not, in words.

python -m transforms.identity._explaining RECORD RECORD

A record is system/customers/key, as in identity.customers. Prints names, addresses and numbers:
it is for the eyes of who may see them, and so goes to no log.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from transforms.identity._brakes import Link, Person, births_count, split
from transforms.matching._fields import FIELDS, Field
from transforms.matching._scoring import LEVELS, WEIGHTS, scored, weight
from warehouse import Database, Places, opened


class Unknown(ValueError):
    """There is no such record; the message says how records are written."""


@dataclass(frozen=True)
class Pair:
    """Two profiles: what each field says (field, level, left, right, bits), and all together."""

    left: int
    right: int
    bits: float
    said: tuple[tuple[str, str, str, str, float], ...]


def explain(connection: Database, one: str, other: str) -> str:
    """One page of text. Raises Unknown."""
    left, right = (_record(connection, record) for record in (one, other))
    lines = [_who(left), _who(right), ""]
    settings, link_from = _settings(connection)
    links = _component(connection, left["profile"], right["profile"])
    if left["customer_id"] == right["customer_id"]:
        lines.append(f"They are one customer, {left['customer_id']}:")
        if left["profile"] == right["profile"]:
            return "\n".join([*lines, "  both say exactly the same."])
        path = _path(links, left["profile"], right["profile"])
        for number, (bits, a, b, rule) in enumerate(path, 1):
            lines.append(f"  {number}. {rule}, {bits:.1f} bits: {_named(connection, a, b)}")
            lines += _said(_pair(connection, settings, a, b))
        return "\n".join(lines)
    lines.append("They are two customers.")
    pair = _pair(connection, settings, left["profile"], right["profile"])
    lines.append(
        f"Together what they say comes to {pair.bits:.1f} bits; from {link_from:.1f} on they "
        "would be linked:"
    )
    lines += _said(pair)
    lines += _refusals(connection, settings, links, left["customer_id"], right["customer_id"])
    return "\n".join(lines)


def _record(connection: Database, record: str) -> dict[str, Any]:
    found = connection.execute(
        """select people.record, profile, customer_id, known.name, known.company, known.email,
                known.phone, known.city
            from matching.people as people inner join identity.customers using (record)
            inner join staging.known_records as known on people.record = known.record
            where people.record = $1""",
        [record],
    ).to_arrow_table()
    if not found.num_rows:
        raise Unknown(
            f"There is no record {record}. Write it as in identity.customers: "
            "shop/customers/123, or shop/orders/77 of a guest's order."
        )
    return dict(found.to_pylist()[0])


def _who(record: Mapping[str, Any]) -> str:
    shown = [record[name] for name in ("name", "company", "email", "phone", "city")]
    return f"{record['record']}: {', '.join(dict.fromkeys(str(v) for v in shown if v))}"


def _settings(connection: Database) -> tuple[dict[str, Any], float]:
    settings, link_from = connection.execute(
        "select settings, link_from from matching.version, ops.identity"
    ).fetchall()[0]
    return json.loads(settings), link_from


def _component(connection: Database, *profiles: int) -> list[Link]:
    """All links that hang together with these profiles."""
    seen: set[int] = set()
    links: dict[tuple[int, int], Link] = {}
    waiting = set(profiles)
    while waiting:
        seen |= waiting
        found = connection.execute(
            "select weight, l, r, rule from identity.links where list_contains($1, l)"
            " or list_contains($1, r)",
            [sorted(waiting)],
        ).fetchall()
        links |= {(link[1], link[2]): link for link in found}
        waiting = {end for link in found for end in link[1:3]} - seen
    return list(links.values())


def _path(links: Iterable[Link], start: int, end: int) -> list[Link]:
    """The fewest links from one profile to another; of equals the surest first."""
    by_end: dict[int, list[Link]] = defaultdict(list)
    for link in sorted(links, key=lambda one: -one[0]):
        by_end[link[1]].append(link)
        by_end[link[2]].append(link)
    came: dict[int, Link | None] = {start: None}
    queue = deque([start])
    while queue and end not in came:
        here = queue.popleft()
        for link in by_end[here]:
            there = link[2] if link[1] == here else link[1]
            if there not in came:
                came[there] = link
                queue.append(there)
    path: list[Link] = []
    while (link := came.get(end)) is not None:
        bits, one, other, rule = link
        before = other if one == end else one
        path.append((bits, before, end, rule))
        end = before
    return path[::-1]


def _named(connection: Database, *profiles: int) -> str:
    rows = connection.execute(
        "select profile, min(record) from matching.people where list_contains($1, profile)"
        " group by profile",
        [list(profiles)],
    ).fetchall()
    names = dict(rows)
    return " and ".join(names[profile] for profile in profiles)


def _pair(connection: Database, settings: Mapping[str, Any], left: int, right: int) -> Pair:
    l, r = sorted((left, right))  # noqa: E741 - as in matching.pairs
    pair = f"(select {l}::ubigint as l, {r}::ubigint as r)"
    row = connection.execute(
        f"select *, {weight(settings)} as weight"
        f" from ({scored(settings, 'matching.comparable', pair)})"
    ).to_arrow_table()
    found = row.to_pylist()[0]
    said = []
    for field, level, bits in zip(FIELDS, LEVELS, WEIGHTS, strict=True):
        if found[level] is not None:
            label = field.all_levels[found[level]].label
            said.append(
                (
                    field.name,
                    label,
                    *(_value(field, found, side) for side in ("lr" if l == left else "rl")),
                    found[bits],
                )
            )
    return Pair(l, r, found["weight"], tuple(said))


def _value(field: Field, row: Mapping[str, Any], side: str) -> str:
    return " ".join(str(row[f"{name}_{side}"]) for name in field.columns if row[f"{name}_{side}"])


def _said(pair: Pair) -> list[str]:
    return [
        f"     {name}: {label} ({left or '-'} | {right or '-'}), {bits:+.1f}"
        for name, label, left, right, bits in pair.said
    ]


def _refusals(
    connection: Database,
    settings: Mapping[str, Any],
    links: list[Link],
    one: str,
    other: str,
) -> list[str]:
    """Links between the two customers that a brake refused."""
    ends = sorted({end for link in links for end in link[1:3]})
    rows = connection.execute(
        """select profile, records, email, phone, digits, valid_tax, born
            from matching.comparable where list_contains($1, profile)""",
        [ends],
    ).fetchall()
    people = {profile: Person(*said) for profile, *said in rows}
    owners = dict(
        connection.execute(
            """select distinct profile, customer_id from matching.people
                inner join identity.customers using (record) where list_contains($1, profile)""",
            [ends],
        ).fetchall()
    )
    _, refused = split(people, links, {}, births_count=births_count(settings))
    told = connection.execute(
        """select arg_max(decided_by, recorded_at), arg_max(why, recorded_at),
                arg_max(decision, recorded_at) as decision
            from journal.identity_overrides
            inner join identity.customers as lefts on left_record = lefts.record
            inner join identity.customers as rights on right_record = rights.record
            where [lefts.customer_id, rights.customer_id] in ([$1, $2], [$2, $1])
            group by left_record, right_record having decision = 'not_same'""",
        [one, other],
    ).fetchall()
    lines = [f"{by} said that they are not the same: {why}" for by, why, _ in told]
    for (bits, left, right, rule), reason in refused:
        if {owners[left], owners[right]} == {one, other}:
            where = _named(connection, left, right)
            lines.append(f"A link ({rule}, {bits:.1f} bits: {where}) was refused: {reason}.")
    return lines


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with opened(Places.from_environment()) as connection:
        try:
            print(explain(connection, *arguments))
        except Unknown as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
