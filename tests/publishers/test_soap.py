"""Our line in the ERP's note, and nothing else anywhere in the record."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients import Denied
from clients.soap import Soap
from clients.soap.notes import MARK, ours, with_ours, without_ours
from publishers import Due, Field
from publishers.soap import prepare, send
from sandbox.erp import Erp
from sandbox.serving import serving
from tests import legacy


@pytest.fixture
def erp() -> Erp:
    erp = legacy.erp()
    erp.members["2"] = {"note_public": "Cuma arayın\nVadesi 30 gün", "fax": "02320001122"}
    return erp


@pytest.fixture
def client(erp: Erp) -> Iterator[Soap]:
    with serving(erp.app()) as url:
        yield Soap(legacy.soap_system(url), sleep=lambda seconds: None)


def due(record: str, **values: str | None) -> Due:
    return Due(record, f"c{record}", values)


def note(erp: Erp, record: str) -> str:
    return erp.thirdparty(erp.customers[record])["note_public"] or ""


def test_the_line_goes_under_what_people_wrote_and_nothing_else_changes(
    client: Soap, erp: Erp
) -> None:
    before = erp.thirdparty(erp.customers["2"])
    [outcome] = send(client, [due("2", value_class="high", last_order="2026-11-01")])
    assert (outcome.state, outcome.detail) == ("accepted", "")
    assert note(erp, "2") == (
        "Cuma arayın\nVadesi 30 gün\n[Köprü] value_class=high; last_order=2026-11-01"
    )
    after = erp.thirdparty(erp.customers["2"])
    for name in ("note_public", "date_modification"):
        before.pop(name), after.pop(name)
    assert {n: v or "" for n, v in before.items()} == {
        n: v or "" for n, v in after.items() if v or n in before
    }
    assert erp.writes == 1


def test_a_changed_value_replaces_its_own_and_a_cleared_one_goes(client: Soap, erp: Erp) -> None:
    send(client, [due("2", value_class="high", last_order="2026-11-01")])
    send(client, [due("2", value_class="low; best\nof all", last_order=None)])
    assert note(erp, "2").splitlines()[2:] == ["[Köprü] value_class=low, best of all"]
    send(client, [due("2", value_class=None)])
    assert note(erp, "2") == "Cuma arayın\nVadesi 30 gün"


def test_the_same_value_again_writes_nothing(client: Soap, erp: Erp) -> None:
    send(client, [due("3", value_class="high")])
    erp.writes = erp.requests = 0
    [outcome] = send(client, [due("3", value_class="high")])
    assert (outcome.state, erp.writes, erp.requests) == ("accepted", 0, 1)


def test_a_missing_record_does_not_stop_the_rest(client: Soap) -> None:
    outcomes = send(client, [due("77", a="1"), due("1", a="1")])
    assert [(o.record, o.state) for o in outcomes] == [("77", "refused"), ("1", "accepted")]
    assert "NOT_FOUND: Object not found for id=77" in outcomes[0].detail


def test_a_side_effect_is_put_back_and_refused(client: Soap, erp: Erp) -> None:
    erp.faults = ["side_effect"]
    [outcome] = send(client, [due("2", value_class="high")])
    assert outcome.state == "refused"
    assert "also changed fax; the record was put back" in outcome.detail
    assert erp.thirdparty(erp.customers["2"])["fax"] == "02320001122"
    assert note(erp, "2") == "Cuma arayın\nVadesi 30 gün"


def test_what_cannot_be_put_back_is_said(client: Soap, erp: Erp) -> None:
    erp.faults = ["side_effect", "dropped_write"]
    [outcome] = send(client, [due("2", value_class="high")])
    assert outcome.state == "refused"
    assert "fax, note_public could not be put back" in outcome.detail


def test_an_ok_that_kept_nothing_is_refused(client: Soap, erp: Erp) -> None:
    erp.faults = ["dropped_write"]
    [outcome] = send(client, [due("2", value_class="high")])
    assert outcome.state == "refused"
    assert "answered OK and did not keep note_public" in outcome.detail


def test_a_system_that_is_down_is_tried_again_later(client: Soap, erp: Erp) -> None:
    send(client, [due("1", a="1")])  # so that the WSDL is there
    erp.faults = ["down"] * 4
    outcomes = send(client, [due("2", a="1"), due("3", a="1")])
    assert [outcome.state for outcome in outcomes] == ["retry", "accepted"]


def test_wrong_credentials_stop_all(erp: Erp) -> None:
    with serving(erp.app()) as url, pytest.raises(Denied, match="BAD_CREDENTIALS"):
        send(Soap(legacy.soap_system(url, password="yanlis")), [due("1", a="1")])


def test_the_field_must_exist_before_anything_is_sent(client: Soap) -> None:
    fields = {"a": Field("a", "A", "text")}
    prepare(client, fields)
    client.settings["write_back"]["field"] = "note_internal"
    with pytest.raises(Exception, match="takes no note_internal; it takes id, ref"):
        prepare(client, fields)


def test_our_line_is_found_wherever_people_moved_it() -> None:
    text = f"{MARK} a=1; b=x=y\nelle yazıldı\n{MARK} kopya"
    assert ours(text) == {"a": "1", "b": "x=y"}
    assert with_ours(text, {"a": "2"}) == f"{MARK} a=2\nelle yazıldı"
    assert without_ours(text) == "elle yazıldı"
    assert without_ours("satır\n") == "satır\n"
