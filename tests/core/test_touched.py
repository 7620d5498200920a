"""What is brought up to date by the customers that changed, marts and the files served of them, is
what it would be made anew."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.core.house import CUSTOMERS, House, write_contract
from tests.core.test_build import order
from warehouse import opened, touched
from warehouse.build import TRANSFORMS, Model, discover

MODELS = discover(TRANSFORMS)
BY_TOUCH = [model for model in MODELS if touched.CONTENTS in model.reads]
# Receipts are known by their lines only.
RECEIPTS = CUSTOMERS.rstrip() + "\n      - {{name: customer_key, logicalType: string}}\n"
NUMBERS = st.integers(1, 3)
CUSTOMER = st.tuples(st.just("customer"), NUMBERS, st.sampled_from(["x@a.tr", "y@a.tr", None]))
ORDER = st.tuples(st.just("order"), NUMBERS, st.integers(0, 3))
LINE = st.tuples(st.just("line"), NUMBERS, st.integers(1, 2))
GONE = st.tuples(st.just("gone"), st.sampled_from(["customers", "orders"]), NUMBERS)
ROUND = st.lists(st.one_of(CUSTOMER, ORDER, LINE, GONE), min_size=1, max_size=3)


def land(house: House, actions: list[tuple[Any, ...]], at: int) -> None:
    for what, one, other in actions:
        if what == "customer":
            house.land({"no": str(one), "name": f"Ad {at}", "email": other})
        elif what == "order":
            customer = {"customer_key": str(other) if other else None}
            house.land({**order(one, 0, total=f"{at}.00"), **customer}, table="orders")
        elif what == "line":
            row = {"order_id": f"l{one}", "line_id": str(other), "total": f"{at}.50"}
            customer = {"customer_key": str(one)}
            house.land({**row, **customer}, table="order_lines", key=("order_id", "line_id"))
        elif one == "customers":
            house.land(gone=(str(other),))
        else:
            house.land(gone=(f"o{other}",), table="orders")


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example([[("customer", 1, None)], [("customer", 1, None)]])
@example([[("line", 1, 1)], [("line", 1, 1)]])
@example([[("order", 1, 1)], [("order", 1, 2)], [("gone", "orders", 1)]])
@given(rounds=st.lists(ROUND, min_size=2, max_size=3))
def test_a_mart_brought_up_to_date_is_the_mart_made_anew(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    rounds: list[list[tuple[Any, ...]]],
) -> None:
    monkeypatch.setattr(touched, "MANY", 1.0)
    house = House(tmp_path_factory.mktemp("company"), monkeypatch)
    write_contract(house.folder / "made_up.odcs.yaml", text=RECEIPTS)
    for at, actions in enumerate(rounds):
        land(house, actions, at)
        house.check()
        house.load()
        house.build()
        with opened(house.places) as connection:
            connection.execute("create or replace temp macro is_touched(customer) as true")
            for model in BY_TOUCH:
                table, anew = f"select * from {model.name}", f"select * from ({model.sql})"
                for one, other in ((table, anew), (anew, table)):
                    assert connection.execute(f"({one}) except all ({other})").fetchall() == []
        house.hold_served()


def test_only_touched_customers_are_made_again(house: House) -> None:
    for number in range(1, 21):
        land(house, [("customer", number, f"{number}@a.tr"), ("order", number, number)], 0)
    house.check()
    house.load()
    house.build()
    house.sql("update marts.customer_360 set city = 'was here'")
    house.sql("update marts.orders set channel = 'was here'")
    land(house, [("order", 3, 4)], 1)  # it goes from one customer to another
    house.check()
    house.load()
    house.build()
    again = house.sql("select ids['erp'] from marts.customer_360 where city is null order by all")
    assert again == [(["3"],), (["4"],)]
    assert house.sql("select count(*) from marts.orders where channel = 'was here'") == [(18,)]


def test_what_is_brought_up_to_date_reads_nothing_that_changes_are_not_seen_of() -> None:
    by_name = {model.name: model for model in MODELS}

    def roots(model: Model) -> set[str]:
        found: set[str] = set()
        for read in model.reads:
            found |= roots(by_name[read]) if read in by_name else {read}
        return found

    seen = roots(by_name[touched.CONTENTS]) | roots(by_name[touched.PRODUCTS])
    assert BY_TOUCH
    for model in BY_TOUCH:
        assert roots(model) <= seen, f"{model.name}: changes.customers has no hash of its inputs"
