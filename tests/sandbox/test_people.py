"""The company's people are as messy as life, by the rates they were made for."""

# ruff: noqa: S311 - seeded randomness makes people, not secrets

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import pytest
from starlette.testclient import TestClient

from sandbox.hubspot import HubSpot
from sandbox.mess import COUNTERS, RELAYS, ROLES, Typist
from sandbox.names import folded, upper
from sandbox.numbers import PLACEHOLDERS, tckn, vkn
from sandbox.people import SYSTEMS, Company, company, population
from sandbox.records import Customer
from sandbox.shopify import Shopify
from sandbox.woocommerce import WooCommerce

TODAY = date(2026, 11, 22)
RESERVED = re.compile(r"[a-z0-9.]*(example|test|example\.(com|org|net))")


@pytest.fixture(scope="module")
def made() -> Company:
    return company(3000, seed=7, today=TODAY)


def share(items: Iterable[object], test: Callable[..., object]) -> float:
    counted = [bool(test(item)) for item in items]
    return sum(counted) / len(counted)


def everyone(made: Company) -> list[Customer]:
    return [customer for records in made.customers.values() for customer in records]


def digits(phone: str) -> str:
    return re.sub(r"\D", "", phone)[-10:]


def near(wanted: float, tolerance: float = 0.03) -> object:
    return pytest.approx(wanted, abs=tolerance)


def test_people_are_known_to_as_many_systems_as_said(made: Company) -> None:
    known = defaultdict(set)
    for system, _, person in made.truth:
        known[person.partition(".")[0]].add(system)
    counts = Counter(len(systems) for systems in known.values())
    assert len(known) == 3000
    for number, wanted in ((1, 0.30), (2, 0.35), (3, 0.20), (4, 0.10), (5, 0.05)):
        assert counts[number] / 3000 == near(wanted)


def test_some_are_twice_in_one_system(made: Company) -> None:
    twice = set()
    for records in made.customers.values():
        counts = Counter(customer.person for customer in records)
        twice |= {person for person, count in counts.items() if count > 1 and person[0] == "P"}
    persons = {person for _, _, person in made.truth if person[0] == "P"}
    assert len(twice) / len(persons) == near(0.04, 0.015)


@pytest.mark.parametrize(
    ("system", "email", "phone", "address"),
    [
        ("shop", 0, 0.20, 0.20),
        ("webshop", 0, 0.20, 0.20),
        ("crm", 0.10, 0.20, 0.20),
        ("erp", 0.45, 0.20, 0.20),
        ("till", 0.60, 0.05, 0.90),
    ],
)
def test_what_is_missing(
    made: Company, system: str, email: float, phone: float, address: float
) -> None:
    records = made.customers[system]
    assert share(records, lambda c: not c.email) == near(email, 0.04)
    assert share(records, lambda c: not c.phone) == near(phone, 0.04)
    assert share(records, lambda c: not c.address) == near(address, 0.04)


def test_birth_dates_and_tax_numbers(made: Company) -> None:
    persons = {
        system: [c for c in made.customers[system] if c.person[0] == "P"] for system in SYSTEMS
    }
    for system, wanted in (("crm", 0.40), ("till", 0.60), ("shop", 0), ("erp", 0)):
        assert share(persons[system], lambda c: c.birth_date) == near(wanted, 0.05)
    firms = [c for c in made.customers["erp"] if c.person[0] == "C"]
    assert share(firms, lambda c: c.tax_number) == near(0.90, 0.05)
    assert share(persons["erp"], lambda c: c.tax_number) == near(0.15, 0.05)
    numbers = [c.tax_number for c in everyone(made) if c.tax_number]
    assert share(numbers, lambda number: number in PLACEHOLDERS) == near(0.05, 0.025)
    assert share(numbers, valid) == near(0.99, 0.015)  # placeholders have right checksums, too


def valid(number: str) -> bool:
    """The checksums written down once more, the way the tax office explains them."""
    d = [int(digit) for digit in number]
    if len(d) == 11:
        tenth = (7 * (d[0] + d[2] + d[4] + d[6] + d[8]) - (d[1] + d[3] + d[5] + d[7])) % 10
        return (d[9], d[10]) == (tenth, sum(d[:10]) % 10) or number in PLACEHOLDERS
    total = 0
    for place in range(1, 10):
        shifted = (d[place - 1] + 10 - place) % 10
        total += 9 if shifted == 9 else shifted * pow(2, 10 - place) % 9
    return d[9] == (10 - total % 10) % 10 or number in PLACEHOLDERS


def test_checksums_are_those_of_known_numbers() -> None:
    assert valid("10000000146")
    assert not valid("10000000147")
    random = Random(1)
    assert all(valid(tckn(random)) and valid(vkn(random)) for _ in range(500))


def test_companies_households_and_namesakes() -> None:
    people = population(Random(3), 3000)
    firms = [person for person in people if person.company]
    persons = [person for person in people if not person.company]
    assert len(firms) / len(people) == near(0.12, 0.001)
    assert {len(firm.contacts) for firm in firms} == {1, 2, 3, 4}
    homes = Counter((p.phone, p.address.text(short=True), p.address.city) for p in persons)
    sharing = sum(count for count in homes.values() if count > 1)
    assert sharing / len(people) == near(0.06, 0.005)
    named = Counter(
        (*p.given, p.surname, p.address.text(short=True), p.address.city) for p in persons
    )
    alike = sum(count for count in named.values() if count > 1)
    assert alike / len(people) == near(0.005, 0.002)


def test_a_third_of_shop_orders_are_guests(made: Company) -> None:
    for system in ("shop", "webshop"):
        orders = made.orders[system]
        guests = [order for order in orders if order.customer is None]
        assert len(guests) / len(orders) == near(0.35, 0.01)
        assert all(order.email and order.name for order in guests)
    for system in ("crm", "erp", "till"):
        assert all(order.customer for order in made.orders[system])
    assert {order.currency for order in made.orders["erp"]} == {"TRY", "EUR", "USD"}


def test_strangers_share_a_few_values(made: Company) -> None:
    def shared(record: Customer) -> bool:
        return record.email.lower() in {*ROLES, *RELAYS} or digits(record.phone) in COUNTERS

    assert len({*ROLES, *RELAYS, *COUNTERS}) == 20
    assert share(everyone(made), shared) == near(0.015, 0.006)


def test_names_are_typed_with_the_usual_slips() -> None:
    typist = Typist(Random(5))
    typed = [typist.names(["Işıl", "Nur"], "İpekçi", "Yılmaz") for _ in range(20_000)]
    names = [" ".join(pair) for pair in typed]
    assert share(names, str.isupper) == near(0.30, 0.01)
    assert share(names, str.isascii) == near(0.25 + 0.75 * 0.01, 0.02)
    assert share(names, lambda name: "nur" not in name.lower()) == near(0.15, 0.02)
    married = ("yılmaz", "yilmaz", "yilmaz")
    assert share(names, lambda name: name.lower().endswith(married)) == near(0.02, 0.005)
    assert share(typed, lambda pair: folded(pair[1]).lower().startswith("is")) == near(0.03, 0.01)
    assert {"IŞIL NUR İPEKÇİ", "ISIL NUR IPEKCI", "Işıl Nur İpekçi"} <= set(names)
    assert (upper("ışıl ipek"), "ışıl ipek".upper()) == ("IŞIL İPEK", "IŞIL IPEK")


def test_emails_differ_as_often_as_said() -> None:
    person = next(p for p in population(Random(3), 50) if not p.company)
    typist = Typist(Random(5))
    typed = [typist.email(person, person.email, "shop") for _ in range(20_000)]
    name, _, domain = person.email.partition("@")
    assert share(typed, lambda e: e == person.email) == near(0.88 * 0.98 * 0.90, 0.01)
    assert share(typed, lambda e: e.startswith(f"{name}+")) == near(0.88 * 0.98 * 0.05, 0.01)
    cased = share(typed, lambda e: e != person.email and e.lower() == person.email)
    assert cased == near(0.88 * 0.98 * 0.05, 0.01)
    phones = [typist.phone(person, "crm") for _ in range(20_000)]
    have = [phone for phone in phones if phone]
    assert share(have, lambda phone: digits(phone) == person.phone) == near(0.90, 0.01)
    assert len({re.sub(r"\d", "9", phone) for phone in have}) >= 8


def test_records_fit_the_systems_that_hold_them(made: Company) -> None:
    for system in ("shop", "webshop", "crm"):
        emails = [c.email.lower() for c in made.customers[system] if c.email]
        assert len(emails) == len(set(emails))
    for system in SYSTEMS:
        records = [c.record for c in made.customers[system]]
        assert len(records) == len(set(records))
        assert all(c.name for c in made.customers[system])
        pattern = r"T\d{6}" if system == "till" else r"\d+"
        assert all(re.fullmatch(pattern, record) for record in records)
        held = set(records)
        assert all(o.customer in held for o in made.orders[system] if o.customer)
    rows = [(system, record) for system, record, _ in made.truth]
    assert len(rows) == len(set(rows))


def test_nobody_real_can_be_written_to(made: Company) -> None:
    guests = [order for orders in made.orders.values() for order in orders]
    for record in (*everyone(made), *guests):
        if record.email:
            assert RESERVED.fullmatch(record.email.lower().partition("@")[2]), record.email


def test_nothing_happens_after_today(made: Company) -> None:
    end = datetime(2026, 11, 22, tzinfo=UTC)
    assert all(c.created_at <= c.updated_at <= end for c in everyone(made))
    born = {(s, c.record): c.created_at for s in SYSTEMS for c in made.customers[s]}
    for system in SYSTEMS:
        for order in made.orders[system]:
            assert order.ordered_at <= order.updated_at < end
            assert order.lines
            if order.customer:
                assert born[system, order.customer] <= order.ordered_at


def test_the_same_seed_gives_the_same_company(made: Company, tmp_path: Path) -> None:
    again, other = company(3000, 7, TODAY), company(300, 8, TODAY)
    assert (again.customers, again.orders) == (made.customers, made.orders)
    assert other.customers != company(300, 9, TODAY).customers
    again.write_truth(tmp_path / "truth.csv")
    with (tmp_path / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["system", "record", "person"]
    assert [tuple(row) for row in rows[1:]] == list(made.truth)


def recall(made: Company) -> float:
    """Share of a person's record pairs that exact keys alone bring together, also by way of a
    third record.
    """
    records = [(c.person, c.email, c.phone, c.tax_number) for c in everyone(made)]
    for orders in made.orders.values():
        records += [(o.person, o.email, o.phone, "") for o in orders if o.customer is None]
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, (_, email, phone, tax) in enumerate(records):
        for key in (("email", email.lower()), ("phone", digits(phone)), ("tax", tax)):
            if key[1] and key[1] not in PLACEHOLDERS:
                holders[key].append(place)
    parent = list(range(len(records)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for places in holders.values():
        for place in places[1:] if len(places) <= 5 else ():
            parent[root(place)] = root(places[0])
    people = defaultdict(list)
    for place, record in enumerate(records):
        people[record[0]].append(place)
    pairs = [pair for places in people.values() for pair in itertools.combinations(places, 2)]
    return share(pairs, lambda pair: root(pair[0]) == root(pair[1]))


@pytest.mark.parametrize("seed", [7, 101, 102])
def test_exact_keys_alone_find_too_little(seed: int) -> None:
    assert 0.5 <= recall(company(3000, seed, TODAY)) <= 0.80


def test_the_web_servers_hold_what_was_made(made: Company) -> None:
    shop = Shopify(made.customers["shop"], made.orders["shop"], static_token="t")
    query = "{ customersCount { count } ordersCount { count } orders(first: 250) "
    query += "{ nodes { currencyCode displayFinancialStatus customer { id } } } }"
    http = TestClient(shop.app(), headers={"X-Shopify-Access-Token": "t"})
    answer = http.post("/admin/api/2026-10/graphql.json", json={"query": query}).json()
    assert "errors" not in answer
    assert answer["data"]["customersCount"]["count"] == len(made.customers["shop"])
    assert answer["data"]["ordersCount"]["count"] == len(made.orders["shop"])
    webshop = WooCommerce(made.customers["webshop"], made.orders["webshop"], "ck", "cs")
    http = TestClient(webshop.app(), base_url="https://shop.example")
    http.auth = ("ck", "cs")
    for kind in ("customers", "orders"):
        total = http.get(f"/wp-json/wc/v3/{kind}?per_page=100&page=3").headers["X-WP-Total"]
        assert int(total) == len(getattr(webshop, kind))
    crm = HubSpot(made.customers["crm"], made.orders["crm"], "t")
    http = TestClient(crm.app(), headers={"Authorization": "Bearer t"})
    answer = http.post("/crm/objects/2026-09/deals/search", json={"limit": 200}).json()
    assert answer["total"] == len(made.orders["crm"])
