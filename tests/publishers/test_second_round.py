"""What we write into a tool must not come back from it as news."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts import contract_of
from publishers import Due, Field
from tests.kinds import KINDS, Kind
from tests.publishers.test_standard import FIELDS, VALUES, states
from warehouse import Places
from warehouse.pull import pull

PEOPLE = {"customers", "contacts"}


@pytest.mark.parametrize("kind", [kind.narrowed() for kind in KINDS], ids=lambda kind: kind.name)
def test_a_pull_after_publishing_lands_nothing(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kind.running(customers=12, orders=6) as running:
        monkeypatch.setenv("KOPRU_DATA", str(tmp_path))
        places = Places.from_environment()
        contract = contract_of(running.system)
        first = pull(places, running.system, contract)
        assert {done.table: done.rows for done in first} == {
            table: len(running.held(table)) for table in kind.tables
        }
        client = kind.publisher.connect(running.system)
        audiences = Field("audiences", "audiences", "text")  # Shopify's are tags
        kind.publisher.prepare(client, {**FIELDS, "audiences": audiences})
        values = {**VALUES, "audiences": "at_risk, consented_email"}
        rows = [Due(str(number), f"c-{number}", values, values) for number in range(1, 13)]
        assert set(states(kind.publisher.send(client, rows)).values()) == {"accepted"}
        second = pull(places, running.system, contract)
        assert [done.problem for done in second] == [None] * len(kind.tables)
        assert {done.table: done.rows for done in second} == dict.fromkeys(kind.tables, 0)
        assert sum(done.seen for done in second) >= 12
        running.change("7", phone="0312 000 00 00")
        third = pull(places, running.system, contract)
        changed = {done.table: done.rows for done in third if done.rows}
        assert changed and changed == dict.fromkeys(changed.keys() & PEOPLE, 1)
