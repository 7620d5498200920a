"""A finished load as a pull leaves it, of rows that SQL makes: a million in a second."""

from __future__ import annotations

from dataclasses import asdict

from contracts.typed import text
from warehouse import Places, memory
from warehouse.files import write_json
from warehouse.landing import Landing, Manifest


def land(places: Places, system: str, table: str, load: str, rows: str) -> None:
    """`rows`: SELECT of key, row (JSON text; null of what is gone) and change."""
    folder = Landing(places.landing).folder(system, table)
    folder.mkdir(parents=True, exist_ok=True)
    file = text(str(folder / f"{load}.made0.parquet"))
    connection = memory()
    connection.execute(
        f"""copy (
                select key as _key, null::varchar as _cursor, coalesce(md5(row), change) as _hash,
                    row as _row, change::varchar as _change, {text(load)} as _load_id
                from ({rows})
            ) to {file} (format parquet)"""
    )
    [(landed, gone)] = connection.execute(
        f"select count(*), count(_change) from read_parquet({file})"
    ).fetchall()
    fields = connection.execute(
        f"select distinct unnest(json_keys(_row)) as name from read_parquet({file}) order by name"
    ).fetchall()
    connection.close()
    manifest = Manifest(
        *(system, table, load, "full", None, landed, landed, landed, gone),
        finished=True,
        complete=True,
        fields=tuple(name for (name,) in fields),
    )
    write_json(folder / f"{load}.json", asdict(manifest))
