"""Audiences over real servers: who consents is told to the tool, nobody else; read back from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import warehouse.build
import warehouse.check
from clients.shopify import OUR_TAG
from contracts import contract_of
from contracts.typed import text
from publishers.engine import publish
from publishers.published import Published
from publishers.restore import restore
from systems import AUDIENCES, System
from tests.core.feeds import put
from tests.core.house import NOON, House, counted
from tests.core.test_served import rewritten
from tests.kinds import KINDS, Running
from warehouse import memory
from warehouse.build import build
from warehouse.check import check
from warehouse.journal import Journal
from warehouse.load import load
from warehouse.outgoing import Broken
from warehouse.pull import pull

WEB = System("web", "files", contract="canonical", settings={"channel": "online"})
MANY = 22
DAY = "2026-11-{:02}T09:00:00Z"


def email(number: int) -> str:
    return f"gulsen{number}@example.com"


@dataclass
class Company:
    """One tool, and a feed of what people said and left behind elsewhere."""

    house: House
    running: Running
    system: System
    words: int = 0

    def says(self, number: int, granted: bool, channel: str = "email") -> None:
        """What is said later counts."""
        self.words += 1
        phone = self.running.store.customers[self.key(number)].phone
        row = {"consent_id": f"C{self.words}", "channel": channel, "source": "form"}
        row |= {"recipient": email(number) if channel == "email" else phone, "granted": granted}
        put(self.house, WEB, "consents", {**row, "decided_at": DAY.format(self.words)})

    def leaves_a_cart(self, *numbers: int) -> None:
        rows = [
            {"cart_id": f"K{n}", "email": email(n), "updated_at": DAY.format(18)} for n in numbers
        ]
        put(self.house, WEB, "carts", *rows)

    def owes(self, number: int) -> None:
        bill = {"total": "20.00", "currency": "TRY", "status": "open", "due_date": "2026-11-01"}
        put(
            self.house,
            WEB,
            "invoices",
            {"invoice_id": f"F{number}", "customer_email": email(number), **bill},
        )

    def key(self, number: int) -> str:
        records = self.running.store.customers
        return str(number) if str(number) in records else sorted(records)[number - 1]

    def pulled(self) -> None:
        contract = contract_of(self.system)
        customers = [*self.running.kind.tables][:1]
        assert [
            d.problem for d in pull(self.house.places, self.system, contract, tables=customers)
        ] == [None]

    def built(self) -> None:
        for system in (self.system, WEB):
            check(self.house.places, system, contract_of(system))
            load(self.house.places, system, contract_of(system))
        build(self.house.places, [self.system, WEB], now=NOON)

    def published(
        self, approved_by: str = "oya", *, dry_run: bool = False, **changes: Any
    ) -> Published:
        system = replace(self.system, **changes)
        done = publish(self.house.places, system, dry_run=dry_run, approved_by=approved_by)
        assert done.problem is None
        return done

    def round(self, approved_by: str = "oya") -> Published:
        self.pulled()
        self.built()
        return self.published(approved_by)

    def holds(self, number: int) -> tuple[str, ...]:
        """Audiences in the tool, then the channels it may use."""
        given = self.running.kind.given(self.running.store, self.key(number))
        told = given.get("audiences", "")
        if self.running.kind.name == "shopify":
            tags = self.running.store.tags.get(self.key(number), [])
            told = ", ".join(sorted(t.removeprefix(OUR_TAG) for t in tags if OUR_TAG in t))
        yes = [name for name in ("may_email", "may_sms") if given.get(name) in ("true", "E")]
        return (told, *yes)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def company(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Company]:
    yield from _company(request.param.name, tmp_path, monkeypatch)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    yield from _company("shopify", tmp_path, monkeypatch)


def _company(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    monkeypatch.setattr(warehouse.check, "validate", counted)
    [found] = [one for one in KINDS if one.name == kind]
    house = House(folder, monkeypatch)
    house.clock = int(time.time())  # the feed was read just now
    with found.running(customers=MANY, orders=0) as running:
        system = replace(running.system, publish=True, audiences=AUDIENCES)
        yield Company(house, running, system)


def test_who_consents_arrives_and_nobody_else(company: Company) -> None:
    for number in (2, 4, 6):
        company.says(number, True)
    company.says(8, True, "sms")
    company.leaves_a_cart(1, 2, 6, 8)
    company.owes(6)
    company.owes(3)
    merged = {"customer_key": "W10", "email": email(10), "name": "Gülşen Ilıca10"}
    company.says(10, True)
    put(company.house, WEB, "customers", {**merged, "consent_email": False})
    assert company.round().due == MANY
    assert {number: company.holds(number) for number in (1, 2, 3, 4, 6, 8, 10)} == {
        1: ("",),
        2: ("cart_to_remind, consented_email", "may_email"),
        3: ("overdue_payer",),
        4: ("consented_email", "may_email"),
        6: ("overdue_payer",),
        8: sms_only(company),
        10: ("",),
    }
    assert company.round().due == 0  # and our own tags come back as no news


def sms_only(company: Company) -> tuple[str, ...]:
    """Who of the tools themselves say that number 8 takes e-mail."""
    if company.running.kind.name in ("woocommerce", "shopify", "files"):
        return ("cart_to_remind, consented_email, consented_sms", "may_email", "may_sms")
    return ("cart_to_remind, consented_sms", "may_sms")


def test_a_consent_taken_back_lets_go_without_anybodys_approval(company: Company) -> None:
    for number in (2, 4, 6):
        company.says(number, True)
        company.says(number, True, "sms")
    company.leaves_a_cart(2)
    company.owes(4)
    company.round()
    assert company.holds(2)[1:] == ("may_email", "may_sms")
    company.says(2, False)
    company.says(6, False)
    company.says(6, False, "sms")
    company.running.change(company.key(8), phone="0212 000 00 00")
    company.pulled()
    company.built()
    settings = {**company.system.settings, "surprise": {"changed": 0, "cleared": 0}}
    looked = company.published(dry_run=True, settings=settings)
    assert (looked.withdrawn, company.holds(6)[0]) == (0, "consented_email, consented_sms")
    assert "2 records give up at once" in looked.preview
    done = company.published(approved_by="", settings=settings)
    assert (done.withdrawn, done.due) == (2, 1)
    assert "4.5% of its 22 records would be changed" in done.asks
    assert company.holds(2) == ("cart_to_remind, consented_sms", "may_sms")
    assert company.holds(6) == ("",)
    assert company.holds(4) == ("overdue_payer",)
    runs = list(Journal(company.house.places.journal).records("publish_runs"))
    assert [run["what"] for run in runs] == ["publish", "withdraw"]


def test_no_feature_no_field(company: Company) -> None:
    company.says(2, True)
    company.system = replace(company.system, audiences=())
    company.round()
    given = company.running.store.given
    assert not any("audience" in name or "may_" in name for one in given.values() for name in one)
    schemas = getattr(company.running.store, "schemas", {})
    assert not any("audience" in name for s in schemas.values() for name in s.properties)


def test_a_tool_that_no_longer_asks_is_emptied(shop: Company) -> None:
    shop.says(2, True)
    shop.round()
    assert shop.holds(2) == ("consented_email", "may_email")
    shop.system = replace(shop.system, audiences=())
    shop.built()
    shop.published()
    assert shop.holds(2) == ("",)
    assert shop.published().due == 0


def test_the_merchants_tags_are_theirs(shop: Company) -> None:
    shop.running.store.tags["2"] = ["VIP", "kopru"]
    shop.says(2, True)
    shop.round()
    assert shop.running.store.tags["2"] == ["VIP", "kopru", "kopru:consented_email"]
    shop.running.store.tags["2"].append("yeni")
    shop.says(2, False)
    shop.round()
    assert shop.running.store.tags["2"] == ["VIP", "kopru", "yeni"]


@pytest.mark.parametrize("kind", ["shopify", "hubspot", "woocommerce"])
def test_a_no_said_to_the_tool_since_the_pull_counts(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for company in _company(kind, tmp_path, monkeypatch):
        company.says(2, True)
        company.says(2, True, "sms")
        company.says(4, True)
        company.pulled()
        company.built()
        for number in ("2", "4"):
            company.running.change(number, consent_email=False)
        company.published()
        assert company.holds(2) == ("consented_sms", "may_sms")
        assert company.holds(4) == ("",)
        assert company.published().waiting == 0
        assert company.round().due == 0


def test_what_is_known_for_too_long_adds_nobody_and_takes_away(shop: Company) -> None:
    shop.house.clock -= 30 * 3600  # when the feed was read
    shop.says(2, True)
    shop.pulled()
    shop.built()
    assert shop.published(consent_hours=48).held_back == ""
    shop.says(2, False)
    shop.says(4, True)
    shop.running.change("4", city="Van")
    shop.pulled()
    shop.built()
    done = shop.published()
    assert "older than 24 hours: web (2026-" in done.held_back
    assert "Held back: what is known" in done.preview
    assert (shop.holds(2), shop.holds(4)) == (("",), ("consented_email", "may_email"))
    assert shop.running.kind.given(shop.running.store, "4")["city"] == "Van"


def test_who_is_new_waits_for_what_is_known(shop: Company) -> None:
    shop.house.clock -= 30 * 3600
    shop.says(2, True)
    shop.pulled()
    shop.built()
    shop.published()
    assert shop.holds(2) == ("",)
    assert shop.published(consent_hours=48).held_back == ""
    assert shop.holds(2) == ("consented_email", "may_email")


def test_sql_that_errs_is_not_served(shop: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.leaves_a_cart(1)
    shop.says(2, True)
    shop.round()
    gated = "where not members.is_marketing or members.may_be_addressed"
    rewritten(monkeypatch, "activation.memberships", lambda sql: sql.replace(gated, ""))
    with pytest.raises(Broken, match="marketing_needs_consent does not hold"):
        shop.built()
    assert shop.published().due == 0


def test_what_errs_and_is_served_all_the_same_does_not_leave(shop: Company) -> None:
    shop.says(2, True)
    shop.says(4, True)
    shop.owes(4)
    shop.pulled()
    shop.built()
    desk = shop.house.places.serving / "desk.duckdb"
    connection = memory()
    connection.execute(f"attach {text(str(desk))} as desk")
    connection.execute(
        """update desk.activation.shopify_customers
        set audiences = 'at_risk, consented_sms', may_email = true, may_sms = true"""
    )
    connection.close()
    shop.published()
    assert shop.holds(1) == shop.holds(4) == ("",)
    assert shop.holds(2) == ("at_risk", "may_email")


def test_nothing_is_put_back_that_was_taken_back(shop: Company) -> None:
    shop.says(2, True)
    shop.round()
    shop.says(2, False)
    shop.round()
    withdrew = [*Journal(shop.house.places.journal).records("publish_runs")][-1]["run"]
    restore(shop.house.places, shop.system, withdrew, by="oya", why="wrong", apply=True)
    assert shop.holds(2) == ("",)
