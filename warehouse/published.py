"""ops.publish_runs and ops.publish_rows: what the journal says of our own writes, for people."""

from __future__ import annotations

import duckdb

from warehouse import tables, transaction

TOPICS = ("publish_runs", "sends", "creations")
# A run that was killed left no line of its own.
RUNS = """
    select * exclude (format) from journal.publish_runs
    union all by name
    select run, system, 'open' as what, count(*) as due,
        count(*) filter (where state in ('accepted', 'restored', 'created')) as accepted,
        count(*) filter (where state = 'placed') as placed,
        count(*) filter (where state = 'found') as found,
        count(*) filter (where state = 'kept') as kept,
        count(*) filter (where state = 'refused') as refused,
        count(*) filter (where state in ('open', 'waiting')) as waiting,
        max(recorded_at) as recorded_at
    from ops.publish_rows anti join journal.publish_runs using (run, system)
    group by run, system
"""
# A row of a run has a line for what the tool had already, one for what stays, and of what was sent
# an intent and an outcome, or two where the tool answers later: the last of these says what became
# of it.
ROWS = """
    with lines as (
        select *, list_position(['found', 'kept', 'intent', 'placed'], state) as place
        from journal.sends
    )
    select run, system, record, any_value(customer_id) as customer_id,
        case arg_max(state, coalesce(place, 5))
            when 'intent' then 'open' when 'retry' then 'waiting'
            else arg_max(state, coalesce(place, 5))
        end as state,
        coalesce(
            sum(len(json_keys("values")))
                filter (where state in ('accepted', 'found', 'restored')), 0
        )::bigint as written,
        arg_max(detail, coalesce(place, 5)) as detail,
        max(recorded_at) as recorded_at
    from lines
    group by run, system, record
    union all by name
    select run, system, coalesce(max(record), customer_id) as record, customer_id,
        coalesce(
            max(if(state = 'retry', 'waiting', state)) filter (where state <> 'intent'), 'open'
        ) as state,
        0::bigint as written, max(detail) as detail, max(recorded_at) as recorded_at
    from journal.creations
    group by run, system, customer_id
"""


def say_published(connection: duckdb.DuckDBPyConnection) -> None:
    known = tables.versions(connection)
    version = "/".join(known.get(f"journal.{topic}", "") for topic in TOPICS)
    for name, query in (("ops.publish_rows", ROWS), ("ops.publish_runs", RUNS)):
        if known.get(name, "/") == version:
            continue
        with transaction(connection):
            connection.execute(f"delete from {name}")
            connection.execute(f"insert into {name} by name {query}")
            tables.bump(connection, name, version)
