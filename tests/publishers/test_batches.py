"""Halving finds the bad rows among many, with few calls."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from clients import Denied, Implausible, Refused, Unavailable
from publishers import Due, Outcome
from publishers.batches import isolated

ROWS = [Due(str(number), "c", {"tier": "gold"}) for number in range(100)]


def test_two_bad_rows_in_a_hundred_cost_few_calls() -> None:
    calls = 0

    def attempt(rows: Sequence[Due]) -> list[Outcome]:
        nonlocal calls
        calls += 1
        if any(row.record in ("13", "77") for row in rows):
            raise Refused("crm", "Geçersiz değer.")
        return [Outcome(row.record, "accepted") for row in rows]

    outcomes = isolated(ROWS, attempt)
    refused = {o.record: o.detail for o in outcomes if o.state == "refused"}
    assert refused == {"13": "Geçersiz değer.", "77": "Geçersiz değer."}
    assert [o.record for o in outcomes] == [row.record for row in ROWS]
    assert calls < 32


@pytest.mark.parametrize("error", [Unavailable("crm", "down"), Implausible("crm", "a page")])
def test_without_a_believable_answer_every_row_waits(error: Exception) -> None:
    def attempt(rows: Sequence[Due]) -> list[Outcome]:
        raise error

    outcomes = isolated(ROWS, attempt)
    assert {(o.state, o.detail) for o in outcomes} == {("retry", str(error))}
    assert len(outcomes) == 100


def test_denied_is_everybodys_problem() -> None:
    def attempt(rows: Sequence[Due]) -> list[Outcome]:
        raise Denied("crm", "no scope")

    with pytest.raises(Denied):
        isolated(ROWS, attempt)
