"""One row per distinct e-mail, phone and tax number as written, with its normal form.

`normal` is NULL where the value identifies nobody: unreadable, a failed checksum, a placeholder.
Python because the field's library for telephone numbers is.
"""

from __future__ import annotations

import re

import phonenumbers
import pyarrow as pa

from warehouse.build import Context

READS = ("staging.records",)
REGION = "TR"
PLACEHOLDERS = frozenset({"11111111111", "2222222222", "22222222222", "1111111111"})
# Turkish capitals fold wrongly with str.lower(): 'İ'.lower() is two characters.
TURKISH = str.maketrans("İIı", "iii")


def model(context: Context) -> pa.Table:
    rows = context.connection.execute(
        """
        select distinct 'email', email from staging.records where email is not null
        union all
        select distinct 'phone', phone from staging.records where phone is not null
        union all
        select distinct 'tax_number', tax_number from staging.records
        where tax_number is not null
        """
    ).fetchall()
    return pa.table(
        {
            "type": pa.array([kind for kind, _ in rows], pa.string()),
            "value": pa.array([value for _, value in rows], pa.string()),
            "normal": pa.array([NORMAL[kind](value) for kind, value in rows], pa.string()),
        }
    )


def email(value: str) -> str | None:
    """Lower case, without the tag behind a plus sign."""
    local, _, domain = value.strip().translate(TURKISH).lower().rpartition("@")
    local = local.partition("+")[0]
    return f"{local}@{domain}" if local and "." in domain else None


def phone(value: str) -> str | None:
    """E.164."""
    try:
        number = phonenumbers.parse(value, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def tax_number(value: str) -> str | None:
    """Digits of a VKN or TCKN whose checksum holds."""
    digits = re.sub(r"\D", "", value)
    if digits in PLACEHOLDERS:
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
