"""zeep's own client, which knows nothing of ours, uses the sandbox ERP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import zeep
from zeep.exceptions import Fault, XMLSyntaxError

from sandbox.erp import Erp
from sandbox.serving import serving
from tests import legacy

LOGIN = {
    "dolibarrkey": legacy.KEY,
    "sourceapplication": "test",
    "login": "kopru",
    "password": legacy.PASSWORD,
    "entity": "",
}
ENCODING = Path(__file__).parents[2] / "clients" / "soap" / "schemas" / "soap_encoding.xsd"


class Offline(zeep.Transport):  # type: ignore[misc]
    """SOAP-ENC is imported without a location; zeep would ask the internet for it."""

    def load(self, url: str) -> bytes:
        if url.startswith("http://schemas.xmlsoap.org/"):
            return ENCODING.read_bytes()
        return bytes(super().load(url))


@pytest.fixture
def erp() -> Erp:
    return legacy.erp()


@pytest.fixture
def url(erp: Erp) -> Iterator[str]:
    with serving(erp.app()) as url:
        yield f"{url}/webservices/server_thirdparty.php"


@pytest.fixture
def service(url: str) -> zeep.proxy.ServiceProxy:
    return zeep.Client(f"{url}?wsdl", transport=Offline()).service


def test_reads_creates_and_updates(service: zeep.proxy.ServiceProxy, erp: Erp) -> None:
    made = service.createThirdParty(LOGIN, struct(ref="Yeni Müşteri", email="y@ornek.example"))
    assert (made.result.result_code, made.id) == ("OK", "6")
    found = service.getThirdParty(LOGIN, "6", "", "", "", "", "")
    assert (found.thirdparty.ref, found.thirdparty.email) == ("Yeni Müşteri", "y@ornek.example")
    service.updateThirdParty(LOGIN, struct(id="6", ref="Yeni Müşteri", town="Bursa"))
    assert (erp.customers["6"].city, erp.customers["6"].email) == ("Bursa", "")
    assert erp.writes == 2


def test_zeep_itself_loses_lists_without_a_word(service: zeep.proxy.ServiceProxy) -> None:
    """As on the real one: this is why answers are read from the raw envelope."""
    answer = service.getListOfThirdParties(LOGIN, {"client": "", "supplier": "", "category": ""})
    assert answer.result.result_code == "OK"
    assert answer.thirdparties["_value_1"] == []
    assert answer.thirdparties["arrayType"] == ":[5]"


def test_a_fault_is_a_fault(service: zeep.proxy.ServiceProxy, erp: Erp) -> None:
    erp.faults = ["fault"]
    with pytest.raises(Fault, match="Unable to process"):
        service.getThirdParty(LOGIN, "1", "", "", "", "", "")


def test_what_the_real_one_answers_to_nonsense(url: str) -> None:
    xml = {"Content-Type": "text/xml"}
    malformed = requests.post(url, data=b"<a><b>", headers=xml, timeout=10)
    assert (malformed.status_code, malformed.content) == (500, b"")
    assert malformed.headers["content-type"].startswith("text/html")
    assert b"xml was empty" in requests.post(url, headers=xml, timeout=10).content
    soap12 = {"Content-Type": "application/soap+xml"}
    assert b"Fault" in requests.post(url, data=b"<a/>", headers=soap12, timeout=10).content
    entity = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'
    assert requests.post(url, data=entity, headers=xml, timeout=10).status_code == 500


def test_an_omitted_parameter_and_an_unknown_operation(url: str) -> None:
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{}</e:Body>'
        "</e:Envelope>"
    )
    xml = {"Content-Type": "text/xml"}
    short = envelope.format("<getThirdParty><id>4</id></getThirdParty>")
    assert requests.post(url, data=short, headers=xml, timeout=10).status_code == 500
    unknown = requests.post(url, data=envelope.format("<getNothing/>"), headers=xml, timeout=10)
    assert unknown.status_code == 200
    with pytest.raises(XMLSyntaxError):
        zeep.loader.parse_xml(unknown.content, None)


def test_large_answers_are_compressed_when_asked(url: str, service: object) -> None:
    headers = {"Accept-Encoding": "gzip"}
    answer = requests.get(f"{url}?wsdl", headers=headers, timeout=10)
    assert answer.headers["content-encoding"] == "gzip"
    assert b'encoding="ISO-8859-1"' in answer.content


def struct(**values: str) -> dict[str, object]:
    names = (
        "id ref ref_ext fk_user_author status client supplier customer_code supplier_code"
        " customer_code_accountancy supplier_code_accountancy date_creation date_modification"
        " note_private note_public address zip town region_code country_id country_code country"
        " phone fax email url profid1 profid2 profid3 profid4 profid5 profid6 capital vat_used"
        " vat_number"
    )
    return {name: values.get(name, zeep.xsd.SkipValue) for name in names.split()}
