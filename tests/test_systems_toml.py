"""What a system may be given is said in systems.toml; what cannot be is refused with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts import load
from contracts.reader import HERE
from systems import AUDIENCES, System, SystemsError
from systems import load as read


def entry(folder: Path, text: str, kind: str = "hubspot") -> System:
    path = folder / "systems.toml"
    path.write_text(f'[crm]\nkind = "{kind}"\n{text}\n', encoding="utf-8")
    return read(path)["crm"]


def test_nothing_of_it_is_on_unless_asked_for(tmp_path: Path) -> None:
    usual = entry(tmp_path, "publish = true")
    assert (usual.audiences, usual.create, usual.consent_hours) == ((), False, 24)
    given = 'publish = true\naudiences = ["at_risk"]\ncreate = true\nconsent_hours = 48'
    asked = entry(tmp_path, given)
    assert (asked.audiences, asked.create, asked.consent_hours) == (("at_risk",), True, 48)
    assert asked.settings == {}


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        (
            'publish = true\naudiences = ["risk"]',
            "hubspot",
            r"\['risk'\]; write a list of cart_to_",
        ),
        (
            'publish = true\naudiences = "at_risk"',
            "hubspot",
            "audiences is 'at_risk'; write a list",
        ),
        ('audiences = ["at_risk"]', "hubspot", "audiences and create need publish = true"),
        ("create = true", "hubspot", "audiences and create need publish = true"),
        ('publish = true\ncreate = "yes"', "hubspot", "create must be true or false, not 'yes'"),
        ("publish = true\ncreate = true", "files", "of kind files cannot be asked .* leave it out"),
        ("publish = true\ncreate = true", "soap", "It works for shopify, woocommerce, hubspot"),
        ("publish = true\nconsent_hours = 0", "hubspot", "a whole number from 1, not 0"),
    ],
)
def test_what_cannot_be_given_is_refused(tmp_path: Path, text: str, kind: str, said: str) -> None:
    with pytest.raises(SystemsError, match=rf"\[crm\]: .*{said}"):
        entry(tmp_path, text, kind)


def test_audiences_are_those_of_the_contract() -> None:
    table = load(HERE / "activation.odcs.yaml").tables["audiences"]
    text = (HERE / "activation.odcs.yaml").read_text(encoding="utf-8")
    assert "audience" in [column.name for column in table.columns]
    assert f"validValues: [{', '.join(AUDIENCES)}]" in text
