"""Shopify: 1,000,000 orders of three lines each by bulk operations, window by window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drills.killing import MOST, died, landed, pulled, say, served, summary, undisturbed
from drills.shop import LINES

SIZE, FULL_SIZE = 100_000, 1_000_000
SYSTEM, TABLE = "my_shopify", "orders"
ORDER, LINE = "gid://shopify/Order/", "gid://shopify/LineItem/"


def drill(folder: Path, size: int, kills: int, seed: int) -> dict[str, Any]:
    quiet = undisturbed(folder, "shopify", "drills.shop", TABLE, size)
    with served("drills.shop", str(size)) as url:
        say(f"{size:,} orders at {url}")
        runs = pulled(folder, "shopify", url, TABLE, quiet, kills, seed)
    counted = _counted(folder, size)
    grown = max(run.grown for run in runs)
    proven = counted["whole"] and grown < MOST and died(runs, kills)
    return {"rows": size, **summary(runs), **counted, "proven": proven}


def _counted(folder: Path, size: int) -> dict[str, Any]:
    """Whether the orders 1 to `size` landed once each, with all of their own lines."""
    connection, rows = landed(folder, SYSTEM, TABLE)
    lines = ", ".join(f"'{LINE}' || (number * 10 + {line})" for line in range(LINES))
    [found] = connection.execute(
        f"""select count(*), count(distinct number), min(number), max(number),
                count(*) filter (_row->>'$.email' <> 'kisi' || number || '@ornek.example'
                    or list_sort(_row->>'$.lineItems.nodes[*].id') <> list_sort([{lines}]))
            from (select *, replace(_key, '{ORDER}', '')::bigint as number from ({rows}))"""
    ).fetchall()
    count, distinct, least, most, wrong = found
    whole = found == (size, size, 1, size, 0)
    return {
        "landed": count,
        "distinct": distinct,
        "ids": [least, most],
        "wrong": wrong,
        "whole": whole,
    }
