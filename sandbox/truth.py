"""How well customers were found: pairs of records against the known truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from warehouse import Places
from warehouse.serve import served

Record = tuple[str, str]  # system, and its own id of the record


@dataclass(frozen=True)
class Found:
    """Over pairs of records of one person: precision, how many linked pairs are right; recall,
    how many right pairs are linked. `b3_f1`: B-cubed, the same asked of each record and averaged.
    """

    customers: int
    people: int
    precision: float
    recall: float
    b3_f1: float

    @property
    def f1(self) -> float:
        return _f1(self.precision, self.recall)


def customer_ids(places: Places) -> dict[Record, str]:
    """(system, record in the system's own words) -> customer id."""
    with served(places, "desk.duckdb") as connection:
        rows = connection.execute("select record, customer_id from identity.customers").fetchall()
    return {_plain(record): customer for record, customer in rows}


def found(places: Places, truth: Iterable[tuple[str, str, str]]) -> Found:
    """`truth`: (system, record, person)."""
    person = {(system, record): who for system, record, who in truth}
    return score(customer_ids(places), person)


def score(customers: Mapping[Any, str], people: Mapping[Any, str]) -> Found:
    """Records that nobody made a customer of count as people not found."""
    known = Counter((people[record], customer) for record, customer in customers.items())
    of_customer = Counter(customers.values())
    of_person = Counter(people.values())
    linked, right, true = _pairs(of_customer), _pairs(known), _pairs(of_person)
    precise = sum(n * n / of_customer[customer] for (_, customer), n in known.items())
    complete = sum(n * n / of_person[person] for (person, _), n in known.items())
    return Found(
        customers=len(set(customers.values())),
        people=len(set(people.values())),
        precision=right / linked if linked else 1.0,
        recall=right / true if true else 1.0,
        b3_f1=_f1(precise / max(len(customers), 1), complete / max(len(people), 1)),
    )


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _plain(record: str) -> Record:
    """shop/customers/gid://shopify/Customer/12 -> (shop, 12)."""
    system, _, rest = record.partition("/")
    return system, rest.rpartition("/")[2]


def _pairs(sizes: Counter[Any]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes.values())
