"""Products, stock, checkouts, taxes, deliveries and refunds as GraphQL objects."""

from __future__ import annotations

from typing import Any

from sandbox.records import Line, Order
from sandbox.shopify.goods import LOCATIONS, Checkout, Level, Product, Refund, product_of
from sandbox.shopify.pages import connection
from sandbox.shopify.words import Row, gid, iso, money

VAT = 20  # per cent, in every price


def tax_lines(amount: Any, currency: str) -> list[Row]:
    tax = amount * VAT / (100 + VAT)
    return [{"title": "KDV", "rate": VAT / 100, "priceSet": money(tax, currency)}]


def line_node(order: Order, line: Line) -> Row:
    sent = order.status == "completed"
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", int(order.record) * 100 + line.line),
        "name": line.product,
        "title": line.product,
        "variantTitle": None,
        "vendor": "Sandbox",
        "sku": line.sku,
        "quantity": line.quantity,
        "currentQuantity": line.quantity,
        "unfulfilledQuantity": 0 if sent else line.quantity,
        "product": {"id": gid("Product", product_of(line.sku)), "title": line.product},
        "variant": {"id": gid("ProductVariant", product_of(line.sku))},
        "taxLines": lambda info, first=None: tax_lines(line.total, order.currency),
        "discountAllocations": [],
        "originalUnitPriceSet": money(line.unit_price, order.currency),
        "discountedTotalSet": money(line.total, order.currency),
    }


def lines_of(order: Order, **asked: Any) -> Row:
    places = [(line.line, place) for place, line in enumerate(order.lines)]
    return connection(places, lambda place: line_node(order, order.lines[place]), **asked)


def deliveries(order: Order) -> list[Row]:
    if order.status != "completed":
        return []
    moment = iso(order.updated_at)
    return [
        {
            "__typename": "Fulfillment",
            "id": gid("Fulfillment", f"{order.record}1"),
            "status": "SUCCESS",
            "createdAt": moment,
            "updatedAt": moment,
            "totalQuantity": sum(line.quantity for line in order.lines),
            "trackingInfo": [{"company": "Kargo", "number": f"TR{order.record}"}],
        }
    ]


def refund_node(order: Order, place: int, refund: Refund) -> Row:
    moment = iso(refund.at)
    returned = [(line.line, at) for at, line in enumerate(order.lines) if line.line in refund.lines]

    def returned_node(at: int) -> Row:
        line = order.lines[at]
        quantity = refund.lines[line.line]
        amount = line.unit_price * quantity
        tax = tax_lines(amount, order.currency)[0]["priceSet"]
        return {
            "__typename": "RefundLineItem",
            "id": gid("RefundLineItem", f"{order.record}{place}{line.line}"),
            "quantity": quantity,
            "restockType": "RETURN",
            "lineItem": line_node(order, line),
            "subtotalSet": money(amount, order.currency),
            "totalTaxSet": tax,
        }

    return {
        "__typename": "Refund",
        "id": gid("Refund", int(order.record) * 10 + place),
        "createdAt": moment,
        "processedAt": moment,
        "updatedAt": moment,
        "note": None,
        "totalRefundedSet": money(refund.amount, order.currency),
        "refundLineItems": lambda info, **asked: connection(returned, returned_node, **asked),
    }


def product_node(product: Product, stock: int) -> Row:
    return {
        "__typename": "Product",
        "id": gid("Product", product.record),
        "title": product.title,
        "handle": product.sku.lower(),
        "status": product.status,
        "vendor": "Sandbox",
        "productType": "",
        "tags": [],
        "createdAt": iso(product.created_at),
        "updatedAt": iso(product.updated_at),
        "publishedAt": iso(product.created_at),
        "totalInventory": stock,
        "category": None,
        "metafields": lambda info, **asked: connection([], lambda place: None, first=1),
    }


def item_node(product: Product) -> Row:
    number = gid("InventoryItem", product.record)
    return {"id": number, "sku": product.sku, "tracked": True, "unitCost": None}


def variant_node(product: Product, stock: int) -> Row:
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", product.record),
        "title": "Default Title",
        "displayName": f"{product.title} - Default Title",
        "sku": product.sku,
        "barcode": None,
        "position": 1,
        "price": f"{product.price:.2f}",
        "compareAtPrice": None,
        "createdAt": iso(product.created_at),
        "updatedAt": iso(product.updated_at),
        "inventoryQuantity": stock,
        "selectedOptions": [{"name": "Title", "value": "Default Title"}],
        "product": {"id": gid("Product", product.record), "title": product.title},
        "inventoryItem": item_node(product),
    }


def level_gid(level: Level) -> str:
    return f"{gid('InventoryLevel', level.record)}?inventory_item_id={level.product}"


def level_node(level: Level, product: Product) -> Row:
    def quantities(info: Any, names: list[str]) -> list[Row]:
        held = {"available": level.available, "on_hand": level.available}
        return [
            {"id": gid("InventoryQuantity", name), "name": name, "quantity": held.get(name, 0)}
            for name in names
        ]

    place = {"id": gid("Location", level.location), "name": LOCATIONS[level.location]}
    return {
        "__typename": "InventoryLevel",
        "id": level_gid(level),
        "createdAt": iso(level.created_at),
        "updatedAt": iso(level.updated_at),
        "item": item_node(product),
        "location": place,
        "quantities": quantities,
    }


def checkout_node(checkout: Checkout, customer: Row | None) -> Row:
    def line(place: int) -> Row:
        bought = checkout.lines[place]
        number = gid("Product", product_of(bought.sku))
        return {
            "__typename": "AbandonedCheckoutLineItem",
            "id": gid("AbandonedCheckoutLineItem", f"{checkout.record}{bought.line}"),
            "sku": bought.sku,
            "title": bought.product,
            "variantTitle": None,
            "quantity": bought.quantity,
            "product": {"id": number, "title": bought.product},
            "variant": {"id": gid("ProductVariant", product_of(bought.sku))},
            "originalUnitPriceSet": money(bought.unit_price, checkout.currency),
            "discountedTotalPriceSet": money(bought.total, checkout.currency),
        }

    places = [(bought.line, place) for place, bought in enumerate(checkout.lines)]
    address = customer["defaultAddress"] if customer else None
    return {
        "__typename": "AbandonedCheckout",
        "id": gid("AbandonedCheckout", checkout.record),
        "name": f"#{checkout.record}",
        "note": "",
        "createdAt": iso(checkout.created_at),
        "updatedAt": iso(checkout.updated_at),
        "completedAt": None,
        "discountCodes": [],
        "customer": customer,
        "billingAddress": address,
        "shippingAddress": address,
        "totalPriceSet": money(checkout.total, checkout.currency),
        "totalDiscountSet": money(checkout.total * 0, checkout.currency),
        "totalTaxSet": tax_lines(checkout.total, checkout.currency)[0]["priceSet"],
        "lineItems": lambda info, **asked: connection(places, line, **asked),
    }
