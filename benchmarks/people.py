"""Customers as an accounting package gives them, 15 columns, made by SQL, always the same ones.

Of a thousand one has a birth date that is none, one an e-mail that is none, one a balance out of
bounds: three go to quarantine, far fewer than what refuses a load.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contracts import Contract, contract_of
from contracts.typed import quoted, text
from systems import System

SYSTEM = System("erp", "soap", contract=str(Path(__file__).with_name("people.odcs.yaml")))
TABLE = "customers"
EVERY = 1_000
# Rule -> which of a thousand break it.
BROKEN = {"readable": 101, "email.pattern": 202, "balance.maximum": 303}
COLUMNS = {
    "customer_key": "n::varchar",
    "name": "concat(['Ayşe', 'Mehmet', 'Zeynep', 'Çağlar', 'Işıl'][n % 5 + 1], ' ', "
    "['Yılmaz', 'Kaya', 'Öztürk', 'Şahin'][n // 5 % 4 + 1])",
    "email": f"concat('musteri', n, case when n % {EVERY} = {BROKEN['email.pattern']} "
    "then ' posta' else '@posta' end, '.example')",
    "phone": "printf('+90 532 %03d %04d', n // 10000 % 1000, n % 10000)",
    "tax_number": "printf('%010d', n * 7919)",
    "birth_date": "date '1950-01-01' + (n % 20000)::integer",
    "address": "concat('Çınar Sokak No ', n % 190)",
    "city": "['İstanbul', 'Ankara', 'İzmir', 'Muğla'][n % 4 + 1]",
    "postcode": "(34000 + n % 900)::varchar",
    "country": "'TR'",
    "consent_email": "n % 3 = 0",
    "balance": f"(n % 100000) / 4 + case when n % {EVERY} = {BROKEN['balance.maximum']} "
    "then 1000001 else 0 end",
    "currency": "case when n % 9 = 0 then 'EUR' else 'TRY' end",
    "created_at": "timestamp '2015-01-01' + to_minutes(n % 5000000)",
    "updated_at": "timestamp '2026-11-01' + to_seconds(n)",
}


def contract() -> Contract:
    return contract_of(SYSTEM)


def broken(rule: str, size: int) -> int:
    """How many of the customers 1 to `size` break the rule."""
    return (size - BROKEN[rule]) // EVERY + 1 if rule in BROKEN and size >= BROKEN[rule] else 0


def documents(numbers: str) -> str:
    """SELECT of key, row and change. `numbers`: SELECT of n, the customers."""
    cells = {
        **COLUMNS,
        "birth_date": f"case when n % {EVERY} = {BROKEN['readable']} then '31.02.1990' "
        f"else ({COLUMNS['birth_date']})::varchar end",
        "balance": f"printf('%.2f', {COLUMNS['balance']})",
        "created_at": _moment(COLUMNS["created_at"]),
        "updated_at": _moment(COLUMNS["updated_at"]),
    }
    parts = ", ".join(f"{text(name)}, {sql}" for name, sql in _as_given(cells).items())
    return (
        f"select n::varchar as key, json_object({parts})::varchar as row, "
        f"null::varchar as change from ({numbers})"
    )


def typed(numbers: str) -> str:
    """SELECT of the raw table's columns, of customers in good order."""
    columns = ", ".join(f"{sql} as {quoted(name)}" for name, sql in COLUMNS.items())
    return f"""select {text(SYSTEM.name)} as _system, n::varchar as _key, md5(n::varchar) as _hash,
        '1600000000.5' as _load_id, null::varchar as _change, {columns}, '{{}}'::JSON as _extra
        from ({numbers})"""


def _moment(sql: str) -> str:
    return f"strftime({sql}, '%Y-%m-%dT%H:%M:%SZ')"


def _as_given(cells: Mapping[str, str]) -> dict[str, str]:
    return {"no" if name == "customer_key" else name: sql for name, sql in cells.items()}
