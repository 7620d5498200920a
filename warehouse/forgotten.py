"""Who was forgotten, as digests: enough to know them again, too little to know who they were.

A digest is HMAC-SHA256 by a key that lies in the data folder (forgotten.key, for its owner alone),
of system/table/key of each record and of the normal forms of addresses and numbers. Without the key
nobody can try out values; without the journal's lines the key says nothing.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from warehouse import Places
from warehouse.journal import Journal

KEY = "forgotten.key"
TOPIC = "forgotten"


class KeyMissing(ValueError):
    """People were forgotten, and without the key nobody can tell who comes back."""


@dataclass(frozen=True)
class Forgotten:
    key: bytes
    digests: frozenset[str]

    def is_known(self, *what: str) -> bool:
        """A record as system, table, key; a value as type, normal form."""
        return digest(self.key, *what) in self.digests

    def held_back(self, system: str, table: str, landed: pa.Table) -> pa.Table:
        """The rows without those of records that were forgotten. That one is gone may be told."""
        pairs = zip(landed["_key"].to_pylist(), landed["_row"].is_null().to_pylist(), strict=True)
        keep = [gone or not self.is_known(system, table, key) for key, gone in pairs]
        return landed if all(keep) else landed.filter(pa.array(keep))


def forgotten(places: Places) -> Forgotten | None:
    """None where nobody was. Raises KeyMissing."""
    lines = list(Journal(places.journal).records(TOPIC))
    if not lines:
        return None
    return Forgotten(_key(places.data), frozenset(line["digest"] for line in lines))


def remember(places: Places, erasure: str, what: Iterable[tuple[str, ...]]) -> int:
    """Writes the digests that are not there yet; gives how many there are of `what`."""
    known = forgotten(places)
    key = known.key if known else _made(places.data)
    digests = {digest(key, *one): one[0] for one in what}
    Journal(places.journal).append(
        TOPIC,
        [
            {"erasure": erasure, "of": of, "digest": one}
            for one, of in digests.items()
            if not known or one not in known.digests
        ],
    )
    return len(digests)


def digest(key: bytes, *what: str) -> str:
    return hmac.digest(key, "\x1f".join(what).encode(), "sha256").hex()


def _key(data: Path) -> bytes:
    try:
        return bytes.fromhex((data / KEY).read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise KeyMissing(
            f"{data / KEY} is missing, and the journal tells of people who were forgotten: without "
            "it they would come back. Restore it from the backup, or copy it from the machine "
            "that forgot them. Nothing was done."
        ) from None


def _made(data: Path) -> bytes:
    """A new key, or the one that is there: a run may have been killed after making it."""
    path = data / KEY
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    return _key(data)
