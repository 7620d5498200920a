"""Settings and a contract for services nobody described: good enough to read by."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import sources.soap
from contracts import load
from sandbox.erp import wire as erp_wire
from sources.soap.propose import main
from tests.clients.test_soap_services import ebay
from tests.pulled import Landing
from tests.soap_service import DOCUMENTS, service, system


def proposed(folder: Path, name: str, wsdl: Path, *more: str) -> str:
    assert main([name, "--wsdl", str(wsdl), "--out", str(folder), *more]) == 0
    return (folder / f"{name}.toml").read_text(encoding="utf-8")


def test_what_is_proposed_can_be_read_by(tmp_path: Path) -> None:
    toml = proposed(tmp_path, "x", DOCUMENTS / "ebay.wsdl")
    assert 'result = { code = "Ack", ok = "" }' in toml
    assert "# DECIDE how it logs in" in toml
    contract = load(tmp_path / "x.odcs.yaml")
    with service(ebay) as (url, asked):
        found = system(url, toml.split("\n", 2)[2].replace("size = 500", "size = 2"))
        landing = Landing(tmp_path / "landing", sources.soap, found, contract).pull()
        assert asked[1].text("PageNumber") == "2"
    assert landing.readings["orders"].error is None
    assert sorted(landing.rows["orders"]) == ["1", "2", "3"]


def test_thin_lists_logins_and_written_words_are_seen(tmp_path: Path) -> None:
    (tmp_path / "erp.wsdl").write_bytes(erp_wire.wsdl("ThirdParty", "http://erp.example/ws"))
    toml = proposed(tmp_path, "erp", tmp_path / "erp.wsdl")
    assert 'argument = "authentication", members = { login = "login", password' in toml
    assert '# operation = "getThirdParty"' in toml
    assert "updateThirdParty" not in toml
    text = (tmp_path / "erp.odcs.yaml").read_text(encoding="utf-8")
    [customers] = yaml.safe_load(text)["schema"]
    mapped = {column["name"]: column["physicalName"] for column in customers["properties"]}
    assert mapped["customer_key"] == "id"
    assert (mapped["city"], mapped["tax_number"]) == ("town", "profid1")
    assert "# DECIDE whether it is needed: fax (string)" in text


def test_a_saved_answer_beats_the_wsdl(tmp_path: Path) -> None:
    sample = tmp_path / "answer.xml"
    sample.write_text(
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><GetOrdersResponse>'
        "<Ack>Success</Ack><Page><Orders><Order><a/></Order><Order><a/></Order></Orders></Page>"
        "</GetOrdersResponse></e:Body></e:Envelope>"
    )
    toml = proposed(tmp_path, "x", DOCUMENTS / "ebay.wsdl", "--sample", str(sample))
    assert 'rows = "Page.Orders"' in toml


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.odcs.yaml").write_text("mine")
    assert main(["x", "--wsdl", str(DOCUMENTS / "ebay.wsdl"), "--out", str(tmp_path)]) == 1
    assert "x.odcs.yaml exists and is left as it is" in capsys.readouterr().err
    assert (tmp_path / "x.odcs.yaml").read_text() == "mine"
    assert not (tmp_path / "x.toml").exists()


def test_a_service_of_other_things_says_what_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wsdl = str(DOCUMENTS / "countryinfo.wsdl")
    assert main(["x", "--wsdl", wsdl, "--out", str(tmp_path)]) == 1
    assert "It has FullCountryInfoAllCountries." in capsys.readouterr().err
