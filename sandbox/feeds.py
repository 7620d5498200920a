"""Daily files of what no shop or CRM gives: visits, surveys, advertising costs, rates, calls.

Each in the dialect its program writes, under `feeds/` of the till's server:
    ziyaretler_YYYYMMDD.csv  UTF-8, `,`, ISO moments in UTC     visits and product views
    anketler_YYYYMMDD.csv    UTF-8 with a mark, `;`, quotes      NPS, CSAT, CES
    reklam_YYYYMMDD.csv      cp1254, `;`, 1.234,56               costs per channel and campaign
    kurlar_YYYYMMDD.csv      cp1254, `;`, 41,2345                rates in TRY
    cagrilar_YYYYMMDD.csv    UTF-16, tabs                        call records
Numbers are made of the records', so the same company has the same files.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zlib import crc32

from sandbox.records import Customer, Order
from sandbox.till_print import LOCAL, amount

CHANNELS = ("google", "instagram", "newsletter", "direct")
CAMPAIGNS = {"google": "bahar", "instagram": "yeni ürünler", "newsletter": "kasım", "direct": ""}
RATES = {"USD": Decimal("41.2345"), "EUR": Decimal("47.9812"), "GBP": Decimal("54.5501")}
COMMENTS = (
    "",
    "Kargo hızlıydı; teşekkürler",
    'Kutu "ezik" geldi',
    "İlgili bir ekip,\ntekrar gelirim",
)
Rows = Iterable[list[str]]


def write(
    folder: Path, night: date, customers: Iterable[Customer], orders: Iterable[Order]
) -> None:
    """The five files of one night; every customer and order of the till is good for something."""
    people, sold = list(customers), list(orders)
    visits, surveys = _visits(night, people, sold), _surveys(night, sold)
    _file(folder, "ziyaretler", night, VISITS, visits, "utf-8", ",")
    _file(folder, "anketler", night, SURVEYS, surveys, "utf-8-sig", ";", csv.QUOTE_ALL)
    _file(folder, "reklam", night, COSTS, _costs(night), "cp1254", ";")
    _file(folder, "kurlar", night, EXCHANGE, _rates(night), "cp1254", ";")
    _file(folder, "cagrilar", night, CALLS, _calls(night, people), "utf-16", "\t")


VISITS = "event_id,event,timestamp,visitor_id,customer_email,source,campaign,page,product_code"
SURVEYS = "CevapNo;Tur;Puan;Tarih;Eposta;Telefon;SiparisNo;Yorum"
COSTS = "Gun;Kanal;Kampanya;Harcama;ParaBirimi;Gosterim;Tiklama"
EXCHANGE = "Tarih;Doviz;Alis;Satis"
CALLS = "CagriNo\tBaslangic\tYon\tNumara\tDahili\tSure\tSonuc"


def _file(
    folder: Path,
    name: str,
    night: date,
    header: str,
    rows: Rows,
    encoding: str,
    delimiter: str,
    quoting: int = csv.QUOTE_MINIMAL,
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\r\n")
    writer.writerow(header.split(delimiter))
    writer.writerows(rows)
    path = folder / f"{name}_{night:%Y%m%d}.csv"
    aside = path.with_suffix(".part")
    aside.write_bytes(out.getvalue().encode(encoding))
    aside.replace(path)


def _chance(*what: object) -> int:
    return crc32("/".join(map(str, what)).encode())


def _moment(night: date, chance: int) -> datetime:
    return datetime.combine(night, time(), UTC) + timedelta(seconds=chance % 86_000)


def _visits(night: date, people: list[Customer], sold: list[Order]) -> Iterator[list[str]]:
    codes = sorted({line.sku for order in sold for line in order.lines}) or ["-"]
    for person in people:
        chance = _chance("visit", night, person.record)
        if chance % 3:
            continue
        channel = CHANNELS[chance % 4]
        for view, event in enumerate(["visit", "product_view", "product_view"][: chance % 4]):
            moment = _moment(night, chance) + timedelta(seconds=40 * view)
            code = codes[(chance + view) % len(codes)] if view else ""
            yield [
                f"{night:%Y%m%d}-{person.record}-{view}",
                event,
                f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                f"v{chance:08x}",
                person.email if chance % 2 else "",
                channel,
                CAMPAIGNS[channel],
                f"/urun/{code}" if code else "/",
                code,
            ]


def _surveys(night: date, sold: list[Order]) -> Iterator[list[str]]:
    for order in sold:
        chance = _chance("survey", night, order.record)
        if chance % 10:
            continue
        kind, most = (("nps", 11), ("csat", 5), ("ces", 7))[chance % 3]
        answered = _moment(night, chance).astimezone(LOCAL)
        yield [
            f"{night:%Y%m%d}-{order.record}",
            kind,
            str(chance // 7 % most + (kind != "nps")),
            f"{answered:%d.%m.%Y %H:%M}",
            order.email,
            order.phone,
            order.record,
            COMMENTS[chance % 4],
        ]


def _costs(night: date) -> Iterator[list[str]]:
    for channel in CHANNELS[:3]:
        chance = _chance("cost", night, channel)
        spent = Decimal(chance % 900_000) / 100
        yield [
            f"{night:%d.%m.%Y}",
            channel,
            CAMPAIGNS[channel],
            amount(spent),
            "TRY",
            amount(chance % 400_000, 0),
            amount(chance % 9_000, 0),
        ]


def _rates(night: date) -> Iterator[list[str]]:
    for currency, rate in RATES.items():
        buying = rate + Decimal(_chance("rate", night, currency) % 5000) / 10_000
        selling = buying + Decimal("0.0750")
        yield [f"{night:%d.%m.%Y}", currency, amount(buying, 4), amount(selling, 4)]


def _calls(night: date, people: list[Customer]) -> Iterator[list[str]]:
    for person in people:
        chance = _chance("call", night, person.record)
        if chance % 12 or not person.phone:
            continue
        began = _moment(night, chance).astimezone(LOCAL)
        yield [
            f"{night:%Y%m%d}-{person.record}",
            f"{began:%d.%m.%Y %H:%M:%S}",
            "in" if chance % 5 else "out",
            person.phone,
            f"10{chance % 4}",
            str(chance % 900),
            ("çözüldü", "geri aranacak", "ulaşılamadı")[chance % 3],
        ]
