"""One row per record with the number of its cluster: records that are held to be one person or
company, as far as nothing contradicts it (`_brakes.py`).

Connected components by scipy: on 8 million edges several times faster than propagation in SQL.
Only components in which something may contradict are taken apart in Python. A component without a
profile that changed, or that is linked to one, is what it was: the others get new numbers.
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
from warehouse.build import Context, Part

READS = (
    "changes.profiles",
    "matching.comparable",
    "identity.links",
    "matching.people",
    "matching.version",
    "journal.identity_overrides",
)
CONTENTS = "changes.profiles"
# A link that is new, gone or another has an end that changed.
REGION = """
    create or replace temp table region as
    with near as (
        from {changed}
        union
        select r from identity.links semi join {changed} on l = profile
        union
        select l from identity.links semi join {changed} on r = profile
    )
    from near
    union
    select profile from {earlier} where component in (
        select component from {earlier} where profile in (from near)
    )
"""
SUSPECTS = """
    select components.component
    from temp.components as components
    inner join matching.comparable as people on components.profile = people.profile
    group by components.component
    having count(*) > 1 and (
        count(distinct people.valid_tax) > 1
        or ({births_count} and count(distinct people.born) > 1)
        or (count(distinct people.email) > 1 and count(distinct people.phone) > 1
            and sum(people.records) > 2)
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


def model(context: Context) -> pa.Table | Part:
    connection, changed = context.connection, context.changed
    unused = 0
    if changed:
        connection.execute(REGION.format(earlier=context.earlier, changed=changed))
        highest = f"select coalesce(max(greatest(component, cluster)), 0) from {context.earlier}"
        unused = connection.execute(highest).fetchall()[0][0] + 1
    profiles, labels = _components(connection, bool(changed))
    components = pa.table({"profile": profiles, "component": labels.astype(np.int64) + unused})
    _take(connection, "components", components)
    connection.execute(APART)
    settings = connection.execute("select settings from matching.version").fetchall()
    births = births_count(json.loads(settings[0][0]))
    _take(connection, "parts", _split(connection, births, unused + len(profiles)))
    found = connection.execute(
        """select people.record, people.profile, components.component,
                coalesce(parts.cluster, components.component) as cluster
            from matching.people as people
            inner join temp.components using (profile)
            left join temp.parts using (profile)"""
    ).to_arrow_table()
    for table in ("components", "parts", "apart"):
        connection.execute(f"drop table temp.{table}")
    return Part(found, "profile in (from temp.region)") if changed else found


def _take(connection: Database, name: str, rows: pa.Table) -> None:
    """Into a table: DuckDB's filters on numbers above 2^63 fail where it hands them to Arrow."""
    connection.register("taken", rows)
    connection.execute(f"create or replace temp table {name} as from taken")
    connection.unregister("taken")


def _components(connection: Database, of_region: bool) -> tuple[pa.Array, npt.NDArray[np.int32]]:
    people, links_of = "matching.comparable", "identity.links"
    if of_region:
        people = f"{people} semi join temp.region using (profile)"
        links_of = f"{links_of} semi join temp.region on l = profile"
    profiles = connection.execute(
        f"select profile from {people} order by profile"
    ).to_arrow_table()["profile"]
    links = connection.execute(f"select l, r from {links_of}").to_arrow_table()
    known = profiles.to_numpy()
    rows, columns = (np.searchsorted(known, links[side].to_numpy()) for side in ("l", "r"))
    size = len(known)
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return profiles.combine_chunks(), labels


def _split(connection: Database, births: bool, number: int) -> pa.Table:
    """profile and its cluster, of components that were taken apart; numbered from `number` on."""
    suspects = SUSPECTS.format(births_count="true" if births else "false", group=GROUP, large=LARGE)
    connection.execute(f"create or replace temp table suspects as {suspects}")
    people: dict[int, dict[int, Person]] = defaultdict(dict)
    for component, profile, *said in connection.execute(
        """select component, profile, records, email, phone, digits, valid_tax, born
            from temp.suspects inner join temp.components using (component)
            inner join matching.comparable using (profile)"""
    ).fetchall():
        people[component][profile] = Person(*said)
    links: dict[int, list[Link]] = defaultdict(list)
    for component, weight, left, right, rule in connection.execute(
        """select component, weight, l, r, rule
            from identity.links
            inner join temp.components as components on l = components.profile
            inner join temp.suspects using (component)"""
    ).fetchall():
        links[component].append((weight, left, right, rule))
    apart: dict[int, set[int]] = defaultdict(set)
    for profile, other in connection.execute("from temp.apart").fetchall():
        apart[profile].add(other)
        apart[other].add(profile)
    connection.execute("drop table temp.suspects")
    found: dict[str, list[int]] = {"profile": [], "cluster": []}
    for component in sorted(people):
        groups, _ = split(people[component], links[component], apart, births_count=births)
        for group in groups if len(groups) > 1 else ():
            found["profile"] += sorted(group)
            found["cluster"] += [number] * len(group)
            number += 1
    return pa.table(found, schema=pa.schema([("profile", pa.uint64()), ("cluster", pa.int64())]))
