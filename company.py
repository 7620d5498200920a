"""What holds for the whole company: reads company.toml, which lies beside the systems file.

Nobody needs the file: without it every key has its usual value.

    currency = "TRY"    the company's own: what amounts are converted to, ISO 4217
    [identity]          settings of who is one customer, handed on as they are
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import systems

FILE = "company.toml"
CURRENCY = re.compile(r"[A-Z]{3}")


class CompanyError(ValueError):
    """company.toml cannot be used; the message names the key, what is valid and what to do."""


@dataclass(frozen=True)
class Company:
    currency: str = "TRY"
    identity: Mapping[str, Any] = field(default_factory=dict)


USUAL = Company()
KEYS = tuple(one.name for one in fields(Company))


def load(path: Path | None = None) -> Company:
    """Raises CompanyError naming the first key that cannot be used."""
    path = path or systems.file().with_name(FILE)
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return USUAL
    except tomllib.TOMLDecodeError as error:
        raise CompanyError(f"{path} is not valid TOML: {error}") from error
    for key in entries:
        if key not in KEYS:
            raise CompanyError(f"{path}: {key} is not known; valid keys are {', '.join(KEYS)}.")
    company = Company(**entries)
    if not isinstance(company.currency, str) or not CURRENCY.fullmatch(company.currency):
        raise CompanyError(
            f"{path}: currency is {company.currency!r}; write an ISO 4217 code such as TRY."
        )
    if not isinstance(company.identity, dict):
        raise CompanyError(f"{path}: identity must be a table, [identity], with its keys below it.")
    return company
