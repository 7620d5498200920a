"""How batches fail: one bad row must not stop the rest, and every row gets an outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clients import Implausible, Refused, Unavailable
from publishers import Due, Outcome

Attempt = Callable[[Sequence[Due]], list[Outcome]]


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
