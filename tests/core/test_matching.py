"""Who is one customer: found, explained, overruled and learnt anew, over real builds."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from benchmarks import labelled
from sandbox.truth import score
from tests.core.house import House
from tests.core.test_check import rows
from transforms.identity import _explaining
from transforms.identity._explaining import Unknown, explain
from transforms.matching import _fields
from transforms.matching._fields import FIELDS
from transforms.matching._phrases import slip
from transforms.matching._relearning import relearn
from transforms.matching._scoring import WEIGHTS, scored
from warehouse import Places, opened, tables, touched
from warehouse.journal import Journal
from warehouse.overrides import overrule

AYSE = {"name": "Ayşe Nur Yılmaz", "email": "ayse.yilmaz@posta.example", "phone": "0532 111 22 33"}
SCHEMA = pa.schema([(column, pa.string()) for column in labelled.COLUMNS])
HOME = {"address": "Lale Mah. Gül Cad. No:12 D:3", "city": "İzmir", "postcode": "35140"}


def table(*records: Mapping[str, str]) -> pa.Table:
    columns = {
        column: [record.get(column) for record in records] for column in labelled.COLUMNS[1:]
    }
    names = pa.array([str(number) for number in range(len(records))])
    return pa.table({"record": names, **{k: pa.array(v, pa.string()) for k, v in columns.items()}})


@contextmanager
def built(folder: Path, *records: Mapping[str, str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The identity models, made of these records; they are called 0, 1, 2 ..."""
    places = Places.below(folder)
    with opened(places) as connection:
        labelled.fill(connection, table(*records))
        labelled.build(places, connection, ["identity.customers", "identity.relations"])
        yield connection


def groups(connection: duckdb.DuckDBPyConnection) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for record, customer in labelled.customers(connection).items():
        found.setdefault(customer, set()).add(record)
    return {frozenset(group) for group in found.values()}


def together(folder: Path, *records: Mapping[str, str]) -> bool:
    with built(folder, *records) as connection:
        return len(groups(connection)) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"name": "AYŞE NUR YILMAZ", "email": "Ayse.Yilmaz+haber@POSTA.example"},
        {"name": "Yılmaz Ayse", "phone": "+90 (532) 111-2233"},
        {"name": "Ayşe Yılmza", "email": "ayse.yilmaz@posta.example"},
        {"name": "Ayşe Yılmaz", **HOME, "birth_date": "1985-04-02"},
        {"name": "Ayşe Demir", "email": "ayse.yilmaz@posta.example", "phone": "05321112233"},
    ],
)
def test_one_person_written_in_another_way(tmp_path: Path, other: dict[str, str]) -> None:
    assert together(tmp_path, {**AYSE, **HOME, "birth_date": "1985-04-02"}, other)


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Mehmet Yılmaz", "phone": AYSE["phone"], **HOME},
        {"name": "Mehmet Demir", "email": AYSE["email"]},
        {"name": "Ayşe Nur Yılmaz", "city": "Van"},
        {"company": "Yılmaz Tekstil A.Ş.", "phone": AYSE["phone"], **HOME},
        {"name": "Fatma Kaya"},
    ],
)
def test_two_who_have_something_in_common(tmp_path: Path, other: dict[str, str]) -> None:
    assert not together(tmp_path, {**AYSE, **HOME}, other)


def test_who_says_nothing_is_nobody_else(tmp_path: Path) -> None:
    with built(tmp_path, {}, {}, {"name": "Ali Can"}, {"name": "Ali Can"}) as connection:
        assert len(groups(connection)) == 4


def test_a_mailbox_that_strangers_share_links_nobody(tmp_path: Path) -> None:
    names = ("Ali Kaya", "Veli Can", "Oya Taş", "Nur Ak", "Ece Su", "Can Er")
    shared = [{"name": name, "email": "dukkan@posta.example"} for name in names]
    office = [{"name": "Ali Kaya", "email": "info@ofis.example", "city": city} for city in "ab"]
    with built(tmp_path, *shared, *office) as connection:
        assert all(len(group) == 1 for group in groups(connection))


def test_a_company_and_who_works_there_are_linked_and_not_merged(tmp_path: Path) -> None:
    firm = {"name": "Lale Tekstil A.Ş.", "company": "Lale Tekstil A.Ş.", "phone": "02323334455"}
    again = {"company": "LALE TEKSTİL ANONİM ŞİRKETİ", "phone": "+90 232 333 44 55"}
    worker = {"name": "Oya Kaya", "company": "Lale Tekstil", "phone": "0232 333 4455"}
    with built(tmp_path, firm, again, worker) as connection:
        assert groups(connection) == {frozenset("01"), frozenset("2")}
        found = labelled.customers(connection)
        related = connection.execute("from identity.relations").fetchall()
    assert related == [(found["2"], found["0"], "works_for")]


def test_a_household_is_related(tmp_path: Path) -> None:
    son = {"name": "Can Yılmaz", "phone": AYSE["phone"]}
    with built(tmp_path, AYSE, son) as connection:
        kinds = connection.execute("select kind from identity.relations").fetchall()
    assert kinds == [("household",), ("household",)]


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Places, labelled.Labelled]:
    """A company large enough to learn from, resolved."""
    places = Places.below(tmp_path_factory.mktemp("learnt"))
    given = labelled.box(700, seed=31)
    labelled.resolved(places, given)
    return places, given


def test_a_company_s_own_data_is_enough(learnt: tuple[Places, labelled.Labelled]) -> None:
    places, given = learnt
    with opened(places) as connection:
        result = score(labelled.customers(connection), given.truth)
        [(settings_,)] = connection.execute(
            "select settings->'weights'->'first'->'same'->>0 from matching.version"
        ).fetchall()
    assert result.precision > 0.99
    assert result.recall > 0.92
    assert float(settings_) != _fields.shipped()["first"]["same"][0]


def test_our_weights_are_splink_s(learnt: tuple[Places, labelled.Labelled]) -> None:
    """Each field's weight is what Splink's predict() says with the same m, u and shares."""
    from splink import DuckDBAPI, Linker, SettingsCreator

    places, _ = learnt
    with opened(places) as connection:
        version = json.loads(
            connection.execute("select settings from matching.version").fetchall()[0][0]
        )
        sample = "(select l, r from matching.pairs order by hash(l, r) limit 400)"
        ours = connection.execute(
            f"select l, r, {', '.join(WEIGHTS)}"
            f" from ({scored(version, 'matching.comparable', sample)}) order by l, r"
        ).fetchall()
        connection.execute("create table memory.main.people as from matching.comparable")
        connection.execute(f"create table memory.main.sample as from {sample}")
        api = DuckDBAPI(connection=connection, output_schema="memory.oracle")
        linker = Linker(
            api.register(connection.sql("from memory.main.people")),
            SettingsCreator(
                link_type="dedupe_only",
                unique_id_column_name="profile",
                comparisons=_fields.comparisons(
                    version["weights"], [field.name for field in FIELDS]
                ),
                retain_intermediate_calculation_columns=True,
                retain_matching_columns=False,
            ),
            log_level=None,
        )
        blocked = connection.sql(
            "select l as join_key_l, r as join_key_r, '0' as match_key from memory.main.sample"
        )
        linker.table_management.register_blocked_pairs_for_predict(api.register(blocked))
        found = linker.inference.predict(warning_mode="never")
        terms = ", ".join(
            f"mw_{field.name}"
            + (f" + mw_tf_adj_{field.name}" if any(x.term for x in field.levels) else "")
            for field in FIELDS
        )
        theirs = connection.execute(
            f"select profile_l, profile_r, {terms} from {found.physical_name} order by 1, 2"
        ).fetchall()
    assert len(ours) == 400
    for one, other in zip(ours, theirs, strict=True):
        assert one[:2] == other[:2]
        assert one[2:] == pytest.approx(other[2:], abs=1e-6)


WORD = st.text("ab1", max_size=9)


@settings(max_examples=300)
@given(one=WORD, other=WORD, change=st.integers(0, 8), edits=st.integers(1, 2))
def test_a_slip_is_what_is_so_many_letters_apart(
    one: str, other: str, change: int, edits: int
) -> None:
    near = one[: change + 1][::-1] if change < 2 else one[:change] + other[:1] + one[change + 1 :]
    with duckdb.connect() as connection:
        for text in (
            other,
            near,
            one[:change] + one[change : change + 2][::-1] + one[change + 2 :],
        ):
            asked = f"{slip('t', edits)}, damerau_levenshtein(t_l, t_r) <= {edits}"
            [(found, exact)] = connection.execute(
                f"select {asked} from (select $1 as t_l, $2 as t_r)", [one, text]
            ).fetchall()
            assert found == exact


def test_a_version_is_kept_until_there_are_twice_as_many(tmp_path: Path) -> None:
    given = labelled.box(150, seed=5)
    places = Places.below(tmp_path)
    labelled.resolved(places, given)
    with opened(places) as connection:
        first = connection.execute("select version from matching.version").fetchall()
        few = given.records.slice(0, 20).set_column(
            0, "record", pa.array([f"new-{n}" for n in range(20)])
        )
        labelled.fill(connection, few)
        labelled.build(places, connection)
        assert connection.execute("select version from matching.version").fetchall() == first
    more = labelled.box(500, seed=6).records
    with opened(places) as connection:
        names = pa.array([f"more-{n}" for n in range(len(more))])
        labelled.fill(connection, more.set_column(0, "record", names))
        labelled.build(places, connection)
        assert connection.execute("select version from matching.version").fetchall() != first
        [(lines,)] = connection.execute("select count(*) from journal.identity_versions").fetchall()
    assert lines == 2


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 1000))
def test_ids_do_not_depend_on_the_order_of_records(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    given_ = labelled.box(30, seed=9)
    order = list(range(len(given_.records)))
    random.Random(seed).shuffle(order)  # noqa: S311 - an order, no secret
    shuffled = labelled.Labelled(given_.records.take(order), given_.truth)
    one, other = (
        labelled.resolved(Places.below(tmp_path_factory.mktemp("order")), each)
        for each in (given_, shuffled)
    )
    assert one == other


VALUES = labelled.COLUMNS[1:]
WORDS = ("same", "not_same", "withdrawn")


PHONES = [(29, 11), (73, 66), (36, 28), (61, 87), (53, 76), (11, 75), (21, 36), (20, 65)]


# Not shrunk: that takes longer than a test may.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(rounds=[[(one, "phone", other) for one, other in PHONES], [(57, "phone", 0)]])
@example(rounds=[[(3, "same", 70), (3, "phone", 9)], [(3, "not_same", 70), (3, "not_same", 60)]])
@given(
    rounds=st.lists(
        st.lists(
            st.tuples(st.integers(0, 90), st.sampled_from(VALUES + WORDS), st.integers(0, 90)),
            max_size=12,
        ),
        min_size=1,
        max_size=2,
    )
)
def test_what_is_brought_up_to_date_is_what_it_would_be_made_anew(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    rounds: list[list[tuple[int, str, int]]],
) -> None:
    """Records take values of others, vanish and come back, people say who is one; the version
    stays."""
    monkeypatch.setattr(touched, "MANY", 1.0)
    given_ = labelled.box(34, seed=17).records.to_pylist()  # too few to learn from
    places = Places.below(tmp_path_factory.mktemp("rounds"))
    _made(places, given_)
    for changes in rounds:
        for place, column, other in changes:
            one, two = given_[place % len(given_)], given_[other % len(given_)]
            if column in WORDS:
                _say(places, one, two, column)
            else:
                one[column] = two[column]
        _made(places, given_[: len(given_) - len(changes)])
        found = _state(places)
        assert places.warehouse_file
        places.warehouse_file.unlink()
        _made(places, given_[: len(given_) - len(changes)])
        assert _state(places) == found


def test_whatever_else_a_record_says_is_seen(tmp_path: Path) -> None:
    given_ = labelled.box(34, seed=17).records.to_pylist()
    places = Places.below(tmp_path)
    _made(places, given_)
    for one, column in zip(given_, VALUES, strict=False):
        one[column] = next(
            value for each in given_ if (value := each[column]) not in (one[column], None)
        )
    _made(places, given_)
    found = _state(places)
    assert places.warehouse_file
    places.warehouse_file.unlink()
    _made(places, given_)
    assert _state(places) == found


def test_only_what_changed_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_ = labelled.box(34, seed=17).records.to_pylist()
    places = Places.below(tmp_path)
    _made(places, given_)
    marked = {"people": "road", "comparable": "road", "pairs": "rule"}
    with opened(places) as connection:
        for name, column in marked.items():
            connection.execute(f"update matching.{name} set {column} = 'was here'")
    given_[5]["phone"] = "0532 999 88 77"
    _made(places, given_)

    def rows(which: str) -> list[int]:
        with opened(places) as connection:
            return [
                connection.execute(
                    f"select count(*) from matching.{name} where {column} {which} 'was here'"
                ).fetchall()[0][0]
                for name, column in marked.items()
            ]

    people, comparable, pairs = rows("is distinct from")
    assert people == comparable == 1
    assert 0 < pairs < 20
    copy = shutil.copytree(labelled.TRANSFORMS, tmp_path / "transforms")
    text = copy / "staging" / "known_records.sql"
    text.write_text(f"{text.read_text()}-- another text\n")
    monkeypatch.setattr(labelled, "TRANSFORMS", tmp_path / "transforms")
    _made(places, given_)
    assert rows("=") == [0, 0, 0]


def test_a_table_half_brought_up_to_date_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_ = labelled.box(34, seed=17).records.to_pylist()
    places = Places.below(tmp_path)
    _made(places, given_)
    before = _state(places)
    given_[5]["phone"] = given_[9]["phone"]
    say = touched.say

    def killed(connection: duckdb.DuckDBPyConnection, name: str, lineage: str) -> None:
        if name == "matching.pairs":
            raise InterruptedError
        say(connection, name, lineage)

    with monkeypatch.context() as patched, pytest.raises(InterruptedError):
        patched.setattr(touched, "say", killed)
        _made(places, given_)
    assert _state(places)[3] == before[3]  # the pairs
    _made(places, given_)
    found = _state(places)
    assert found != before
    assert places.warehouse_file
    places.warehouse_file.unlink()
    _made(places, given_)
    assert _state(places) == found


def _say(places: Places, one: dict[str, Any], other: dict[str, Any], decision: str) -> None:
    left, right = sorted(f"labelled/customers/{each['record']}" for each in (one, other))
    said = {"left_record": left, "right_record": right, "decision": decision}
    Journal(places.journal).append("identity_overrides", [said])


def _made(places: Places, records: list[dict[str, Any]]) -> None:
    with opened(places) as connection:
        connection.execute("drop table if exists raw_canonical.customers")
        labelled.fill(connection, pa.Table.from_pylist(records, schema=SCHEMA))
        name = "raw_canonical.customers"
        tables.bump(connection, name, str(time.perf_counter_ns()))
        labelled.build(places, connection)


def _state(places: Places) -> list[Any]:
    with opened(places) as connection:
        return [
            sorted(connection.execute(f"select {columns} from {name}").fetchall())
            for name, columns in (
                ("matching.people", "people::varchar"),
                ("matching.comparable", "comparable::varchar"),
                ("matching.keys", "profile, key"),
                ("matching.pairs", "l, r, weight, coalesce(rule, '')"),
                ("identity.customers", "record, customer_id"),
            )
        ]


def test_a_preview_changes_nothing_and_a_decision_is_recorded(
    learnt: tuple[Places, labelled.Labelled],
) -> None:
    places, _ = learnt

    def state() -> list[Any]:
        with opened(places) as connection:
            return [
                connection.execute(f"select count(*), bit_xor(hash(t)) from {name} as t").fetchall()
                for name in ("matching.pairs", "identity.links", "journal.identity_terms")
            ]

    before = state()
    preview = relearn(places, "oya", "a look", apply=False)
    assert preview.version is None
    assert preview.customers > 600
    assert state() == before
    decided = relearn(places, "oya", "a new shop", apply=True)
    with opened(places) as connection:
        labelled.build(places, connection)  # nothing else is new
        holds = connection.execute("select version from matching.version").fetchall()
    assert holds == [(decided.version,)]
    [*_, line] = Journal(places.journal).records("identity_versions")
    assert (line["decided_by"], line["why"], line["changed"]) == (
        "oya",
        "a new shop",
        decided.changed,
    )


@pytest.fixture
def two(house: House) -> House:
    """One person in two records, and a third record of somebody else."""
    email = "ayse@posta.example"
    house.take(
        *rows(1, name="Ayşe Yılmaz", email=email, phone="0532 111 22 33"),
        *rows(2, name="Ayşe Yılmaz", email=email, phone="0532 444 55 66"),
        *rows(3, name="Mehmet Kaya", email="m@posta.example"),
    )
    return house


def customers(house: House) -> dict[str, str]:
    house.build()
    found = house.served("select record, customer_id from identity.customers", "desk.duckdb")
    return {record.rpartition("/")[2]: customer for record, customer in found}


def say(house: House, left: str, right: str, decision: str) -> None:
    one, other = (f"erp/customers/{number}" for number in (left, right))
    overrule(house.places, one, other, decision, "oya", "I know them")


def explained(house: House, left: str, right: str) -> str:
    with opened(house.places) as connection:
        return explain(connection, f"erp/customers/{left}", f"erp/customers/{right}")


def test_what_a_person_says_wins_until_it_is_withdrawn(two: House) -> None:
    before = customers(two)
    assert before["1"] == before["2"] != before["3"]
    say(two, "2", "1", "not_same")
    apart = customers(two)
    assert apart["1"] != apart["2"]
    assert before["1"] in (apart["1"], apart["2"])
    changes = "select former_id, change, records from identity.id_changes"
    assert two.served(changes, "desk.duckdb") == [(before["1"], "split", 1)]
    say(two, "1", "3", "same")
    joined = customers(two)
    assert joined["1"] == joined["3"] != joined["2"]
    say(two, "1", "2", "withdrawn")
    say(two, "1", "3", "withdrawn")
    again = customers(two)
    assert again["1"] == again["2"] != again["3"]
    assert again["1"] in (*before.values(), apart["2"])


def test_what_a_person_said_survives_a_rebuild(two: House) -> None:
    customers(two)
    say(two, "1", "2", "not_same")
    apart = customers(two)
    file = two.places.warehouse_file
    assert file
    file.unlink()
    two.load()
    assert customers(two) == apart


@pytest.mark.parametrize(
    ("left", "right", "decision", "why", "said"),
    [
        ("erp/customers/1", "erp/customers/9", "same", "x", "no record erp/customers/9"),
        ("erp/customers/1", "erp/customers/1", "same", "x", "Name two records"),
        ("erp/customers/1", "erp/customers/2", "maybe", "x", "valid are same, not_same, withdrawn"),
        ("erp/customers/1", "erp/customers/2", "same", " ", "Say why"),
    ],
)
def test_a_word_that_cannot_be_used(
    two: House, left: str, right: str, decision: str, why: str, said: str
) -> None:
    customers(two)
    with pytest.raises(ValueError, match=said):
        overrule(two.places, left, right, decision, "oya", why)
    assert not list(Journal(two.places.journal).records("identity_overrides"))


def test_why_two_records_are_one_customer(two: House) -> None:
    customer = customers(two)["1"]
    text = explained(two, "1", "2")
    assert f"They are one customer, {customer}:" in text
    assert "1. same e-mail" in text
    assert "email: same (ayse@posta.example | ayse@posta.example), +" in text
    assert "phone: different (+905321112233 | +905324445566), -" in text


def test_why_two_records_are_not_one_customer(two: House) -> None:
    customers(two)
    text = explained(two, "1", "3")
    assert "They are two customers." in text
    assert "first: different (ayse | mehmet), -" in text
    say(two, "1", "2", "not_same")
    customers(two)
    assert "oya said that they are not the same: I know them" in explained(two, "1", "2")
    with pytest.raises(Unknown, match="no record erp/customers/77"):
        explained(two, "1", "77")


def test_why_a_brake_refused_a_link(house: House) -> None:
    person = {"name": "Ayşe Yılmaz", "email": "ayse@posta.example"}
    house.take(
        *rows(1, **person, tax_number="90291417700"), *rows(2, **person, tax_number="90763170676")
    )
    found = customers(house)
    assert found["1"] != found["2"]
    assert "was refused: two valid tax numbers" in explained(house, "1", "2")


def test_the_page_of_text_is_a_command(
    two: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    customers(two)
    monkeypatch.setenv("KOPRU_DATA", str(two.places.data))
    assert _explaining.main(["erp/customers/1", "erp/customers/2"]) == 0
    assert "They are one customer" in capsys.readouterr().out
    assert _explaining.main(["erp/customers/1", "nobody"]) == 1
    assert "no record nobody" in capsys.readouterr().err
