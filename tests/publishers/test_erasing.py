"""Tools asked to erase, over real HTTP: what each offers, and what is said where it offers none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

import clients.woocommerce
import publishers.woocommerce
from publishers.erasing import ask
from tests.kinds import KINDS, Running


@contextmanager
def tool(name: str) -> Iterator[Running]:
    [kind] = [kind for kind in KINDS if kind.name == name]
    with kind.running(customers=12, orders=9) as running:
        yield running


def states(answers: list[tuple[str, str, str]]) -> dict[str, str]:
    return {record: state for record, state, _ in answers}


def test_a_web_shop_deletes_the_account_and_its_orders_are_nobodys() -> None:
    with tool("woocommerce") as shop:
        done = states(ask(shop.system, ["4"], ["1004"]))
        assert done == {"orders/1004": "done", "customers/4": "done"}
        assert shop.store.customers.keys() == {str(n) for n in range(1, 13)} - {"4"}
        order = shop.store.orders["1004"]
        assert (order.customer, order.email) == (None, "deleted@site.invalid")
        assert (order.name, order.phone, order.city) == ("[deleted] [deleted]", "", "")
        assert order.lines
        assert shop.store.orders["1006"].customer == "6"
        assert ask(shop.system, ["4"], []) == [("customers/4", "done", "the tool does not have it")]


def test_a_crm_purges_the_contact_and_says_that_deals_stay() -> None:
    with tool("hubspot") as crm:
        done = states(ask(crm.system, ["4"], ["1004"]))
        assert done == {"contacts/4": "done", "deals/1004": "not possible"}
        assert "4" not in crm.store.customers
        assert "4" not in crm.store.archived["contacts"]
        assert "5" in crm.store.customers
        assert states(ask(crm.system, ["4"], [])) == {"contacts/4": "done"}


def test_shopify_takes_the_wish() -> None:
    with tool("shopify") as shop:
        key = "gid://shopify/Customer/4"
        assert states(ask(shop.system, [key], ["gid://shopify/Order/1004"])) == {
            f"customers/{key}": "asked"
        }
        assert shop.store.to_erase == {"4"}
        [(_, state, words)] = ask(shop.system, ["gid://shopify/Customer/99"], [])
        assert (state, words) == ("refused", "Customer does not exist (DOES_NOT_EXIST)")
        assert states(ask(shop.system, [], ["gid://shopify/Order/1003"])) == {
            "orders/gid://shopify/Order/1003": "not possible"
        }


@pytest.mark.parametrize("name", ["soap", "files"])
def test_what_has_no_way_is_to_be_done_by_hand(name: str) -> None:
    with tool(name) as system:
        assert ask(system.system, ["4"], ["1004"]) == [
            ("customers/4", "not possible", "by this way: do it by hand"),
            ("orders/1004", "not possible", "by this way: do it by hand"),
        ]


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda running: running.gone(9),
        lambda running: running.other(login=None, password=None),
        lambda running: running.other(login="ck_other", password="cs_other"),
    ],
)
def test_a_tool_that_cannot_be_reached_says_so(
    spoiled: Callable[[Running], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = partial(clients.woocommerce.connect, sleep=lambda seconds: None)
    monkeypatch.setattr(publishers.woocommerce, "connect", connect)
    with tool("woocommerce") as shop:
        answers = ask(spoiled(shop), ["4"], ["1004"])  # type: ignore[arg-type]
        assert set(states(answers).values()) == {"not reached"}
        assert "4" in shop.store.customers
