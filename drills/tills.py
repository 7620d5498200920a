"""Two tills of one company, landed in two rounds, and what a warehouse must hold of their loads.

In the second round rows changed (some twice, in two loads), came anew, went, got worse and got
better, and two customers turned out to be one.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import duckdb

from sandbox.landed import land
from systems import System
from warehouse import Places, memory
from warehouse.landing import Landing

TABLES = {"till": ("customers", "order_lines"), "branch": ("customers",)}
BAD = "yok"  # an e-mail that is none
ROUNDS = (("1700000001.5",), ("1700000002.5", "1700000003.5"))  # loads
# Load -> which of the customers it brings, and how they are called.
CHANGED = {
    "1700000001.5": ("n <= {size}", "Ad"),
    "1700000002.5": ("n % 3 = 0 or n % 25 = 0 or n % 10 = 7 or n > {size}", "Yeni"),
    "1700000003.5": ("n % 6 = 0", "Yeniden"),
}
GONE = ("1700000002.5", "n % 10 = 7")
WORSE = {
    "1700000001.5": "n % 25 = 0",
    "1700000002.5": "n % 50 = 0 or n = 9",
    "1700000003.5": "false",
}


class Known(NamedTuple):
    """What a warehouse holds of a set of loads: (system, table, key, load, what happened to it),
    and (system, table, key, state, load) in quarantine; both sorted."""

    rows: list[tuple[str, str, str, str, str | None]]
    waiting: list[tuple[str, str, str, str, str]]


def systems(folder: Path) -> list[System]:
    write_back = {"directory": "in", "key": "MusteriNo"}
    return [
        System(
            name,
            "files",
            contract="till",
            settings={
                "folder": str(folder / "files" / name),
                "write_back": write_back,
                "only": list(tables),
            },
        )
        for name, tables in TABLES.items()
    ]


def land_round(places: Places, number: int, size: int) -> None:
    """Of 0 or 1."""
    for load in ROUNDS[number]:
        for name in TABLES:
            land(places, name, "customers", load, _customers(name, load, size))
    land(places, "till", "order_lines", ROUNDS[number][0], _lines(ROUNDS[number][0], size))


def _customers(system: str, load: str, size: int) -> str:
    which, named = CHANGED[load]
    gone = GONE[1] if load == GONE[0] else "false"
    worse = WORSE[load] if system == "till" else "false"
    # Customers of both tills have the same address; 12 moves in with 18.
    person = "case when n = 12 then 18 else n end" if load != ROUNDS[0][0] else "n"
    # Half of the branch's customers are also the till's.
    at = "'posta'" if system == "till" else "case when n % 2 = 0 then 'posta' else 'sube' end"
    return f"""
        select n::varchar as key, case when {gone} then 'deleted' end as change,
            case when not {gone} then json_object(
                'MusteriNo', n::varchar, 'AdSoyad', concat('{named} Soyad', n),
                'Eposta', case when {worse} then '{BAD}'
                    else concat('kisi', {person}, '@', {at}, '.example') end,
                'Sehir', 'Muğla', 'Izin', case when n % 4 = 0 then 'E' else 'H' end,
                'KayitTarihi', '05.01.2026')::varchar end as row
        from range(1, {size + 6}) as numbers(n) where {which.format(size=size)}"""


def _lines(load: str, size: int) -> str:
    which, _ = CHANGED[load]
    return f"""
        select concat('F', n, '/', line) as key, null as change, json_object(
            'FisNo', concat('F', n), 'SatirNo', line::varchar, 'MusteriNo', n::varchar,
            'TarihSaat', '06.02.2026 14:30', 'UrunKodu', concat('KP-', n % 9), 'UrunAdi', 'Cezve',
            'Adet', '2', 'BirimFiyat', '10,50', 'Tutar', '{load[9]}1,00', 'ParaBirimi', 'TRY'
        )::varchar as row
        from range(1, {size + 6}) as numbers(n), range(1, 3) as lines(line)
        where {which.format(size=size)}"""


def follows(places: Places, loads: list[tuple[str, str, str]]) -> Known:
    """What must be known of these loads (system, table, load)."""
    rows: dict[tuple[str, str, str], tuple[str, str | None]] = {}
    waiting: dict[tuple[str, str, str], tuple[str, str]] = {}
    for system, table, load in sorted(loads, key=lambda one: one[2]):
        for key, change, is_bad in _landed(places, system, table, load):
            place = (system, table, key)
            if is_bad:
                waiting[place] = ("open", load)
                continue
            if place in waiting:
                waiting[place] = ("cleared", load)
            if change is None or place in rows:
                rows[place] = (load, change)
    return Known(
        sorted((*place, *row) for place, row in rows.items()),
        sorted((*place, *state) for place, state in waiting.items()),
    )


def _landed(places: Places, system: str, table: str, load: str) -> list[tuple[str, str, bool]]:
    [found] = [one for one in Landing(places.landing).loads(system, table) if one.id == load]
    connection = memory()
    rows = connection.execute(
        f"""select _key, _change, coalesce(_row->>'Eposta' = '{BAD}', false)
            from ({found.rows_query})"""
    ).fetchall()
    connection.close()
    return rows


def known(connection: duckdb.DuckDBPyConnection) -> Known:
    """What the warehouse that is open holds."""
    rows = " union all ".join(
        f"select _system, '{table}', _key, _load_id, _change from raw_canonical.{table}"
        for table in TABLES["till"]
    )
    waiting = "select system, table_name, key, state, last_load from quarantine.rows"
    return Known(*(sorted(connection.execute(query).fetchall()) for query in (rows, waiting)))
