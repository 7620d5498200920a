"""What the ERP's services promise: Dolibarr 23's operations, structs and lists, as data."""

from __future__ import annotations

from collections.abc import Mapping

Fields = Mapping[str, str]  # member name -> XSD or tns type


def _strings(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), "xsd:string")


AUTHENTICATION = _strings("dolibarrkey sourceapplication login password entity")
RESULT = _strings("result_code result_label")
THIRDPARTY = {
    **_strings("id ref ref_ext fk_user_author status client supplier customer_code supplier_code"),
    **_strings("customer_code_accountancy supplier_code_accountancy"),
    **dict.fromkeys(("date_creation", "date_modification"), "xsd:dateTime"),
    **_strings("note_private note_public address zip town region_code country_id country_code"),
    **_strings("country phone fax email url profid1 profid2 profid3 profid4 profid5 profid6"),
    **_strings("capital vat_used vat_number"),
}
LINE = {
    "id": "xsd:string",
    **dict.fromkeys(("type", "fk_commande", "fk_parent_line"), "xsd:int"),
    "desc": "xsd:string",
    **dict.fromkeys(("qty", "price", "unitprice", "vat_rate", "remise"), "xsd:double"),
    **dict.fromkeys(("remise_percent", "total_net", "total_vat", "total"), "xsd:double"),
    **dict.fromkeys(("date_start", "date_end"), "xsd:date"),
    "product_id": "xsd:int",
    **_strings("product_ref product_label product_desc"),
}
ORDER = {
    **_strings("id ref ref_client ref_ext"),
    **dict.fromkeys(("thirdparty_id", "status"), "xsd:int"),
    "billed": "xsd:string",
    **dict.fromkeys(("total_net", "total_vat", "total_localtax1"), "xsd:double"),
    **dict.fromkeys(("total_localtax2", "total"), "xsd:double"),
    **dict.fromkeys(("date", "date_due"), "xsd:date"),
    **dict.fromkeys(("date_creation", "date_validation", "date_modification"), "xsd:dateTime"),
    **_strings("source note_private note_public project_id mode_reglement_id"),
    **_strings("mode_reglement_code mode_reglement cond_reglement_id cond_reglement_code"),
    **_strings("cond_reglement cond_reglement_doc"),
    "date_livraison": "xsd:date",
    "demand_reason_id": "xsd:string",
    "lines": "tns:LinesArray2",
}
PRODUCT = {
    **_strings("id ref ref_ext type label description"),
    **dict.fromkeys(("date_creation", "date_modification"), "xsd:dateTime"),
    **_strings("note status_tobuy status_tosell barcode barcode_type country_id country_code"),
    **_strings("customcode price_net price price_min_net price_min price_base_type vat_rate"),
    **_strings("vat_npr localtax1_tx localtax2_tx stock_alert stock_real stock_pmp"),
    **_strings("warehouse_ref canvas import_key dir"),
    "images": "tns:ImagesArray",
}
IMAGE = _strings("photo photo_vignette imgWidth imgHeight")
INVOICE_LINE = {
    "id": "xsd:string",
    "type": "xsd:int",
    "desc": "xsd:string",
    **dict.fromkeys(("vat_rate", "qty", "unitprice", "total_net", "total_vat"), "xsd:double"),
    "total": "xsd:double",
    **dict.fromkeys(("date_start", "date_end"), "xsd:date"),
    "product_id": "xsd:int",
    **_strings("product_ref product_label product_desc"),
}
INVOICE = {
    **_strings("id ref ref_ext"),
    "thirdparty_id": "xsd:int",
    **_strings("fk_user_author fk_user_valid"),
    **dict.fromkeys(("date", "date_due"), "xsd:date"),
    **dict.fromkeys(("date_creation", "date_validation", "date_modification"), "xsd:dateTime"),
    "payment_mode_id": "xsd:string",
    "type": "xsd:int",
    **dict.fromkeys(("total_net", "total_vat", "total"), "xsd:double"),
    **_strings("note_private note_public"),
    "status": "xsd:int",
    **_strings("close_code close_note project_id"),
    "lines": "tns:LinesArray2",
}
CONTACT = _strings(
    "id ref_ext lastname firstname address zip town state_id state_code state country_id"
    " country_code country socid phone_pro fax phone_perso phone_mobile code email birthday"
    " default_lang note ref_facturation ref_contrat ref_commande ref_propal user_id user_login"
    " civility_id poste statut"
)
FILTER = _strings("client supplier category")
PRODUCT_FILTER = _strings("type status_tobuy status_tosell")
CALLER = {"authentication": "tns:authentication"}
ANSWER = {"result": "tns:result"}
# service -> operation -> (parts in, parts out besides `result`)
SERVICES: dict[str, dict[str, tuple[Fields, Fields]]] = {
    "ThirdParty": {
        "getThirdParty": (
            CALLER | _strings("id ref ref_ext barcode profid1 profid2"),
            {"thirdparty": "tns:thirdparty"},
        ),
        "createThirdParty": (CALLER | {"thirdparty": "tns:thirdparty"}, _strings("id ref")),
        "updateThirdParty": (CALLER | {"thirdparty": "tns:thirdparty"}, _strings("id")),
        "getListOfThirdParties": (
            CALLER | {"filterthirdparty": "tns:filterthirdparty"},
            {"thirdparties": "tns:ThirdPartiesArray2"},
        ),
    },
    "Order": {
        "getOrder": (CALLER | _strings("id ref ref_ext"), {"order": "tns:order"}),
        "getOrdersForThirdParty": (
            CALLER | _strings("idthirdparty"),
            {"orders": "tns:OrdersArray2"},
        ),
    },
    "ProductOrService": {
        "getProductOrService": (
            CALLER | _strings("id ref ref_ext lang"),
            {"product": "tns:product"},
        ),
        "getListOfProductsOrServices": (
            CALLER | {"filterproduct": "tns:filterproduct"},
            {"products": "tns:ProductsArray2"},
        ),
    },
    "Invoice": {
        "getInvoice": (CALLER | _strings("id ref ref_ext"), {"invoice": "tns:invoice"}),
        "getInvoicesForThirdParty": (
            CALLER | _strings("idthirdparty"),
            {"invoices": "tns:InvoicesArray2"},
        ),
    },
    "Contact": {
        "getContact": (CALLER | _strings("id ref_ext"), {"contact": "tns:contact"}),
        "getContactsForThirdParty": (
            CALLER | _strings("idthirdparty"),
            {"contacts": "tns:ContactsArray2"},
        ),
    },
}
STRUCTS = {
    "ThirdParty": {"thirdparty": THIRDPARTY, "filterthirdparty": FILTER},
    "Order": {"line": LINE, "order": ORDER},
    "ProductOrService": {"product": PRODUCT, "image": IMAGE, "filterproduct": PRODUCT_FILTER},
    "Invoice": {"line": INVOICE_LINE, "invoice": INVOICE},
    "Contact": {"contact": CONTACT},
}
LISTS = {
    "ThirdParty": {"ThirdPartiesArray2": "thirdparty"},
    "Order": {"LinesArray2": "line", "OrdersArray2": "order"},
    "ProductOrService": {"ImagesArray": "image", "ProductsArray2": "product"},
    "Invoice": {"LinesArray2": "line", "InvoicesArray2": "invoice"},
    "Contact": {"ContactsArray2": "contact"},
}
ARRAYS = {"ThirdParty": {"ThirdPartiesArray": "thirdparty"}}  # declared as section-5 arrays
