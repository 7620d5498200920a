"""One row per record with the number of its cluster: records that are held to be one person or
company, as far as nothing contradicts it (`_brakes.py`).

Connected components by scipy: on 8 million edges several times faster than propagation in SQL.
Only components in which something may contradict are taken apart in Python.
"""

from __future__ import annotations

import json
from collections import defaultdict

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from transforms.identity._brakes import GROUP, LARGE, Link, Person, births_count, split
from warehouse import Database
from warehouse.build import Context

READS = (
    "matching.comparable",
    "identity.links",
    "matching.people",
    "matching.version",
    "journal.identity_overrides",
)
SUSPECTS = """
    select components.component
    from components
    inner join matching.comparable as people on components.profile = people.profile
    group by components.component
    having count(*) > 1 and (
        count(distinct people.valid_tax) > 1
        or ({births_count} and count(distinct people.born) > 1)
        or (count(distinct people.email) > 1 and count(distinct people.phone) > 1
            and sum(people.records) > 3)
        or sum(people.records) >= 2 * {group}
        or count(*) > {large}
        or bool_or(people.profile in (select profile from temp.apart))
    )
"""
APART = """
    create or replace temp table apart as
    with latest as (
        select left_record, right_record, arg_max(decision, recorded_at) as decision
        from journal.identity_overrides group by all
    )
    select lefts.profile, rights.profile as other
    from latest
    inner join matching.people as lefts on left_record = lefts.record
    inner join matching.people as rights on right_record = rights.record
    where decision = 'not_same'
"""


def model(context: Context) -> pa.Table:
    connection = context.connection
    profiles, labels = _components(connection)
    connection.register(
        "components", pa.table({"profile": profiles, "component": labels.astype(np.int64)})
    )
    connection.execute(APART)
    settings = connection.execute("select settings from matching.version").fetchall()
    parts = _split(connection, births_count(json.loads(settings[0][0])), len(profiles))
    connection.register("parts", parts)
    found = connection.execute(
        """select people.record, coalesce(parts.cluster, components.component) as cluster
            from matching.people as people
            inner join components using (profile) left join parts using (profile)"""
    ).to_arrow_table()
    connection.unregister("components")
    connection.unregister("parts")
    connection.execute("drop table temp.apart")
    return found


def _components(
    connection: Database,
) -> tuple[pa.Array, npt.NDArray[np.int32]]:
    profiles = connection.execute(
        "select profile from matching.comparable order by profile"
    ).to_arrow_table()["profile"]
    links = connection.execute("select l, r from identity.links").to_arrow_table()
    known = profiles.to_numpy()
    rows, columns = (np.searchsorted(known, links[side].to_numpy()) for side in ("l", "r"))
    size = len(known)
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return profiles.combine_chunks(), labels


def _split(connection: Database, births: bool, size: int) -> pa.Table:
    """profile and its cluster, of components that were taken apart."""
    suspects = SUSPECTS.format(births_count="true" if births else "false", group=GROUP, large=LARGE)
    connection.execute(f"create or replace temp table suspects as {suspects}")
    people: dict[int, dict[int, Person]] = defaultdict(dict)
    for component, profile, *said in connection.execute(
        """select component, profile, records, email, phone, digits, valid_tax, born
            from temp.suspects inner join components using (component)
            inner join matching.comparable using (profile)"""
    ).fetchall():
        people[component][profile] = Person(*said)
    links: dict[int, list[Link]] = defaultdict(list)
    for component, weight, left, right, rule in connection.execute(
        """select component, weight, l, r, rule
            from identity.links
            inner join components on l = components.profile
            inner join temp.suspects using (component)"""
    ).fetchall():
        links[component].append((weight, left, right, rule))
    apart: dict[int, set[int]] = defaultdict(set)
    for profile, other in connection.execute("from temp.apart").fetchall():
        apart[profile].add(other)
        apart[other].add(profile)
    connection.execute("drop table temp.suspects")
    found: dict[str, list[int]] = {"profile": [], "cluster": []}
    number = size  # above all components'
    for component in sorted(people):
        groups, _ = split(people[component], links[component], apart, births_count=births)
        for group in groups if len(groups) > 1 else ():
            found["profile"] += sorted(group)
            found["cluster"] += [number] * len(group)
            number += 1
    return pa.table(found, schema=pa.schema([("profile", pa.uint64()), ("cluster", pa.int64())]))
