"""Who bought what, when and in which currency; and who did it as a guest."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from sandbox.mess import Person, Typist
from sandbox.names import GOODS
from sandbox.records import Customer, Line, Order

MEAN = {"shop": 2.0, "webshop": 2.0, "till": 2.0, "crm": 0.4, "erp": 0.6}
FIRM_MEAN = {"crm": 0.6, "erp": 4.0}
CURRENCIES = {
    "shop": {"TRY": 0.95, "EUR": 0.05},
    "webshop": {"TRY": 0.97, "EUR": 0.03},
    "till": {"TRY": 1.0},
    "crm": {"TRY": 0.85, "EUR": 0.10, "USD": 0.05},
    "erp": {"TRY": 0.80, "EUR": 0.12, "USD": 0.08},
}
STATUSES = {"completed": 0.86, "processing": 0.08, "cancelled": 0.06}
GUESTS = 0.35  # of a web shop's orders
TENDER = {"TRY": 1, "EUR": 40, "USD": 36}  # what one is worth, to make prices plausible


class Sales:
    def __init__(self, random: Random, typist: Typist, end: datetime) -> None:
        self._random, self._typist, self._end = random, typist, end

    def of(
        self, system: str, customers: Iterable[Customer], people: dict[str, Person]
    ) -> list[Order]:
        """Orders of accounts, each after the account was made."""
        made = []
        for customer in customers:
            firm = owner(customer.person, people).company
            mean = FIRM_MEAN.get(system, MEAN[system]) if firm else MEAN[system]
            for _ in range(self._count(mean)):
                order = self._order(system, customer.person, customer.created_at)
                order.customer = customer.record
                made.append(order)
        return made

    def as_guests(
        self, system: str, orders: list[Order], only: list[Person], people: dict[str, Person]
    ) -> None:
        """Adds the orders of those without an account, then takes the log-in from others' orders
        until the share of guests is right.
        """
        for person in only:
            for _ in range(1 + self._count(MEAN[system] - 1)):
                order = self._order(system, person.id, None)
                self._sign(order, person)
                orders.append(order)
        members = [order for order in orders if order.customer]
        self._random.shuffle(members)
        missing = round(GUESTS * len(orders)) - (len(orders) - len(members))
        for order in members[: max(missing, 0)]:
            order.customer = None
            self._sign(order, owner(order.person, people))

    def _sign(self, order: Order, person: Person) -> None:
        """What a guest types at the checkout."""
        who = self._random.choice(person.contacts) if person.company else person.name
        first, last = self._typist.names(who.given.split(), who.surname, person.new_surname)
        mailbox, counter = self._typist.shared(unique_email=False)
        order.person = who.id
        order.name = f"{first} {last}"
        order.email = mailbox or self._typist.email(person, who.email, "shop")
        order.phone = counter or self._typist.phone(person, "shop")
        order.company = self._typist.company(person.company) if person.company else ""
        order.address, order.city, order.postcode = self._typist.address(person, "shop")

    def _order(self, system: str, person: str, after: datetime | None) -> Order:
        start = after or self._end - timedelta(days=3 * 365)
        seconds = int((self._end - start).total_seconds())
        ordered = start + timedelta(seconds=self._random.randrange(seconds))
        later = ordered + timedelta(seconds=self._random.randrange(60, 5 * 86_400))
        status = self._random.choices(tuple(STATUSES), tuple(STATUSES.values()))[0]
        shares = CURRENCIES[system]
        currency = self._random.choices(tuple(shares), tuple(shares.values()))[0]
        return Order(
            record="",
            person=person,
            customer=None,
            ordered_at=ordered,
            updated_at=min(later, self._end - timedelta(seconds=1)),
            currency=currency,
            status=status,
            lines=[self._line(place, currency) for place in range(1, 2 + self._count(0.8))],
        )

    def _line(self, place: int, currency: str) -> Line:
        sku, product = self._random.choice(GOODS)
        cents = self._random.randrange(1_500, 250_000) // TENDER[currency]
        return Line(place, sku, product, self._random.choice((1, 1, 1, 2, 3)), Decimal(cents) / 100)

    def _count(self, mean: float) -> int:
        """Poisson: how many times something that happens `mean` times on average does happen."""
        limit, product, count = math.exp(-mean), self._random.random(), 0
        while product > limit:
            product *= self._random.random()
            count += 1
        return count


def owner(id_: str, people: dict[str, Person]) -> Person:
    """Of a contact its company, of everybody else themselves."""
    return people[id_.partition(".")[0]]
