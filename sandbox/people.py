"""A whole company's customers, as its five systems have them, with the truth about who is who.

    company(3000, seed=7).customers["crm"]      list of Customer
    company(3000, seed=7).orders["shop"]        list of Order (in the crm: deals)
    company(3000, seed=7).truth                 (system, record, person), guest orders included

Systems are shop (Shopify), webshop (WooCommerce), crm (HubSpot), erp (SOAP) and till (files).
A customer is a person or a company; each contact of a company is a person too, C000012.2 the second
one of C000012. The rates are in mess.py and here; the same seed, number and day give the same
company.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from sandbox.mess import Name, Person, Typist, make_address
from sandbox.names import (
    BRANDS,
    FORMS,
    MEN,
    PERSONAL_DOMAINS,
    SECOND,
    SURNAMES,
    TRADES,
    WOMEN,
    slug,
)
from sandbox.numbers import FIXED, phone, tckn, vkn
from sandbox.records import Customer, Order
from sandbox.sales import Sales

SYSTEMS = {"shop": 0.26, "webshop": 0.20, "crm": 0.20, "erp": 0.14, "till": 0.20}
KNOWN_TO = {1: 0.30, 2: 0.35, 3: 0.20, 4: 0.10, 5: 0.05}
TWICE = 0.04  # of people are twice in one system
COMPANIES = 0.12
HOUSEHOLDS = 0.06  # of people share phone and address with somebody
NAMESAKES = 0.005  # of people are a father or a son of the same name and address
GUEST_ONLY = 0.28  # of those known to a web shop never made an account
SECOND_NAME = 0.30
UNIQUE_EMAIL = ("shop", "webshop", "crm")
YEARS = 3


@dataclass
class Company:
    people: int
    seed: int
    customers: dict[str, list[Customer]] = field(default_factory=lambda: {s: [] for s in SYSTEMS})
    orders: dict[str, list[Order]] = field(default_factory=lambda: {s: [] for s in SYSTEMS})

    @property
    def truth(self) -> Iterator[tuple[str, str, str]]:
        """Every customer record, and every guest order as a record of its own."""
        for system in SYSTEMS:
            for customer in self.customers[system]:
                yield system, customer.record, customer.person
            for order in self.orders[system]:
                if order.customer is None:
                    yield system, order.record, order.person

    def write_truth(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("system", "record", "person"))
            rows.writerows(self.truth)


def company(people: int = 3000, seed: int = 7, today: date | None = None) -> Company:
    """`people` counts persons and companies; everything happened before `today`."""
    random = Random(seed)
    end = datetime.combine(today or datetime.now(UTC).date(), datetime.min.time(), UTC)
    made = Company(people, seed)
    _Maker(random, made, end).fill(population(random, people))
    return made


def population(random: Random, count: int) -> list[Person]:
    """Everybody as they really are, before anyone typed them into a system."""
    companies = round(count * COMPANIES)
    persons = [_person(random, f"P{number:06}") for number in range(count - companies)]
    _relate(random, persons, count)
    firms = [_firm(random, f"C{number:06}", number) for number in range(companies)]
    everyone = persons + firms
    random.shuffle(everyone)
    return everyone


def _person(random: Random, id_: str) -> Person:
    given = [random.choice(WOMEN if random.random() < 0.5 else MEN)]
    if random.random() < SECOND_NAME:
        given.append(random.choice([name for name in SECOND if name != given[0]]))
    surname = random.choice(SURNAMES)
    born = date(1945, 1, 1) + timedelta(days=random.randrange(365 * 62))
    name = f"{slug(given[0])}.{slug(surname)}{int(id_[1:])}"
    return Person(
        id=id_,
        given=given,
        surname=surname,
        email=f"{name}@{random.choice(PERSONAL_DOMAINS)}",
        phone=phone(random),
        address=make_address(random),
        birth=born,
        tax_number=tckn(random),
        new_surname=random.choice([other for other in SURNAMES if other != surname]),
        likes_mail=random.random() < 0.55,
    )


def _relate(random: Random, persons: list[Person], count: int) -> None:
    """Makes households of two and three, and fathers with sons of their own name."""
    rest = persons.copy()
    random.shuffle(rest)
    for _ in range(round(count * NAMESAKES / 2)):
        father, son = rest.pop(), rest.pop()
        son.given, son.surname, son.address = father.given.copy(), father.surname, father.address
        son.birth = father.birth.replace(day=min(father.birth.day, 28)) + timedelta(days=365 * 28)
    left = round(count * HOUSEHOLDS)
    while left > 1:
        size = 3 if left == 3 else random.choice((2, 2, 3)) if left > 4 else 2
        first, *others = (rest.pop() for _ in range(size))
        for other in others:
            other.surname, other.phone, other.address = first.surname, first.phone, first.address
        left -= size


def _firm(random: Random, id_: str, number: int) -> Person:
    brand, trade = random.choice(BRANDS), random.choice(TRADES)
    if random.random() < 0.5:
        brand = f"{random.choice(SURNAMES)} {brand}"
    domain = f"{slug(brand).replace('.', '')}{slug(trade)}{number}.example"
    firm = _person(random, id_)
    firm.company = f"{brand} {trade} {random.choice(FORMS)}"
    firm.phone, firm.tax_number = phone(random, FIXED), vkn(random)
    firm.email = f"{random.choice(('info', 'muhasebe', 'satinalma'))}@{domain}"
    for place in range(1, 1 + random.randrange(1, 5)):
        contact = _person(random, id_)
        email = f"{slug(contact.given[0])}.{slug(contact.surname)}@{domain}"
        firm.contacts.append(
            Name(f"{id_}.{place}", " ".join(contact.given), contact.surname, email)
        )
    return firm


class _Maker:
    """Turns people into records, system by system."""

    def __init__(self, random: Random, made: Company, end: datetime) -> None:
        self._random, self._made, self._end = random, made, end
        self._typist = Typist(random)
        self._sales = Sales(random, self._typist, end)
        self._emails: dict[str, set[str]] = {system: set() for system in UNIQUE_EMAIL}

    def fill(self, everyone: list[Person]) -> None:
        guests: dict[str, list[Person]] = {"shop": [], "webshop": []}
        for person in everyone:
            twice = self._typist.chance(TWICE)
            accounts = []
            for system in self._systems(person):
                if system in guests and not twice and self._typist.chance(GUEST_ONLY):
                    guests[system].append(person)
                else:
                    accounts.append(system)
                    self._add(person, system)
            if twice:
                self._add(person, self._random.choice(accounts))
        owners = {person.id: person for person in everyone}
        for system in SYSTEMS:
            orders = self._made.orders[system]
            orders += self._sales.of(system, self._made.customers[system], owners)
            if system in guests:
                self._sales.as_guests(system, orders, guests[system], owners)
            orders.sort(key=lambda order: order.ordered_at)
            for number, order in enumerate(orders, 500_001):
                order.record = str(number)

    def _systems(self, person: Person) -> list[str]:
        """Companies are always in the accounting system, whatever else they are in."""
        count = self._random.choices(tuple(KNOWN_TO), tuple(KNOWN_TO.values()))[0]
        chosen = ["erp"] if person.company else []
        weights = {name: weight for name, weight in SYSTEMS.items() if name not in chosen}
        while len(chosen) < count:
            system = self._random.choices(tuple(weights), tuple(weights.values()))[0]
            chosen.append(system)
            del weights[system]
        return chosen

    def _add(self, person: Person, system: str) -> None:
        """One record; in the CRM one for each contact of a company."""
        if not person.company or system == "erp":
            self._record(person, system, person.name)
        elif system == "crm":
            for contact in person.contacts:
                self._record(person, system, contact)
        else:
            self._record(person, system, self._random.choice(person.contacts))

    def _record(self, person: Person, system: str, who: Name) -> None:
        typist, records = self._typist, self._made.customers[system]
        number = len(records) + 1
        first, last = (
            typist.names(who.given.split(), who.surname, person.new_surname)
            if who.given
            else ("", "")
        )
        firm = typist.company(person.company) if person.company else ""
        email, number_typed = self._contact(person, system, who.email)
        street, city, postcode = typist.address(person, system)
        created, updated = self._times()
        full = f"{first} {last}".strip()
        records.append(
            Customer(
                record=f"T{number:06}" if system == "till" else str(1000 + number),
                person=who.id,
                name=firm if system == "erp" and firm else full,
                first_name="" if system == "erp" else first,
                last_name="" if system == "erp" else last,
                company=firm,
                email=email,
                phone=number_typed,
                tax_number=typist.tax_number(person, system),
                birth_date=typist.birth(person, system),
                address=street,
                city=city,
                postcode=postcode,
                consent_email=person.likes_mail != typist.chance(0.1),
                created_at=created,
                updated_at=updated,
            )
        )

    def _contact(self, person: Person, system: str, own: str) -> tuple[str, str]:
        """E-mail and phone; shops and the CRM take an address only once."""
        email = self._typist.email(person, own, system)
        number = self._typist.phone(person, system)
        mailbox, counter = self._typist.shared(unique_email=system in UNIQUE_EMAIL)
        email, number = mailbox or email, counter or number
        if email and system in UNIQUE_EMAIL:
            if email.lower() in self._emails[system]:
                email = self._typist.other_email(person)
            self._emails[system].add(email.lower())
        return email, number

    def _times(self) -> tuple[datetime, datetime]:
        created = self._end - timedelta(seconds=self._random.randrange(86_400, YEARS * 31_536_000))
        spent = self._random.random() ** 2 * (self._end - created).total_seconds()
        return created, (created + timedelta(seconds=int(spent))).replace(microsecond=0)
