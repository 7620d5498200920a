"""Identity: who is one customer, and that an id once issued stays theirs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.identity import customers
from transforms.identity.customers import assign
from transforms.staging.identifiers import _unusual_phone, email, phone, tax_number
from warehouse import memory
from warehouse.build import Part

RECORDS = [f"s/customers/{n:02}" for n in range(14)]
LABELS = st.lists(st.integers(0, 6), min_size=len(RECORDS), max_size=len(RECORDS))


def grouped(labels: list[int]) -> list[list[str]]:
    """Clusters by label; label 6 means: this record is not there."""
    by_label: dict[int, list[str]] = {}
    for record, label in zip(RECORDS, labels, strict=True):
        if label < 6:
            by_label.setdefault(label, []).append(record)
    return list(by_label.values())


@settings(max_examples=60)
@given(history=st.lists(LABELS, min_size=1, max_size=6))
def test_ids_over_a_company_s_whole_life(history: list[list[int]]) -> None:
    issued: dict[str, str] = {}
    ever: list[str] = []
    before: dict[str, list[str]] = {}
    lately: set[str] = set()
    for labels in history:
        now = grouped(labels)
        assigned = assign(now, issued, ever, lately)
        ids = [{assigned[record] for record in cluster} for cluster in now]
        assert all(len(each) == 1 for each in ids)
        assert len({next(iter(each)) for each in ids}) == len(now)
        held: dict[str, list[str]] = {}
        for record, customer in assigned.items():
            held.setdefault(customer, []).append(record)
        for customer, records in before.items():
            if records in now:  # an unchanged cluster keeps its id
                assert held.get(customer) == records
        for customer, records in held.items():
            claimed = {issued[record] for record in records if record in issued}
            # an id that was ever issued goes only to somebody who had it
            assert customer not in ever or customer in claimed
        issued |= assigned
        ever += [c for c in sorted(held) if c not in ever]
        before, lately = held, set(assigned)


DIFFERING = """
    create or replace temp table changed as
    select coalesce(now.record, before.record) as record
    from identity.clusters as now full join before using (record)
    where now.cluster is distinct from before.cluster
"""


@pytest.mark.parametrize("in_part", [False, True])
@settings(max_examples=25, deadline=None)
@given(history=st.lists(LABELS, min_size=2, max_size=5))
def test_clusters_taken_as_settled_get_what_they_would_be_assigned(
    in_part: bool, history: list[list[int]]
) -> None:
    connection = memory()
    connection.execute(
        """create schema identity; create schema journal;
            create table identity.clusters (record varchar, cluster integer);
            create table before (record varchar, cluster integer);
            create table journal.customer_ids
                (system varchar, record varchar, customer_id varchar, recorded_at integer)"""
    )
    issued: dict[str, str] = {}
    ever: list[str] = []
    lately: set[str] = set(RECORDS)  # in a new warehouse all were there
    for moment, labels in enumerate(history):
        now = grouped(labels)
        connection.execute("delete from identity.clusters")
        rows = [(record, number) for number, records in enumerate(now) for record in records]
        connection.execute(
            "insert into identity.clusters select unnest($1), unnest($2)",
            [[record for record, _ in rows], [number for _, number in rows]],
        )

        def journal(_: str, events: pa.Table, moment: int = moment) -> None:
            for event in events.to_pylist():
                connection.execute(
                    "insert into journal.customer_ids values ($1, $2, $3, $4)",
                    [*event.values(), moment],
                )

        context: Any = SimpleNamespace(connection=connection, journal=journal, changed=None)
        if in_part and moment:
            connection.execute(DIFFERING)
            context.earlier, context.changed = "identity.customers", "temp.changed"
        made = customers.model(context)
        if isinstance(made, Part):
            connection.register("made", made.rows)
            connection.execute(f"delete from identity.customers where {made.replaces}")
            connection.execute("insert into identity.customers from made")
        else:
            connection.register("made", made)
            connection.execute("create or replace table identity.customers as from made")
        assigned = assign(sorted(now), issued, ever, lately)
        assert dict(connection.execute("from identity.customers").fetchall()) == assigned
        connection.execute("create or replace table before as from identity.clusters")
        issued |= assigned
        ever += sorted({*assigned.values()} - {*ever})
        lately = {*assigned} or {*RECORDS}
    connection.close()


ALL = frozenset("abcd")


def named(**clusters_: str) -> list[list[str]]:
    return [records.split() for records in clusters_.values()]


def test_of_merged_clusters_the_bigger_keeps_and_of_equals_the_older() -> None:
    issued = {"a": "c_9", "b": "c_9", "c": "c_1"}
    assert set(assign(named(x="a b c"), issued, ["c_1", "c_9"], ALL).values()) == {"c_9"}
    assert set(assign(named(x="b c"), issued, ["c_1", "c_9"], ALL).values()) == {"c_1"}
    assert set(assign(named(x="b c"), issued, ["c_9", "c_1"], ALL).values()) == {"c_9"}


def test_of_a_split_cluster_the_majority_keeps() -> None:
    issued = dict.fromkeys("abc", "c_1")
    split = assign(named(x="a", y="b c"), issued, ["c_1"], ALL)
    assert (split["b"], split["c"]) == ("c_1", "c_1")
    assert split["a"] != "c_1"
    assert assign(named(x="a", y="b c d"), issued | split, ["c_1", split["a"]], ALL)["d"] == "c_1"


def test_a_retired_id_is_never_issued_again() -> None:
    first = assign(named(x="a"), {}, [], ALL)["a"]
    again = assign(named(x="a"), {}, [first], ALL)["a"]
    assert again != first


@settings(max_examples=400)
@given(
    number=st.from_regex(r"[0-9]{7,12}", fullmatch=True),
    before=st.sampled_from(
        ["", "0", "+90", "0090", "90", "+", "00", "+90 ", "(0", "+49", "00 90 "]
    ),
    gaps=st.lists(st.sampled_from(["", " ", "-", ".", " (", ") "]), min_size=12, max_size=12),
)
def test_usual_telephones_are_read_as_the_library_reads_them(
    number: str, before: str, gaps: list[str]
) -> None:
    written = before + "".join(gap + digit for gap, digit in zip(gaps, number, strict=False))
    assert phone(written) == _unusual_phone(written)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Ali.VELİ@Example.COM", "ali.veli@example.com"),
        (" ışıl@a.tr ", "işil@a.tr"),
        ("ali+haber@a.tr", "ali@a.tr"),
        ("I@A.TR", "i@a.tr"),
        ("yok", None),
        ("@a.tr", None),
        ("a@b", None),
        ("+x@a.tr", None),
        ("", None),
    ],
)
def test_emails(written: str, normal: str | None) -> None:
    assert email(written) == normal


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("0532 123 45 67", "+905321234567"),
        ("+90 (532) 123-45-67", "+905321234567"),
        ("00905321234567", "+905321234567"),
        ("5321234567", "+905321234567"),
        ("+44 20 7946 0958", "+442079460958"),
        ("0000000000", None),
        ("0 532 000 00 00", None),
        ("0555 555 55 55", None),
        ("123 45 67", None),
        ("444 1 444", "+904441444"),
        ("telefonu yok", None),
        ("0532 123 45 67 / 0533 765 43 21", None),
    ],
)
def test_phones(written: str, normal: str | None) -> None:
    assert phone(written) == normal


@settings(max_examples=60)
@given(st.text(max_size=40))
def test_no_text_makes_an_identifier_raise(written: str) -> None:
    for normal in (email, phone, tax_number):
        found = normal(written)
        assert found is None or found


def tckn(nine: str) -> str:
    """By the population office's rule, written down from its definition."""
    d = list(map(int, nine))
    tenth = ((d[0] + d[2] + d[4] + d[6] + d[8]) * 7 - (d[1] + d[3] + d[5] + d[7])) % 10
    return f"{nine}{tenth}{(sum(d) + tenth) % 10}"


def vkn(nine: str) -> str:
    """By the revenue administration's rule: nine rounds, each with its own power of two."""
    total = 0
    for place, digit in zip(range(9, 0, -1), map(int, nine), strict=True):
        shifted = (digit + place) % 10
        total += 9 if shifted == 9 else shifted * pow(2, place) % 9
    return f"{nine}{-total % 10}"


PLACEHOLDERS = {"1234567890", "11111111110", "10000000146"}


@settings(max_examples=200)
@given(nine=st.text("0123456789", min_size=9, max_size=9), wrong=st.integers(1, 9))
def test_checksums_of_tax_numbers(nine: str, wrong: int) -> None:
    for whole in (tckn(nine), vkn(nine)):
        fits = len(whole) == 10 or whole[0] != "0"
        banned = len(set(whole)) == 1 or whole in PLACEHOLDERS
        assert tax_number(whole) == (whole if fits and not banned else None)
        assert tax_number(whole[:-1] + str((int(whole[-1]) + wrong) % 10)) is None
        if fits and not banned:
            assert tax_number(f" TR {whole[:3]} {whole[3:]}") == whole


@pytest.mark.parametrize(
    "written", ["11111111111", "2222222222", "1234567890", "12345678901", "11111111110", "", "12"]
)
def test_placeholders_identify_nobody(written: str) -> None:
    assert tax_number(written) is None
