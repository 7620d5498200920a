"""The served ledger: what each record of every tool was last given, as of the last build.

    ledger.files     files of the journal (topic sends) that it knows
    ledger.fields    the values ever given, and in which column of ledger.entries each stands
    ledger.entries   one row per system and record (publishers.ledger.Entry)

Only desk.duckdb has it. It is derived: who asks it also reads the files that it does not know, and
reads the whole journal where it knows one that is gone. Brought up to date by difference: of
records that new files name, all lines are looked at again, so one that comes late does no harm.
"""

from __future__ import annotations

import duckdb

from contracts.typed import quoted, text
from warehouse import transaction

SCHEMA, TOPIC = "ledger", "sends"
AT_ONCE = 250_000  # records, so that a first ledger of millions fits into memory
UNKNOWN = "('intent', 'retry', 'refused')"  # some of a refused row may have been taken
GIVEN = "('accepted', 'placed', 'found', 'restored')"
# What publishers.ledger.Ledger does line by line. Of each value the last line counts; of what was
# put back, the value that stood there before is declined from then on.
ENTRIES = """
    with lines as (
        select system, record, state, "values"::map(varchar, varchar) as said,
            row_number() over (order by recorded_at, rowid) as place
        from warehouse.journal.sends
        semi join {touched} using (system, record)
    ),
    values_said as (
        select system, record, state, place, unnest(map_entries(said)) as one from lines
    ),
    of_values as (
        select system, record, one.key as name,
            arg_max({{'value': one.value}}, place, 2) filter (where state in {GIVEN}) as given,
            arg_max(state, place) in {UNKNOWN} as is_unsure,
            arg_max({{'state': state, 'value': one.value}}, place)
                filter (where state not in {UNKNOWN}) as judged
        from values_said
        group by all
    ),
    judged as (
        select * exclude (judged),
            case judged.state
                when 'kept' then {{'key': name, 'value': judged.value}}
                when 'restored' then {{'key': name, 'value': given[2].value}}
            end as declined
        from of_values
    ),
    wide as (
        select system, record,
            list(name) filter (where is_unsure) as unsure,
            map_from_entries(list(declined) filter (where declined is not null)) as declined
            {held}
        from judged
        group by all
    ),
    of_records as (
        select system, record,
            arg_max({{'state': state, 'values': said}}, place)
                filter (where state = 'refused' or state in {GIVEN}) as answered
        from lines
        group by all
    )
    select system, record, unsure, declined,
        case when answered.state = 'refused' then answered.values end as refused
        {columns}
    from of_records
    left join wide using (system, record)
"""


def keep(connection: duckdb.DuckDBPyConnection, catalog: str) -> None:
    """Brings the ledger of an attached file up to what the warehouse has of the journal."""
    inside = f"{catalog}.{SCHEMA}"
    _ensure(connection, inside)
    here = f"from warehouse.ops.journal_files where topic = {text(TOPIC)}"
    if connection.execute(f"select file from {inside}.files except select file {here}").fetchone():
        for table in ("files", "fields", "entries"):
            connection.execute(f"drop table {inside}.{table}")
        _ensure(connection, inside)
    # A file is known by its lines: each has the moment that the file is named after.
    connection.execute(
        f"""create or replace temp table new_files as
            with named as (
                select file, try_strptime(left(file, 22), '%Y%m%dT%H%M%S.%f') as moment {here}
            )
            select named.file, named.moment from named
            anti join {inside}.files as known on named.file = known.file
            semi join warehouse.journal.{TOPIC} as lines on named.moment = lines.recorded_at"""
    )
    connection.execute(
        f"""create or replace temp table touched as
            select *, (row_number() over () - 1) // {AT_ONCE} as piece from (
                select distinct system, record from warehouse.journal.{TOPIC}
                where recorded_at in (select moment from new_files)
            )"""
    )
    with transaction(connection):
        places = _places(connection, inside)
        _replace(connection, inside, places)
        connection.execute(f"insert into {inside}.files select file from new_files")
    for table in ("touched", "new_files"):
        connection.execute(f"drop table temp.{table}")


def _ensure(connection: duckdb.DuckDBPyConnection, inside: str) -> None:
    for wanted in (
        f"schema if not exists {inside}",
        f"table if not exists {inside}.files (file varchar)",
        f"table if not exists {inside}.fields (name varchar, place integer)",
        f"""table if not exists {inside}.entries (system varchar, record varchar,
            unsure varchar[], declined map(varchar, varchar), refused map(varchar, varchar))""",
    ):
        connection.execute(f"create {wanted}")


def known_files(connection: duckdb.DuckDBPyConnection) -> set[str] | None:
    """Of a served file in use; None where it has no ledger: an earlier version made it."""
    try:
        found = connection.execute(f"select file from {SCHEMA}.files").fetchall()
    except duckdb.CatalogException:
        return None
    return {file for (file,) in found}


def column(place: int) -> str:
    """Of ledger.entries. Not the name itself: two names may differ in nothing but capitals."""
    return quoted(f"v{place}")


def _places(connection: duckdb.DuckDBPyConnection, inside: str) -> dict[str, int]:
    """Name -> place of all values, with columns for those that are new."""
    places: dict[str, int] = dict(
        connection.execute(f"select name, place from {inside}.fields").fetchall()
    )
    said = connection.execute(
        f"""select distinct unnest(json_keys("values")) as name from warehouse.journal.{TOPIC}
            where recorded_at in (select moment from new_files) order by name"""
    ).fetchall()
    for (name,) in said:
        if name not in places:
            places[name] = len(places)
            connection.execute(f"insert into {inside}.fields values (?, ?)", [name, places[name]])
            connection.execute(
                f"alter table {inside}.entries add column {column(places[name])} varchar"
            )
    return places


def _replace(connection: duckdb.DuckDBPyConnection, inside: str, places: dict[str, int]) -> None:
    connection.execute(
        f"""delete from {inside}.entries as entries using touched
            where entries.system = touched.system and entries.record = touched.record"""
    )
    held = "".join(
        f", max(given[1].value) filter (where name = {text(name)}) as {column(place)}"
        for name, place in places.items()
    )
    columns = "".join(f", {column(place)}" for place in places.values())
    [(pieces,)] = connection.execute("select coalesce(max(piece) + 1, 0) from touched").fetchall()
    for piece in range(pieces):
        query = ENTRIES.format(
            touched=f"(from touched where piece = {piece}) as touched",
            held=held,
            columns=columns,
            GIVEN=GIVEN,
            UNKNOWN=UNKNOWN,
        )
        connection.execute(f"insert into {inside}.entries by name {query}")
