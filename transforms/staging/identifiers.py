"""One row per distinct e-mail, phone and tax number as written, with its normal form.

`normal` is NULL where the value identifies nobody: unreadable, a failed checksum, a placeholder.
Python because the field's library for telephone numbers is. That takes tens of microseconds for
each, so the normal form of a value that was there in the last build is taken from there.
"""

from __future__ import annotations

import re

import phonenumbers
import pyarrow as pa

from warehouse import Database
from warehouse.build import Context, Part

READS = ("staging.contact_values",)
REGION = "TR"
# Ten digits of Turkey in the usual ways of writing them, of which nothing else could be made.
BETWEEN = re.compile(r"[ ().-]")
USUAL = re.compile(r"(?:(?:00|\+)90|0)?([2-5][0-9]{9})")
# Typed to get past a form; some have a valid checksum.
PLACEHOLDERS = frozenset({"1234567890", "12345678901", "11111111110", "10000000146"})
# Turkish capitals fold wrongly with str.lower(): 'İ'.lower() is two characters.
TURKISH = str.maketrans("İIı", "iii")


SCHEMA = pa.schema([(column, pa.string()) for column in ("type", "value", "normal")])
VALUES = "create or replace temp table written as select type, value from staging.contact_values"
GONE = """
    create or replace temp table gone as
    select type, value from {0} anti join temp.written using (type, value)
"""


def model(context: Context) -> pa.Table | Part:
    connection, earlier = context.connection, context.earlier
    connection.execute(VALUES)
    new = f"anti join {earlier} using (type, value)" if earlier else ""
    kinds = connection.execute("select distinct type from temp.written order by type").fetchall()
    found = pa.concat_tables(
        [
            SCHEMA.empty_table(),
            *(_normal(connection, one, f"temp.written {new}") for (one,) in kinds),
        ]
    )
    if earlier:
        connection.execute(GONE.format(earlier))
    connection.execute("drop table temp.written")
    return Part(found, "(type, value) in (from temp.gone)") if earlier else found


def _normal(connection: Database, kind: str, written: str) -> pa.Table:
    """Column by column: with a tuple for each value it takes half as long again."""
    values = connection.execute(
        f"select value from {written} where type = $1", [kind]
    ).to_arrow_table()["value"]
    normal = pa.array(map(NORMAL[kind], values.to_pylist()), pa.string())
    return pa.table([pa.repeat(kind, len(values)), values, normal], schema=SCHEMA)


def email(value: str) -> str | None:
    """Lower case, without the tag behind a plus sign."""
    local, _, domain = value.strip().translate(TURKISH).lower().rpartition("@")
    local = local.partition("+")[0]
    return f"{local}@{domain}" if local and "." in domain else None


def phone(value: str) -> str | None:
    """E.164; nothing for numbers that nobody has: the subscriber's part is one digit repeated."""
    if usual := USUAL.fullmatch(BETWEEN.sub("", value)):
        number = usual.group(1)
        return f"+90{number}" if len(set(number[-7:])) > 1 else None
    return _unusual_phone(value)


def _unusual_phone(value: str) -> str | None:
    """As the library reads it, which takes fifty times as long."""
    try:
        number = phonenumbers.parse(value, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    # Seven digits without an area code are another number in every city; 444 numbers are whole.
    if number.national_number < 10**7 and not phonenumbers.is_valid_number(number):
        return None
    if len(set(str(number.national_number)[-7:])) == 1:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def tax_number(value: str) -> str | None:
    """Digits of a VKN or TCKN whose checksum holds."""
    digits = re.sub(r"\D", "", value)
    if digits in PLACEHOLDERS or len(set(digits)) == 1:
        return None
    valid = {10: _is_vkn, 11: _is_tckn}.get(len(digits))
    return digits if valid and valid([int(digit) for digit in digits]) else None


def _is_tckn(d: list[int]) -> bool:
    tenth = (sum(d[0:9:2]) * 7 - sum(d[1:8:2])) % 10
    return d[0] != 0 and d[9] == tenth and d[10] == sum(d[:10]) % 10


def _is_vkn(d: list[int]) -> bool:
    total = 0
    for position, digit in enumerate(d[:9]):
        step = (digit + 9 - position) % 10
        if step:
            rest = step * 2 ** (9 - position) % 9
            total += rest or 9
    return d[9] == (10 - total % 10) % 10


NORMAL = {"email": email, "phone": phone, "tax_number": tax_number}
