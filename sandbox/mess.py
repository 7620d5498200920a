"""How a true value gets into a record: the habits and slips of whoever typed it."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from datetime import date
from random import Random

from sandbox.names import CITIES, FORMS, LONG_FORMS, QUARTERS, STREETS, folded, upper
from sandbox.numbers import FIXED, MOBILE, PLACEHOLDERS, mistyped, phone, spelled

NO_EMAIL = {"shop": 0.0, "webshop": 0.0, "crm": 0.10, "erp": 0.45, "till": 0.60}
NO_PHONE, NO_PHONE_TILL = 0.20, 0.05
NO_ADDRESS, NO_ADDRESS_TILL = 0.20, 0.90
BIRTH = {"crm": 0.40, "till": 0.60}
ROLES = (
    *(f"{name}@ortakofis.example" for name in ("info", "muhasebe", "satis", "siparis", "destek")),
    *(f"{name}@sitemiz.test" for name in ("info", "iletisim", "yonetim")),
)
RELAYS = tuple(f"alici-{number}@pazaryeri.example" for number in (1, 2, 3, 4, 5, 6))
COUNTERS = ("2120004500", "2160004501", "2320004502", "3120004503", "2240004504", "5320004505")
SHARED = 0.015


@dataclass
class Address:
    quarter: str
    street: str
    number: int
    flat: int
    city: str
    postcode: str

    def text(self, *, short: bool) -> str:
        if short:
            return f"{self.quarter} Mah. {self.street} Cad. No:{self.number} D:{self.flat}"
        return (
            f"{self.quarter} Mahallesi, {self.street} Caddesi No: {self.number} Daire: {self.flat}"
        )


@dataclass(frozen=True)
class Name:
    """Who signs a record: a person, a contact of a company, or the company itself (no names)."""

    id: str
    given: str
    surname: str
    email: str


@dataclass
class Person:
    """Who somebody really is. A company has contacts: people of their own, who share its
    telephone, its address and its name."""

    id: str
    given: list[str]
    surname: str
    email: str
    phone: str
    address: Address
    birth: date
    tax_number: str
    new_surname: str
    likes_mail: bool
    company: str = ""
    contacts: list[Name] = field(default_factory=list)

    @property
    def name(self) -> Name:
        if self.company:
            return Name(self.id, "", "", self.email)
        return Name(self.id, " ".join(self.given), self.surname, self.email)


def make_address(random: Random) -> Address:
    city = random.choice(tuple(CITIES))
    postcode = f"{CITIES[city]}{random.randrange(10, 1000):03}"
    place = random.choice(QUARTERS), random.choice(STREETS)
    return Address(*place, random.randrange(1, 200), random.randrange(1, 30), city, postcode)


class Typist:
    """Types true values as records have them; all chance comes from one Random."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._others = 0

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def names(self, given: list[str], surname: str, new_surname: str) -> tuple[str, str]:
        """First and last name of one record."""
        if len(given) > 1 and self.chance(0.15):
            given = given[:1]
        if self.chance(0.02):
            surname = new_surname
        first, last = " ".join(given), surname
        if self.chance(0.06):
            first, last = (self.slip(first), last) if self.chance(0.5) else (first, self.slip(last))
        if self.chance(0.03):
            first, last = last, first
        return self._cased(first, last)

    def company(self, name: str) -> str:
        """Spelled differently nearly everywhere: the legal form long, short or missing."""
        form = next(form for form in sorted(FORMS, key=len, reverse=True) if name.endswith(form))
        core = name.removesuffix(form).strip()
        ending = self._random.choice((form, LONG_FORMS[form], form.replace(". ", "."), "", "Şti"))
        if self.chance(0.06):
            core = self.slip(core)
        return self._cased(f"{core} {ending}".strip(), "")[0]

    def email(self, person: Person, own: str, system: str) -> str:
        """Empty where the system has none of it."""
        if self.chance(NO_EMAIL[system]):
            return ""
        email = self.other_email(person) if self.chance(0.12) else own
        name, _, domain = email.partition("@")
        if self.chance(0.02):
            return f"{self.slip(name)}@{domain}"
        if not self.chance(0.10):
            return email
        if self.chance(0.5):
            return f"{name}+{self._random.choice(('alisveris', 'siparis', 'kampanya'))}@{domain}"
        return self._random.choice((email.upper(), f"{name.title()}@{domain}"))

    def other_email(self, person: Person) -> str:
        """Another address of the same person, used nowhere else."""
        self._others += 1
        name, _, domain = person.email.partition("@")
        return f"{name[0]}{name.rpartition('.')[2]}.{self._others}@{domain}"

    def phone(self, person: Person, system: str) -> str:
        if self.chance(NO_PHONE_TILL if system == "till" else NO_PHONE):
            return ""
        digits = person.phone
        if self.chance(0.10):
            digits = phone(self._random, FIXED if person.company else MOBILE)
        return spelled(self._random, digits)

    def address(self, person: Person, system: str) -> tuple[str, str, str]:
        """Street, city and postcode."""
        if self.chance(NO_ADDRESS_TILL if system == "till" else NO_ADDRESS):
            return "", "", ""
        place = make_address(self._random) if self.chance(0.15) else person.address
        return place.text(short=self.chance(0.5)), place.city, place.postcode

    def birth(self, person: Person, system: str) -> date | None:
        if person.company or not self.chance(BIRTH.get(system, 0)):
            return None
        born = person.birth
        if self.chance(0.01) and born.day <= 12:
            return born.replace(month=born.day, day=born.month)
        return born

    def tax_number(self, person: Person, system: str) -> str:
        """Only the accounting system asks for it."""
        if system != "erp" or not self.chance(0.90 if person.company else 0.15):
            return ""
        if self.chance(0.05):
            return PLACEHOLDERS[1 if person.company else 0]
        if self.chance(0.01):
            return mistyped(self._random, person.tax_number)
        return person.tax_number

    def shared(self, *, unique_email: bool) -> tuple[str, str]:
        """Sometimes an e-mail or a phone that strangers share; ("", "") otherwise."""
        if not self.chance(SHARED):
            return "", ""
        number = spelled(self._random, self._random.choice(COUNTERS))
        if unique_email or self.chance(len(COUNTERS) / 20):
            return "", number
        return self._random.choice((*ROLES, *RELAYS)), ""

    def slip(self, text: str) -> str:
        """One letter doubled, left out, swapped with the next, or wrong."""
        places = [place for place, letter in enumerate(text) if letter.isalpha()]
        place = self._random.choice(places)
        before, letter, after = text[:place], text[place], text[place + 1 :]
        wrong = self._random.choice([c for c in string.ascii_lowercase if c != letter])
        slips = [before + letter * 2 + after, before + wrong + after]
        if len(places) > 2:
            slips.append(before + after)
        if after and after[0].isalpha() and after[0] != letter:
            slips.append(before + after[0] + letter + after[1:])
        return self._random.choice(slips)

    def _cased(self, first: str, last: str) -> tuple[str, str]:
        """Capitals by software that knows Turkish, or by software that turns i into I."""
        plain = self.chance(0.25)
        if plain:
            first, last = folded(first), folded(last)
        if self.chance(0.30):
            how = str.upper if plain or self.chance(0.5) else upper
            first, last = how(first), how(last)
        return first, last
