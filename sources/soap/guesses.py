"""Which words mean what, in the ERPs our users have: Turkish and English, as data.

Everything is compared without case, Turkish dots and punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

WRITES = re.compile(
    r"^(create|update|delete|remove|set|add|insert|save|cancel|post|put|send|write|log(in|out|off)"
    r"|ekle|guncelle|sil|kaydet)",
)
TABLES: Mapping[str, tuple[str, ...]] = {
    "order_lines": ("orderline", "orderdetail", "siparissatir", "siparisdetay"),
    "invoices": ("invoice", "fatura"),
    "payments": ("payment", "receipt", "tahsilat", "odeme"),
    "orders": ("order", "siparis"),
    "contacts": ("contact", "kisi", "ilgili", "person"),
    "products": ("product", "item", "article", "stock", "stok", "urun", "malzeme"),
    "customers": ("customer", "client", "thirdpart", "party", "partner", "debtor", "account")
    + ("cari", "musteri"),
}
SINCE = (
    *("modifiedafter", "modifiedsince", "changedsince", "since", "lastmodified", "fromdate"),
    *("datefrom", "startdate", "modtimefrom", "degisiklik", "baslangictarihi"),
)
PLACES: Mapping[str, tuple[str, ...]] = {
    "since": SINCE,
    "until": ("modtimeto", "todate", "dateto", "enddate", "bitistarihi"),
    "bookmark": ("bookmark", "continuationtoken", "lastreturnedobjectid", "cursor", "nexttoken"),
    "page": ("pagenumber", "pageno", "pageindex", "page", "sayfa", "sayfano"),
    "offset": ("offset", "skip", "startindex", "firstrow", "startrow"),
    "size": ("setsize", "pagesize", "perpage", "limit", "maxrows", "rowlimit", "entriesperpage")
    + ("queryhitsmaximumnumbervalue", "top", "kayitsayisi", "take"),
}
LOGIN = ("username", "user", "login", "kullanici", "kullaniciadi", "kullanicikodu")
PASSWORD = ("password", "pass", "sifre", "parola")
RESULTS = ("resultcode", "errorcode", "statuscode", "returncode", "ack", "success")
KEYS = ("id", "no", "key", "code", "number", "kod", "kodu", "ref", "internalid", "rowid")
CURSORS = (
    *("lastdatemodified", "datemodification", "lastmodified", "modifiedon", "modifieddate"),
    *("lastupdated", "updatedat", "updated", "changedatetime", "lastmodifiedtime"),
    *("degistirmetarihi", "sondegisiklik", "guncellemetarihi"),
)
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "ref", "title", "unvan", "adi", "ad", "label", "description", "companyname"),
    "first_name": ("firstname", "givenname", "isim"),
    "last_name": ("lastname", "familyname", "surname", "soyadi", "soyad"),
    "email": ("email", "mail", "emailaddress", "eposta"),
    "phone": ("phone", "phoneno", "telephone", "tel", "telefon", "mobilephoneno", "phonepro"),
    "tax_number": ("vatregistrationno", "taxnumber", "vkn", "tckn", "vergino", "profid1"),
    "address": ("address", "street", "adres"),
    "city": ("city", "town", "il", "sehir"),
    "postcode": ("postcode", "zip", "postalcode", "zipcode", "postakodu"),
    "country": ("countrycode", "countryregioncode", "country", "ulke"),
    "balance": ("balance", "balancelcy", "bakiye"),
    "currency": ("currency", "currencycode", "currencyid", "parabirimi", "doviz"),
    "note": ("note", "notepublic", "notes", "aciklama"),
    "created_at": ("datecreation", "createdat", "createdon", "created", "olusturmatarihi"),
    "updated_at": CURSORS,
    "customer_key": ("customerid", "customerno", "selltocustomerno", "thirdpartyid", "socid")
    + ("clientid", "carikodu", "carikod", "accountid", "musterino"),
    "ordered_at": ("orderdate", "date", "siparistarihi", "tarih"),
    "issued_at": ("postingdate", "invoicedate", "date", "faturatarihi", "tarih"),
    "due_date": ("duedate", "datedue", "vadetarihi", "vade"),
    "status": ("status", "state", "durum"),
    "total": ("total", "grandtotal", "totalamount", "amountincludingvat", "geneltoplam", "tutar"),
    "net_total": ("totalnet", "subtotal", "amount", "nettutar"),
    "tax_total": ("totalvat", "taxamount", "kdvtutari", "kdv"),
    "number": ("ref", "number", "invoiceno", "faturano"),
    "sku": ("sku", "stockcode", "stokkodu"),
    "barcode": ("barcode", "gtin", "ean", "barkod"),
    "price": ("pricenet", "unitprice", "price", "salesprice", "fiyat"),
    "tax_rate": ("vatrate", "taxrate", "kdvorani"),
    "unit": ("baseunitofmeasure", "unit", "birim"),
    "role": ("poste", "jobtitle", "gorev"),
    "paid_at": ("paymentdate", "date", "tahsilattarihi"),
    "amount": ("amount", "tutar"),
}


def folded(text: str) -> str:
    """`Müşteri_No` and `musterino` are the same word."""
    text = text.translate(str.maketrans("ıİğĞşŞ", "iigGsS"))
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain.lower())


def table_of(*names: str) -> str | None:
    """The canonical table that the first telling name speaks of."""
    for name in names:
        for table, words in TABLES.items():
            if any(word in folded(name) for word in words):
                return table
    return None


def found(words: Iterable[str], paths: Iterable[str]) -> str | None:
    """The first path whose last name is one of the words; earlier words are better."""
    names: dict[str, str] = {}
    for path in paths:
        names.setdefault(folded(path.rpartition(".")[2]), path)
    return next((names[word] for word in words if word in names), None)


def place_of(argument: str) -> str | None:
    """since, page ...: what an argument of this name takes."""
    word = folded(argument)
    return next((place for place, words in PLACES.items() if word in words), None)


def writes(operation: str) -> bool:
    return WRITES.match(folded(operation)) is not None
