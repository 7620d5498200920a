"""What is read of each Shopify object: fields as data; `queries` makes queries of them.

Only connections that need an object of their own are children; the rest are plain lists, which
bulk operations accept too. Not read: `abandonedCheckoutUrl`, which opens the customer's cart to
whoever holds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

MONEY = "{ shopMoney { amount currencyCode } }"
TAXES = f"taxLines {{ title rate priceSet {MONEY} }}"
DISCOUNTS = f"""discountAllocations {{
  allocatedAmountSet {MONEY}
  discountApplication {{
    index targetType allocationMethod
    ... on DiscountCodeApplication {{ code }}
    ... on AutomaticDiscountApplication {{ automatic: title }}
    ... on ManualDiscountApplication {{ manual: title }}
    ... on ScriptDiscountApplication {{ script: title }}
  }}
}}"""
ADDRESS = "{ name company address1 address2 city province zip countryCodeV2 phone }"
WHOLE_DAY = timedelta(days=1, minutes=10)


@dataclass(frozen=True)
class Child:
    """A connection inside a row; `first`: how many come with the row, the rest page by page."""

    name: str
    type: str
    fields: str
    first: int


@dataclass(frozen=True)
class Kind:
    """One table. `first`: rows a page, so that it costs under the 1,000 points allowed.

    `connection`: the query's root field; `count`: the one that counts it. `subject`: its name in
    the shop's events. `within`: rows are what each of `connection` holds under this name.
    """

    type: str
    connection: str
    fields: str
    first: int
    count: str | None = None
    subject: str | None = None
    children: tuple[Child, ...] = ()
    within: str | None = None
    overlap: timedelta = timedelta(minutes=10)


METAFIELDS = Child("metafields", "Metafield", "id namespace key type value", 5)
REFUNDS = Kind(
    "Refund",
    "",
    f"id createdAt processedAt updatedAt note totalRefundedSet {MONEY}",
    5,
    children=(
        Child(
            "refundLineItems",
            "RefundLineItem",
            f"id quantity restockType lineItem {{ id }} subtotalSet {MONEY} totalTaxSet {MONEY}",
            20,
        ),
    ),
)
KINDS = {
    "customers": Kind(
        "Customer",
        "customers",
        # smsMarketingConsent exists from 2026-10; before, the same is phone.marketingState.
        f"""id firstName lastName displayName note createdAt updatedAt
        tags locale state verifiedEmail taxExempt
        defaultEmailAddress {{
          emailAddress marketingState marketingOptInLevel marketingUpdatedAt
        }}
        defaultPhoneNumber {{
          phoneNumber smsMarketingConsent {{ state optInLevel updatedAt }}
        }}
        defaultAddress {ADDRESS}""",
        40,
        "customersCount",
        "CUSTOMER",
        (
            Child("addressesV2", "MailingAddress", f"id {ADDRESS[1:-1]}", 5),
            METAFIELDS,
        ),
        # customers.updated_at is documented as matching whole days, hence the day of overlap.
        overlap=WHOLE_DAY,
    ),
    "orders": Kind(
        "Order",
        "orders",
        f"""id name email phone createdAt processedAt updatedAt cancelledAt cancelReason closedAt
        displayFinancialStatus displayFulfillmentStatus returnStatus currencyCode
        presentmentCurrencyCode test tags note sourceName discountCodes taxesIncluded
        paymentGatewayNames
        customer {{ id }}
        billingAddress {ADDRESS}
        shippingAddress {ADDRESS}
        currentTotalPriceSet {MONEY}
        subtotalPriceSet {MONEY}
        totalDiscountsSet {MONEY}
        totalTaxSet {MONEY}
        totalShippingPriceSet {MONEY}
        totalRefundedSet {MONEY}
        {TAXES}
        shippingLine {{ title originalPriceSet {MONEY} discountedPriceSet {MONEY} }}
        fulfillments {{
          id status createdAt updatedAt inTransitAt estimatedDeliveryAt deliveredAt totalQuantity
          trackingInfo {{ company number }}
        }}
        refunds {{ id }}""",
        8,
        "ordersCount",
        "ORDER",
        (
            Child(
                "lineItems",
                "LineItem",
                f"""id sku title variantTitle vendor quantity currentQuantity unfulfilledQuantity
                product {{ id }} variant {{ id }}
                originalUnitPriceSet {MONEY} discountedTotalSet {MONEY}
                {TAXES} {DISCOUNTS}""",
                5,
            ),
        ),
    ),
    "abandoned_checkouts": Kind(
        "AbandonedCheckout",
        "abandonedCheckouts",
        f"""id name note createdAt updatedAt completedAt discountCodes
        customer {{ id defaultEmailAddress {{ emailAddress }} }}
        billingAddress {ADDRESS}
        shippingAddress {ADDRESS}
        totalPriceSet {MONEY} totalDiscountSet {MONEY} totalTaxSet {MONEY}""",
        15,
        "abandonedCheckoutsCount",
        children=(
            Child(
                "lineItems",
                "AbandonedCheckoutLineItem",
                f"""id sku title variantTitle quantity product {{ id }} variant {{ id }}
                originalUnitPriceSet {MONEY} discountedTotalPriceSet {MONEY}""",
                5,
            ),
        ),
    ),
    "products": Kind(
        "Product",
        "products",
        """id title handle status vendor productType tags createdAt updatedAt publishedAt
        totalInventory category { fullName }""",
        100,
        "productsCount",
        "PRODUCT",
        (METAFIELDS,),
    ),
    "variants": Kind(
        "ProductVariant",
        "productVariants",
        """id title displayName sku barcode position price compareAtPrice createdAt updatedAt
        inventoryQuantity selectedOptions { name value } product { id }
        inventoryItem { id tracked unitCost { amount currencyCode } }""",
        150,
        "productVariantsCount",
        "PRODUCT_VARIANT",
    ),
    "inventory_levels": Kind(
        "InventoryLevel",
        "locations",
        """id createdAt updatedAt
        item { id sku } location { id name }
        quantities(names: ["available", "on_hand", "committed", "incoming"]) { name quantity }""",
        150,
        within="inventoryLevels",
    ),
}
