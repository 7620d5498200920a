"""Batches, and how they fail: one bad row must not stop the rest, and every row gets an outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from clients import Implausible, Refused, Unavailable
from publishers import Due, Outcome

Attempt = Callable[[Sequence[Due]], list[Outcome]]
Item = TypeVar("Item")


def parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def one_each(rows: Mapping[str, Due], outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Every row gets exactly one outcome; one the publisher forgot counts as unknown."""
    told = {outcome.record: outcome for outcome in outcomes if outcome.record in rows}
    unknown = "the tool's answer does not name it"
    forgotten = [Outcome(record, "retry", unknown) for record in rows if record not in told]
    return [*told.values(), *forgotten]


def isolated(rows: Sequence[Due], attempt: Attempt) -> list[Outcome]:
    """`attempt` on all rows; when they are refused as a whole, on ever smaller halves.

    An answer that is missing or not to be believed means `retry`, also when the write may have
    happened: every publisher sets values, so sending them twice changes nothing. `Denied` is
    raised: no row can get through.
    """
    if not rows:
        return []
    try:
        return attempt(rows)
    except Refused as error:
        if len(rows) == 1:
            return [Outcome(rows[0].record, "refused", error.cause)]
    except (Unavailable, Implausible) as error:
        return [Outcome(row.record, "retry", str(error)) for row in rows]
    middle = len(rows) // 2
    return isolated(rows[:middle], attempt) + isolated(rows[middle:], attempt)
