"""Splits what is linked and yet cannot be one person, along its weakest links.

Links that are beyond doubt are taken first, then those of records that share an e-mail address or a
telephone, then the rest, each strongest first. One that would put together what contradicts is
refused: two valid tax numbers, two birth dates where these are reliable, two people who each have a
telephone and an e-mail of their own (father and son of one name at one address), two groups that
hang together by one weak link only, a group too large, or two records of which a person said that
they are not the same.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Link = tuple[float, int, int, str]  # weight, profiles, rule
RELIABLE = -6.0  # bits; birth dates of one person that differ weigh less than that
WEAK = 6.0  # bits; of a link that alone holds two groups together
GROUP = 4  # records: fewer say too little to be a group
LARGE = 60  # profiles
SURE = 10.0  # bits; a link as sure as this may make a group large
ONE_WEAK = "one weak link between two groups"
DEFINITE = ("said by a person", "merged by its system", "created by us")


@dataclass(frozen=True)
class Person:
    """One profile. `records`: how many say this."""

    records: int
    email: str | None = None
    phone: str | None = None
    digits: str | None = None
    valid_tax: str | None = None
    born: str | None = None


@dataclass
class Group:
    profiles: set[int]
    records: int
    contacts: dict[str, Counter[str]]
    taxes: set[str]
    births: set[str]
    apart: set[int] = field(default_factory=set)

    def take(self, other: Group) -> None:
        self.profiles |= other.profiles
        self.records += other.records
        for kind, values in other.contacts.items():
            self.contacts[kind] += values
        self.taxes |= other.taxes
        self.births |= other.births
        self.apart |= other.apart

    @property
    def is_established(self) -> bool:
        """Two records agree on how to reach them."""
        return any(count > 1 for values in self.contacts.values() for count in values.values())


def births_count(settings: Mapping[str, Any]) -> bool:
    """Whether a version holds birth dates for reliable."""
    m, u = settings["weights"]["born"]["different"]
    return math.log2(m / u) < RELIABLE


def split(
    people: Mapping[int, Person],
    links: Iterable[Link],
    apart: Mapping[int, set[int]],
    *,
    births_count: bool,
) -> tuple[list[set[int]], list[tuple[Link, str]]]:
    """Groups of one linked component, and the links that were refused with the reason.

    `apart`: profile -> those it must not be with. `births_count`: two birth dates contradict.
    """
    groups = {
        profile: Group(
            {profile},
            person.records,
            {
                kind: Counter({value: person.records} if value else {})
                for kind, value in (
                    ("email", person.email),
                    ("phone", person.phone),
                    ("digits", person.digits),
                )
            },
            {person.valid_tax} - {None},  # type: ignore[arg-type]
            {person.born} - {None},  # type: ignore[arg-type]
            set(apart.get(profile, ())),
        )
        for profile, person in people.items()
    }
    ordered = sorted(links, key=lambda link: _order(people, link))
    refused: list[tuple[Link, str]] = []
    owner = {profile: profile for profile in people}
    for link in ordered:
        left, right = owner[link[1]], owner[link[2]]
        if left == right:
            continue
        reason = _contradiction(groups[left], groups[right], link, births_count)
        if not reason and _is_weak(groups[left], groups[right], link):
            reason = "" if _between(ordered, owner, left, right) > 1 else ONE_WEAK
        if reason:
            refused.append((link, reason))
            continue
        if len(groups[left].profiles) < len(groups[right].profiles):
            left, right = right, left
        for profile in groups[right].profiles:
            owner[profile] = left
        groups[left].take(groups.pop(right))
    return [group.profiles for group in groups.values()], refused


def _order(people: Mapping[int, Person], link: Link) -> tuple[bool, bool, float, int, int]:
    """A record of the son, linked by name and house to the father's before it is to his own, would
    have nothing of his that contradicts. What a person said comes before both: a "same" must not
    lose to a shared mailbox, by way of a "not the same"."""
    weight, left, right, rule = link
    return rule not in DEFINITE, not _share(people[left], people[right]), -weight, left, right


def _share(left: Person, right: Person) -> bool:
    """Whether both are reached by the same address or number."""
    contacts = ((left.email, right.email), (left.phone, right.phone))
    return any(mine and mine == theirs for mine, theirs in contacts)


def _is_weak(left: Group, right: Group, link: Link) -> bool:
    weight, _, _, rule = link
    return rule not in DEFINITE and weight < WEAK and min(left.records, right.records) >= GROUP


def _between(links: Iterable[Link], owner: Mapping[int, int], left: int, right: int) -> int:
    """How many links there are between two groups."""
    return sum({owner[a], owner[b]} == {left, right} for _, a, b, _ in links)


def _contradiction(left: Group, right: Group, link: Link, births_count: bool) -> str:
    """Why two groups are not one; empty where nothing is against it."""
    weight, _, _, rule = link
    if left.apart & right.profiles or right.apart & left.profiles:
        return "a person said that they are not the same"
    if rule in DEFINITE:
        return ""
    if _differ(left.taxes, right.taxes):
        return "two valid tax numbers"
    if births_count and _differ(left.births, right.births) and not _swapped(left, right):
        return "two birth dates"
    if weight < SURE and len(left.profiles) + len(right.profiles) > LARGE:
        return f"more than {LARGE} different records"
    unreachable = all(
        _differ(left.contacts[kind].keys(), right.contacts[kind].keys())
        for kind in ("email", "phone")
    )
    same_digits = left.contacts["digits"].keys() & right.contacts["digits"].keys()
    if unreachable and not same_digits and (left.is_established or right.is_established):
        return "two people with a telephone and an e-mail of their own"
    return ""


def _differ(left: Iterable[str], right: Iterable[str]) -> bool:
    mine, theirs = set(left), set(right)
    return bool(mine and theirs and not mine & theirs)


def _swapped(left: Group, right: Group) -> bool:
    """Day and month, as people type them."""
    return bool({born[:4] + born[6:] + born[4:6] for born in left.births} & right.births)
