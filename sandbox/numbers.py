"""Telephone and tax numbers that look right and belong to nobody."""

from __future__ import annotations

from random import Random

MOBILE = ("530", "532", "533", "535", "537", "541", "542", "543", "545", "551", "553", "555")
FIXED = ("212", "216", "232", "312", "224", "242", "322", "332")
PLACEHOLDERS = ("11111111111", "2222222222")


def phone(random: Random, prefixes: tuple[str, ...] = MOBILE) -> str:
    """Ten digits. Subscriber numbers start with 2 to 9 in Turkey; these with 0 or 1."""
    return f"{random.choice(prefixes)}{random.randrange(2_000_000):07}"


def spelled(random: Random, digits: str) -> str:
    """One of the ways people write a number of ten digits."""
    a, b, c, d = digits[:3], digits[3:6], digits[6:8], digits[8:]
    return random.choice(
        (
            f"0{a} {b} {c} {d}",
            f"+90 {a} {b} {c} {d}",
            f"+90 ({a}) {b}-{c}{d}",
            f"0({a}) {b} {c} {d}",
            f"0{digits}",
            digits,
            f"+90{digits}",
            f"0090{digits}",
            f"{a} {b} {c}{d}",
            f"0 {a}-{b}-{c}-{d}",
        )
    )


def tckn(random: Random) -> str:
    """A person's identity number: 11 digits, two of them checks. No issued one starts with 90."""
    digits = [9, 0, *(random.randrange(10) for _ in range(7))]
    digits.append((sum(digits[::2]) * 7 - sum(digits[1::2])) % 10)
    digits.append(sum(digits) % 10)
    return "".join(map(str, digits))


def vkn(random: Random) -> str:
    """A company's tax number: 10 digits, the last is a check."""
    digits = [random.randrange(10) for _ in range(9)]
    total = 0
    for place, digit in enumerate(digits):
        shifted = (digit + 9 - place) % 10
        folded = shifted * 2 ** (9 - place) % 9
        total += 9 if shifted and not folded else folded
    return "".join(map(str, digits)) + str(-total % 10)


def mistyped(random: Random, digits: str) -> str:
    """One digit is another one."""
    place = random.randrange(len(digits))
    other = (int(digits[place]) + random.randrange(1, 10)) % 10
    return f"{digits[:place]}{other}{digits[place + 1 :]}"
