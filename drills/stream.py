"""SOAP: 500,000 customers in a single answer, read as a stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drills.killing import MOST, died, landed, pulled, say, served, summary, undisturbed

SIZE, FULL_SIZE = 100_000, 500_000
SYSTEM, TABLE = "my_soap", "customers"


def drill(folder: Path, size: int, kills: int, seed: int) -> dict[str, Any]:
    """Also once more, with nothing new in it."""
    quiet = undisturbed(folder, "soap", "drills.books", TABLE, size)
    with served("drills.books", str(size)) as url:
        say(f"{size:,} customers at {url}")
        first = pulled(folder, "soap", url, TABLE, quiet, kills, seed)
        again = pulled(folder, "soap", url, TABLE, quiet, 0, seed)
    counted = _counted(folder, size)
    grown = max(run.grown for run in (*first, *again))
    proven = counted["whole"] and grown < MOST and again[-1].said["landed"] == 0
    proven = proven and died(first, kills)
    return {
        "rows": size,
        "first": summary(first),
        "again": summary(again),
        **counted,
        "proven": proven,
    }


def _counted(folder: Path, size: int) -> dict[str, Any]:
    """Whether the customers 1 to `size` landed once each, with the values that belong to them."""
    connection, rows = landed(folder, SYSTEM, TABLE)
    [(count, distinct, least, most, wrong)] = connection.execute(
        f"""select count(*), count(distinct number), min(number), max(number),
                count(*) filter (_change is not null
                    or (_row->>'$.email') <> 'kisi' || number || '@ornek.example'
                    or (_row->>'$.note') <> 'Vadesi 30 gün & iskontolu')
            from (select *, replace(_key, '120.01.', '')::bigint as number from ({rows}))"""
    ).fetchall()
    whole = (count, distinct, least, most, wrong) == (size, size, 1, size, 0)
    return {"landed": count, "distinct": distinct, "ids": [least, most], "whole": whole}
