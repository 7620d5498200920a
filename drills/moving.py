"""WooCommerce: 300,000 orders walked page by page while they leave and change under the reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import requests

from drills.killing import MOST, died, landed, pulled, say, served, summary, undisturbed

SIZE, FULL_SIZE = 30_000, 300_000
SYSTEM, TABLE = "my_woocommerce", "orders"


def drill(folder: Path, size: int, kills: int, seed: int) -> dict[str, Any]:
    """A backfill of a store that moves, then what the next run finds once it lies still."""
    quiet = undisturbed(folder, "woocommerce", "drills.store", TABLE, size)
    with served("drills.store", str(size)) as url:
        say(f"{size:,} orders at {url}")
        first = pulled(folder, "woocommerce", url, TABLE, quiet, kills, seed)
        requests.post(f"{url}/still", timeout=10).raise_for_status()
        second = pulled(folder, "woocommerce", url, TABLE, quiet, 0, seed)
        truth = requests.get(f"{url}/truth", timeout=60).json()
    counted = _compared(folder, size, truth)
    grown = max(run.grown for run in (*first, *second))
    return {
        "rows": size,
        "backfill": summary(first),
        "next": summary(second),
        **counted,
        "proven": counted["whole"] and grown < MOST and died(first, kills),
    }


def _compared(folder: Path, size: int, truth: dict[str, Any]) -> dict[str, Any]:
    """Whether the newest landed row of each order says what became of it."""
    connection, rows = landed(folder, SYSTEM, TABLE)
    ids, times = zip(*truth["changed"], strict=True)
    connection.register("changed", pa.table({"id": ids, "times": times}))
    connection.register("trashed", pa.table({"id": pa.array(truth["trashed"], pa.int64())}))
    [(orders, gone, stale, wrongly_gone, wrongly_there)] = connection.execute(
        f"""with newest as (
                select _key::bigint as id, _change, _row->>'$.customer_note' as note from ({rows})
                qualify row_number() over
                    (partition by _key order by _load_id desc, _position desc) = 1)
            select count(*), count(*) filter (_change is not null),
                count(*) filter (_change is null and note <> 'değişti: ' || coalesce(times, 0)),
                count(*) filter (_change is not null and trashed.id is null),
                count(*) filter (_change is null and trashed.id is not null)
            from newest left join changed using (id) left join trashed using (id)"""
    ).fetchall()
    never_seen = size - orders  # trashed before anybody read them, unless rows were skipped
    whole = (stale, wrongly_gone, wrongly_there) == (0, 0, 0) and never_seen == 0
    return {
        "orders": orders,
        "trashed": len(truth["trashed"]),
        "changed": len(ids),
        "gone": gone,
        "stale": stale,
        "wrongly_gone": wrongly_gone,
        "wrongly_there": wrongly_there,
        "whole": whole,
    }
