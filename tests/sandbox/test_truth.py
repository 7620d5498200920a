"""Precision and recall over pairs, against counting the pairs one by one."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.truth import score

RECORDS = [("shop", str(number)) for number in range(7)]


@given(st.lists(st.sampled_from("abcd"), min_size=7, max_size=7), st.data())
def test_it_counts_pairs(people: list[str], data: st.DataObject) -> None:
    customers = data.draw(st.lists(st.sampled_from("wxyz"), min_size=7, max_size=7))
    pairs = list(combinations(range(7), 2))
    true = {(a, b) for a, b in pairs if people[a] == people[b]}
    linked = {(a, b) for a, b in pairs if customers[a] == customers[b]}
    found = score(
        dict(zip(RECORDS, customers, strict=True)), dict(zip(RECORDS, people, strict=True))
    )
    assert found.precision == pytest.approx(len(true & linked) / len(linked) if linked else 1)
    assert found.recall == pytest.approx(len(true & linked) / len(true) if true else 1)


def test_a_record_that_was_lost_costs_recall() -> None:
    people = {record: "a" for record in RECORDS[:3]}
    found = score({record: "x" for record in RECORDS[:2]}, people)
    assert (found.precision, found.recall) == (1.0, pytest.approx(1 / 3))
