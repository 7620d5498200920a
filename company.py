"""What holds for the whole company: reads company.toml, which lies beside the systems file.

Nobody needs the file: without it every key has its usual value.

    currency = "TRY"    the company's own: what amounts are converted to, ISO 4217
    [identity]          who is one customer
    link_probability = 0.89     two records are linked from this probability on
    review_probability = 0.2    and shown to a person from this one on
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import systems

FILE = "company.toml"
CURRENCY = re.compile(r"[A-Z]{3}")


class CompanyError(ValueError):
    """company.toml cannot be used; the message names the key, what is valid and what to do."""


@dataclass(frozen=True)
class Identity:
    """Probabilities that two records are of one person or company."""

    link_probability: float = 0.89
    review_probability: float = 0.2


@dataclass(frozen=True)
class Company:
    currency: str = "TRY"
    identity: Identity = field(default_factory=Identity)


USUAL = Company()


def load(path: Path | None = None) -> Company:
    """Raises CompanyError naming the first key that cannot be used."""
    path = path or systems.file().with_name(FILE)
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return USUAL
    except tomllib.TOMLDecodeError as error:
        raise CompanyError(f"{path} is not valid TOML: {error}") from error
    _hold_known(path, entries, Company)
    identity = entries.pop("identity", {})
    if not isinstance(identity, dict):
        raise CompanyError(f"{path}: identity must be a table, [identity], with its keys below it.")
    company = Company(**entries, identity=_identity(path, identity))
    if not isinstance(company.currency, str) or not CURRENCY.fullmatch(company.currency):
        raise CompanyError(
            f"{path}: currency is {company.currency!r}; write an ISO 4217 code such as TRY."
        )
    return company


def _identity(path: Path, entries: dict[str, Any]) -> Identity:
    _hold_known(path, entries, Identity, "identity.")
    for key, value in entries.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            raise CompanyError(
                f"{path}: identity.{key} is {value!r}; write a probability above 0 and below 1."
            )
    identity = Identity(**entries)
    if identity.review_probability > identity.link_probability:
        raise CompanyError(
            f"{path}: identity.review_probability is {identity.review_probability}, above "
            f"identity.link_probability, {identity.link_probability}: what is linked needs no "
            "review: write a smaller one."
        )
    return identity


def _hold_known(path: Path, entries: dict[str, Any], kind: type, below: str = "") -> None:
    known = [one.name for one in fields(kind)]
    for key in entries:
        if key not in known:
            raise CompanyError(
                f"{path}: {below}{key} is not known; valid keys are {', '.join(known)}."
            )
