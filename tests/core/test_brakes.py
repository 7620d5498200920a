"""Brakes: what contradicts is taken apart along its weakest links, and nothing else is."""

from __future__ import annotations

import random

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.identity._brakes import LARGE, ONE_WEAK, WEAK, Link, Person, split

PROFILES = st.integers(1, 9)


def some_links(least: float) -> st.SearchStrategy[list[Link]]:
    link = st.tuples(st.floats(least, 20), PROFILES, PROFILES, st.just("alike"))
    return st.lists(link.filter(lambda one: one[1] != one[2]), max_size=20)


TAXES = st.dictionaries(PROFILES, st.sampled_from(["1", "2", "3"]), max_size=5)


def people(taxes: dict[int, str] | None = None) -> dict[int, Person]:
    return {number: Person(1, valid_tax=(taxes or {}).get(number)) for number in range(1, 10)}


def groups(
    persons: dict[int, Person],
    links: list[Link],
    apart: dict[int, set[int]] | None = None,
    births_count: bool = True,
) -> set[frozenset[int]]:
    found, _ = split(persons, links, apart or {}, births_count=births_count)
    return {frozenset(group) for group in found}


def graph(links: list[Link]) -> nx.Graph:
    made = nx.Graph()
    made.add_nodes_from(range(1, 10))
    made.add_edges_from((left, right) for _, left, right, _ in links)
    return made


@settings(max_examples=150)
@given(some_links(WEAK))
def test_where_nothing_contradicts_groups_are_connected_components(links: list[Link]) -> None:
    expected = {frozenset(part) for part in nx.connected_components(graph(links))}
    assert groups(people(), links) == expected


@settings(max_examples=200)
@given(some_links(WEAK), TAXES)
def test_groups_of_two_tax_numbers_are_those_of_the_strongest_links(
    links: list[Link], taxes: dict[int, str]
) -> None:
    # The oracle takes links one by one and asks networkx who would be together.
    kept: list[Link] = []
    for link in sorted(links, key=lambda one: (-one[0], one[1], one[2])):
        tried = graph([*kept, link])
        together = nx.node_connected_component(tried, link[1])
        if len({taxes[one] for one in together if one in taxes}) < 2:
            kept.append(link)
    expected = {frozenset(part) for part in nx.connected_components(graph(kept))}
    assert groups(people(taxes), links) == expected


@settings(max_examples=100)
@given(some_links(3), TAXES, st.lists(st.tuples(PROFILES, PROFILES), max_size=4), st.randoms())
def test_order_does_not_matter_and_who_is_apart_stays_apart(
    links: list[Link], taxes: dict[int, str], told: list[tuple[int, int]], chance: random.Random
) -> None:
    apart: dict[int, set[int]] = {}
    for one, other in told:
        if one != other:
            apart.setdefault(one, set()).add(other)
            apart.setdefault(other, set()).add(one)
    found = groups(people(taxes), links, apart)
    shuffled = links.copy()
    chance.shuffle(shuffled)
    assert groups(people(taxes), shuffled, apart) == found
    for group in found:
        assert all(not apart.get(one, set()) & group for one in group)


def test_a_link_too_many_weak_ones_hold_is_kept_and_a_single_one_is_not() -> None:
    persons = {number: Person(2) for number in range(1, 5)}
    firm: list[Link] = [(12.0, 1, 2, "alike"), (12.0, 3, 4, "alike")]
    one: list[Link] = [*firm, (4.0, 2, 3, "alike")]
    assert groups(persons, one) == {frozenset({1, 2}), frozenset({3, 4})}
    assert split(persons, one, {}, births_count=True)[1] == [((4.0, 2, 3, "alike"), ONE_WEAK)]
    assert len(groups(persons, [*one, (3.5, 1, 4, "alike")])) == 1
    assert len(groups(persons, [*firm, (7.0, 2, 3, "alike")])) == 1


def test_father_and_son_of_one_name_and_address() -> None:
    father = {1: Person(1, "f@a.tr", "+901"), 2: Person(1, "f@a.tr", "+901")}
    son = {3: Person(1, "s@a.tr", "+902"), 4: Person(1, None, "+902")}
    links: list[Link] = [
        (20.0, 1, 2, "alike"),
        (20.0, 3, 4, "alike"),
        (9.0, 1, 3, "alike"),
        (9.0, 2, 4, "alike"),
    ]
    assert groups(father | son, links) == {frozenset({1, 2}), frozenset({3, 4})}
    # The son's house is said by a record without his telephone: his own ones come first.
    mail = {3: Person(1, "s@a.tr", "+902"), 4: Person(1, "s@a.tr")}
    house: list[Link] = [links[0], (15.0, 2, 4, "alike"), (9.0, 3, 4, "alike")]
    assert groups(father | mail, house) == {frozenset({1, 2}), frozenset({3, 4})}
    # One record with both of its own is enough, but not against one other.
    alone: list[Link] = [links[0], links[2]]
    one = {3: Person(1, "s@a.tr", "+902")}
    assert groups(father | one, alone) == {frozenset({1, 2}), frozenset({3})}
    assert groups({1: father[1], **one}, [links[2]]) == {frozenset({1, 3})}


def test_two_birth_dates_contradict_where_they_are_reliable_and_not_swapped() -> None:
    link: list[Link] = [(9.0, 1, 2, "alike")]
    two = {1: Person(1, born="19800502"), 2: Person(1, born="19800603")}
    assert len(groups(two, link)) == 2
    assert len(groups(two, link, births_count=False)) == 1
    swapped = {1: Person(1, born="19800502"), 2: Person(1, born="19800205")}
    assert len(groups(swapped, link)) == 1


def test_a_group_grows_beyond_bounds_only_by_sure_links() -> None:
    many = {number: Person(1) for number in range(LARGE + 2)}
    chain: list[Link] = [(9.0, number, number + 1, "alike") for number in range(LARGE + 1)]
    assert max(len(group) for group in groups(many, chain)) <= LARGE
    sure: list[Link] = [(15.0, left, right, "same e-mail") for _, left, right, _ in chain]
    assert len(groups(many, sure)) == 1


def test_what_a_person_said_wins_over_everything() -> None:
    two = {1: Person(1, valid_tax="1"), 2: Person(1, valid_tax="2")}
    assert len(groups(two, [(100.0, 1, 2, "said by a person")])) == 1
    same = {1: Person(1, valid_tax="1"), 2: Person(1, valid_tax="1")}
    told = {1: {2}, 2: {1}}
    assert len(groups(same, [(15.0, 1, 2, "same tax number")], told)) == 2


def test_what_a_person_said_comes_before_a_shared_mailbox() -> None:
    shared = {1: Person(1, "a@a.tr"), 2: Person(1), 3: Person(1, "a@a.tr")}
    links: list[Link] = [(20.0, 1, 3, "alike"), (30.0, 1, 2, "said by a person")]
    assert groups(shared, links, {2: {3}, 3: {2}}) == {frozenset({1, 2}), frozenset({3})}
