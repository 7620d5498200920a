"""Products, payments, refunds and stock: from what each kind of system tells of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from contracts import contract_of
from systems import System
from tests.core.house import House
from warehouse.check import check
from warehouse.load import load

SHOP, WEB = System("shop", "shopify"), System("web", "woocommerce")
ERP = System("erp", "files", contract="canonical")
AT = "2026-05-01T09:00:00Z"
STAMPS = {"createdAt": AT, "updatedAt": AT}
GMT = {"date_created_gmt": "2026-05-01T09:00:00", "date_modified_gmt": "2026-05-01T09:00:00"}


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def lira(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "TRY"}}


def shop_order(number: int, status: str, refunds: tuple[str, ...] = ()) -> dict[str, Any]:
    line = {
        "id": gid("LineItem", number),
        "product": {"id": gid("Product", 1)},
        "variant": {"id": gid("ProductVariant", 11)},
        "quantity": 1,
    }
    refunded = [
        {"id": gid("Refund", place), "processedAt": AT, "totalRefundedSet": lira(amount)}
        for place, amount in enumerate(refunds, start=number * 10)
    ]
    return {
        "id": gid("Order", number),
        "displayFinancialStatus": status,
        "currentTotalPriceSet": lira("60.00"),
        "subtotalPriceSet": lira("90.00"),
        "totalShippingPriceSet": lira("10.00"),
        "totalTaxSet": lira("15.00"),
        "taxesIncluded": True,
        "totalRefundedSet": lira(str(sum(map(Decimal, refunds)))),
        "refunds": refunded,
        "lineItems": {"nodes": [line]},
        "processedAt": AT,
        **STAMPS,
    }


def shopify(house: House) -> None:
    product = {"id": gid("Product", 1), "title": "Halı", "status": "ACTIVE", "vendor": "Uşak"}
    variant = {
        "id": gid("ProductVariant", 11),
        "product": {"id": gid("Product", 1)},
        "displayName": "Halı - Kırmızı",
        "price": "60.00",
        "inventoryItem": {"id": gid("InventoryItem", 5)},
    }
    level = {
        "id": f"{gid('InventoryLevel', 9)}?inventory_item_id=5",
        "item": {"id": gid("InventoryItem", 5)},
        "location": {"id": gid("Location", 3), "name": "Bursa"},
        "quantities": [{"name": "on_hand", "quantity": 7}, {"name": "committed", "quantity": 2}],
    }
    states = ("PAID", "PENDING", "PARTIALLY_PAID", "REFUNDED", "PARTIALLY_REFUNDED")
    back = {"REFUNDED": ("100.00",), "PARTIALLY_REFUNDED": ("30.00", "10.00")}
    orders = [shop_order(n, state, back.get(state, ())) for n, state in enumerate(states, start=1)]
    put(house, SHOP, "products", {**product, **STAMPS})
    put(house, SHOP, "variants", {**variant, **STAMPS})
    put(house, SHOP, "inventory_levels", {**level, **STAMPS})
    put(house, SHOP, "orders", *orders)


def woocommerce(house: House) -> None:
    shirt = {"id": 40, "name": "Gömlek", "type": "variable", "status": "publish", **GMT}
    counted = {"manage_stock": True, "stock_quantity": 4, "status": "publish"}
    blue = {"id": 41, "parent_id": 40, "attributes": [{"name": "Renk", "option": "mavi"}]}
    order = {"customer_id": 0, "currency": "EUR", "total": "25.00", "status": "completed", **GMT}
    line = {"id": 1, "product_id": 40, "quantity": 1, "total": "25.00"}
    put(house, WEB, "products", shirt)
    put(house, WEB, "variations", {**blue, **counted, **GMT})
    paid = {"date_paid_gmt": "2026-05-02T08:00:00", "payment_method": "iyzico"}
    put(
        house,
        WEB,
        "orders",
        {"id": 1, **order, **paid, "transaction_id": "x-1", "line_items": [line]},
        {"id": 2, **order, "date_paid_gmt": None, "line_items": []},
    )
    put(house, WEB, "refunds", {"id": 7, "parent_id": 1, "amount": "5.00", "reason": "leke", **GMT})


def books(house: House) -> None:
    order = {"order_id": "S1", "customer_key": "K1", "total": "80.00", "currency": "TRY"}
    line = {"line_id": "1", "product_id": "P/1", "total": "80.00"}
    put(house, ERP, "customers", {"customer_key": "K1", "name": "Ayşe"})
    put(house, ERP, "orders", {**order, "ordered_at": AT, "lines": [line]})
    put(house, ERP, "products", {"product_id": "P/1", "name": "Kilim", "currency": "TRY"})
    money = {"amount": "80.00", "currency": "TRY"}
    put(house, ERP, "payments", {"payment_id": "T1", "order_id": "S1", "paid_at": AT, **money})
    put(house, ERP, "refunds", {"refund_id": "R1", "customer_key": "K1", "amount": "8.00"})
    stock = {"product_id": "P/1", "location": "depo", "quantity": "3"}
    put(house, ERP, "stock_levels", stock, key=("product_id", "location"))


def put(
    house: House,
    system: System,
    table: str,
    *rows: dict[str, Any],
    key: tuple[str, ...] | None = None,
) -> None:
    key = key or tuple(contract_of(system).tables[table].key)
    house.land(*rows, table=table, system=system, key=key)


@pytest.fixture
def built(house: House) -> House:
    shopify(house)
    woocommerce(house)
    books(house)
    for system in (SHOP, WEB, ERP):
        assert [one.problem for one in check(house.places, system, contract_of(system))] == [
            None for _ in house.places.landing.joinpath(system.name).glob("*")
        ]
        load(house.places, system, contract_of(system))
    house.build(SHOP, WEB, ERP)
    return house


def test_every_order_line_finds_its_product(built: House) -> None:
    found = built.served(
        """select lines.system, products.name, variants.name, count(*)
        from marts.order_lines as lines
        inner join marts.products as products using (product_id)
        left join marts.products as variants on lines.variant_id = variants.product_id
        group by all order by all"""
    )
    assert found == [
        ("erp", "Kilim", None, 1),
        ("shop", "Halı", "Halı - Kırmızı", 5),
        ("web", "Gömlek", None, 1),
    ]


def test_a_product_that_is_gone_stays_and_is_not_sold(built: House) -> None:
    assert built.served("select count(*) from marts.products where not is_sold") == [(0,)]
    built.land(table="products", system=SHOP, gone=(gid("Product", 1),))
    check(built.places, SHOP, contract_of(SHOP))
    load(built.places, SHOP, contract_of(SHOP))
    built.build(SHOP, WEB, ERP)
    query = "select name from marts.products where system = 'shop' and not is_sold order by all"
    assert built.served(query) == [("Halı",), ("Halı - Kırmızı",)]


def test_a_variant_is_known_with_its_product(built: House) -> None:
    query = """select name, brand, parent_id, price::varchar, currency from marts.products
        where parent_id is not null order by all"""
    assert built.served(query) == [
        ("Gömlek - mavi", None, "web/products/40", None, "EUR"),
        ("Halı - Kırmızı", "Uşak", f"shop/products/{gid('Product', 1)}", "60.0000", "TRY"),
    ]


def test_payments_less_refunds_is_what_is_left(built: House) -> None:
    payments = """select system, status, amount::varchar, method, reference, paid_on::varchar
        from marts.payments order by all"""
    day = "2026-05-01"
    assert built.served(payments) == [
        ("erp", None, "80.00", None, None, day),
        ("shop", "paid", "60.00", None, None, day),
        ("shop", "partially_paid", None, None, None, day),
        ("shop", "partially_refunded", "100.00", None, None, day),
        ("shop", "refunded", "100.00", None, None, day),
        ("web", "completed", "25.00", "iyzico", "x-1", "2026-05-02"),
    ]
    refunds = """select system, count(*), sum(amount)::varchar, max(currency), count(customer_id),
            count(order_id) from marts.refunds group by all order by all"""
    assert built.served(refunds) == [
        ("erp", 1, "8.00", None, 1, 0),
        ("shop", 3, "140.00", "TRY", 0, 3),
        ("web", 1, "5.00", "EUR", 0, 1),
    ]
    assert built.served("select customer_id is not null from marts.payments where system = 'erp'")[
        0
    ] == (True,)


def test_stock_is_counted_where_it_is(built: House) -> None:
    query = """select stock.system, products.name, location, quantity::varchar, reserved::varchar
        from marts.stock_levels as stock
        inner join marts.products as products using (product_id) order by all"""
    assert built.served(query) == [
        ("erp", "Kilim", "depo", "3.000", None),
        ("shop", "Halı - Kırmızı", "Bursa", "7.000", "2.000"),
        ("web", "Gömlek - mavi", "store", "4.000", None),
    ]
