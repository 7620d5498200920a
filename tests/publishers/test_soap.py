"""Our line in the ERP's note, and nothing else anywhere in the record."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients import Denied
from clients.soap import Soap
from clients.soap.envelope import whole
from clients.soap.notes import MARK, ours, with_ours, without_ours
from publishers import Due, Field
from publishers.soap import prepare, send
from sandbox.erp import Erp, types, wire
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


@given(st.text(alphabet="aş\n\r\t\x0b\x1c\x85\u2028 ;="))
def test_what_people_wrote_stays_letter_by_letter(text: str) -> None:
    noted = with_ours(text, {"a": "1"})
    assert ours(noted) == {"a": "1"}
    assert without_ours(noted) == text
    assert with_ours(noted, {"a": "2"}) == noted.replace(f"{MARK} a=1", f"{MARK} a=2")


def reading(erp: Erp, on: int, edit: Callable[[], object]) -> list[str]:
    """Somebody saves a record just before it is read for that time; the calls, as they come."""
    calls: list[str] = []

    def told(name: str, real: Callable[..., str]) -> Callable[..., str]:
        def call(**arguments: Any) -> str:
            calls.append(name)
            if name == "getThirdParty" and calls.count(name) == on:
                edit()
            return real(**arguments)

        return call

    erp.operations = {name: told(name, real) for name, real in erp.operations.items()}
    return calls


def test_each_write_follows_its_own_reading_at_once(client: Soap, erp: Erp) -> None:
    calls = reading(erp, 0, lambda: None)
    assert {one.state for one in send(client, [due("1", a="1"), due("2", a="1")])} == {"accepted"}
    assert calls == ["getThirdParty", "updateThirdParty", "getThirdParty"] * 2


def test_who_saves_before_our_reading_keeps_it(client: Soap, erp: Erp) -> None:
    """Also where the engine read the record for its batch long before."""
    erp.members["2"]["fax"] = "eski"
    reading(erp, 1, lambda: erp.members["2"].update(fax="yeni", note_public="Salı arayın"))
    assert send(client, [due("2", a="1")])[0].state == "accepted"
    assert erp.thirdparty(erp.customers["2"])["fax"] == "yeni"
    assert note(erp, "2") == "Salı arayın\n[Köprü] a=1"


def test_who_writes_around_our_line_since_keeps_it(client: Soap, erp: Erp) -> None:
    def edit() -> None:
        erp.members["2"]["note_public"] = f"{note(erp, '2')}\nCuma uğrayın"

    reading(erp, 2, edit)
    assert send(client, [due("2", a="1")])[0].state == "accepted"
    assert note(erp, "2").endswith("[Köprü] a=1\nCuma uğrayın")


def test_who_saves_while_we_read_back_is_named(client: Soap, erp: Erp) -> None:
    reading(erp, 2, lambda: erp.members["2"].update(fax="yeni"))
    [outcome] = send(client, [due("2", a="1")])
    assert (outcome.state, "also changed fax" in outcome.detail) == ("refused", True)


def test_who_saves_while_we_put_back_keeps_it(client: Soap, erp: Erp) -> None:
    erp.faults = ["side_effect"]
    reading(erp, 3, lambda: erp.members["2"].update(url="https://yeni.example"))
    [outcome] = send(client, [due("2", a="1")])
    assert outcome.state == "refused"
    assert "also changed fax, and somebody saved the record in the meantime" in outcome.detail
    assert erp.thirdparty(erp.customers["2"])["url"] == "https://yeni.example"


RECORD = """<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"
  xmlns:i="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:s="http://schemas.xmlsoap.org/soap/encoding/"><e:Body><answer>
    <result><result_code>OK</result_code></result>
    <thirdparty><id>2</id><note_public/><fax i:nil="true"/><vat_used>0</vat_used><capital/>
      <banks s:arrayType=":[2]" i:type="s:Array">
        <bank><iban>TR1</iban><branch><city>Ankara</city></branch></bank>
        <bank><iban>TR2</iban><branch/></bank>
      </banks>{}</thirdparty></answer></e:Body></e:Envelope>"""


@pytest.fixture
def nested(erp: Erp, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """An ERP whose records hold lists and types; the bodies of its updates."""
    monkeypatch.setitem(types.STRUCTS["ThirdParty"], "branch", {"city": "xsd:string"})
    bank = {"iban": "xsd:string", "branch": "tns:branch"}
    monkeypatch.setitem(types.STRUCTS["ThirdParty"], "bank", bank)
    monkeypatch.setitem(types.LISTS["ThirdParty"], "Banks", "bank")
    more = {"banks": "tns:Banks", "blocked": "xsd:boolean", "limit": "xsd:double"}
    for name, type_ in {**more, "vat_used": "xsd:boolean"}.items():
        monkeypatch.setitem(types.THIRDPARTY, name, type_)
    real, sent = erp.answer, list[bytes]()

    def answer(service: str, body: bytes, kind: str = "text/xml") -> Any:
        sent.extend([body] if b"updateThirdParty" in body else [])
        return real(service, body, kind)

    monkeypatch.setattr(erp, "answer", answer)
    return sent


def test_lists_types_and_empty_members_go_back_as_they_came(
    client: Soap, nested: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = whole(io.BytesIO(RECORD.format("").encode()))
    monkeypatch.setattr(client, "read", lambda *arguments: parts)
    send(client, [due("2", a="1")])
    _, arguments = wire.request(nested[0])
    found = arguments["thirdparty"]
    assert found["note_public"] == "[Köprü] a=1"
    banks = re.findall(rb"<iban>.*?</iban>.*?</bank>", nested[0], re.DOTALL)
    assert [b"TR1" in banks[0] and b"Ankara" in banks[0], b"TR2" in banks[1]] == [True, True]
    assert (found["vat_used"], found["fax"], found["capital"]) == ("false", "", "")
    assert not {"blocked", "limit", "date_creation"} & found.keys()  # nothing is not false


@pytest.mark.parametrize(
    "more", ["<options_color>mavi</options_color>", '<url lang="tr">https://x.example</url>']
)
def test_what_the_update_does_not_take_stops_it_before(
    client: Soap, nested: list[bytes], monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    parts = whole(io.BytesIO(RECORD.format(more).encode()))
    monkeypatch.setattr(client, "read", lambda *arguments: parts)
    [outcome] = send(client, [due("2", a="1")])
    assert (outcome.state, nested) == ("refused", [])
    assert re.search("takes no (options_color|url@lang), which the record has", outcome.detail)
