"""The CSV placed in the till's folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from clients import Denied
from publishers import Due, Field
from publishers.files import Outbox, connect, prepare, send
from sandbox.till import Till
from systems import System
from tests import legacy

FIELDS = {
    "puan": Field("puan", "Puan", "decimal"),
    "sinif": Field("sinif", "Sınıf", "text"),
    "son": Field("son", "Son alışveriş", "date"),
    "vip": Field("vip", "VIP", "boolean"),
}


@pytest.fixture
def till() -> Till:
    return legacy.till()


@pytest.fixture
def system(till: Till) -> Iterator[System]:
    with till.serving() as address:
        yield legacy.till_system(address)


def outbox(system: System) -> Outbox:
    box = connect(system)
    box.now = lambda: datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
    prepare(box, FIELDS)
    return box


def due(record: str, **values: str | None) -> Due:
    return Due(record, f"c{record}", values)


def test_one_file_in_the_tills_own_writing(system: System, till: Till) -> None:
    rows = [
        due("1", puan="12.50", sinif="Yüksek; öncelikli", son="2026-11-02", vip="true"),
        due("2", puan=None, sinif="Şans", son="2026-10-30", vip="false"),
    ]
    outcomes = send(outbox(system), rows)
    assert [(o.record, o.state) for o in outcomes] == [("1", "accepted"), ("2", "accepted")]
    [path] = (till.root / "in").iterdir()
    assert path.name == outcomes[0].answer == "kopru_20261122T030405000000.csv"
    assert path.read_bytes().decode("cp1254") == (
        "MusteriNo;puan;sinif;son;vip\r\n"
        '1;12,50;"Yüksek; öncelikli";02.11.2026;E\r\n'
        "2;;Şans;30.10.2026;H\r\n"
    )
    assert till.writes == 2


def test_values_that_did_not_change_are_not_cleared(system: System, till: Till) -> None:
    box = outbox(system)
    send(box, [due("1", sinif="A", vip="true"), due("2", sinif="A", vip="true")])
    box.now = lambda: datetime(2026, 11, 23, tzinfo=UTC)
    send(
        box,
        [
            Due("1", "c1", {"sinif": "B"}, {"sinif": "B", "vip": "true"}),
            Due("2", "c2", {"vip": "false"}, {"sinif": "A", "vip": "false"}),
        ],
    )
    assert till.given == {"1": {"sinif": "B", "vip": "E"}, "2": {"sinif": "A", "vip": "H"}}
    assert till.writes == 4


def test_a_letter_the_encoding_lacks_refuses_its_row_only(system: System, till: Till) -> None:
    outcomes = send(outbox(system), [due("1", sinif="日本"), due("2", sinif="B")])
    assert [(o.record, o.state) for o in outcomes] == [("1", "refused"), ("2", "accepted")]
    assert "'日本' cannot be said in cp1254" in outcomes[0].detail
    assert till.given == {"2": {"sinif": "B"}}


def test_a_folder_that_is_gone_is_tried_again(system: System, till: Till) -> None:
    box = outbox(system)
    (till.root / "in").rmdir()
    [outcome] = send(box, [due("1", sinif="A")])
    assert outcome.state == "retry"
    (till.root / "in").mkdir()
    assert [o.state for o in send(box, [due("1", sinif="A")])] == ["accepted"]


def test_a_wrong_password_stops_all(till: Till) -> None:
    with till.serving() as address, pytest.raises(Denied, match="refuses the login"):
        prepare(connect(legacy.till_system(address, password="yanlis")), FIELDS)
