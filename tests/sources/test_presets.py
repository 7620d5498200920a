"""A preset's settings under a system's own."""

from __future__ import annotations

import pytest

from systems import SystemsError
from tests.legacy import parsed


def test_a_preset_brings_its_settings_and_its_contract() -> None:
    system = parsed('[erp]\nkind = "soap"\npreset = "dolibarr"\npublish = true\n')
    assert system.contract == "dolibarr"
    assert "contract" not in system.settings
    assert system.settings["tables"]["orders"]["arguments"] == {"idthirdparty": "all"}
    assert system.publish


def test_own_settings_stand_over_it_piece_by_piece() -> None:
    system = parsed(
        '[erp]\nkind = "soap"\npreset = "dolibarr"\ncontract = "mine"\nwsdl = ["/a?wsdl"]\n'
        'authentication.fixed.entity = "2"\ntables.customers.detail.share = 5\n'
    )
    assert (system.contract, system.settings["wsdl"]) == ("mine", ["/a?wsdl"])
    assert system.settings["authentication"]["fixed"] == {
        "sourceapplication": "kopru",
        "entity": "2",
    }
    assert system.settings["tables"]["customers"]["detail"]["share"] == 5
    assert system.settings["tables"]["customers"]["detail"]["operation"] == "getThirdParty"


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(SystemsError, match=r"\[erp\]: preset is 'dolibar'; valid.*dolibarr"):
        parsed('[erp]\nkind = "soap"\npreset = "dolibar"\n')
