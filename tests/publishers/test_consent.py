"""The gate: whatever comes in, nothing goes out that a customer did not agree to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hypothesis import given
from hypothesis import strategies as st

from publishers import Due
from publishers.consent import AUDIENCES, FACTS, FLAGS, Gate
from systems import AUDIENCES as KNOWN

CHANNELS = tuple(FLAGS.values())
names = st.lists(st.sampled_from(KNOWN), unique=True)
flags = st.fixed_dictionaries({flag: st.sampled_from(["true", "false", None]) for flag in FLAGS})
some = st.sets(st.sampled_from(CHANNELS))


def values(audiences: Collection[str], flags: Mapping[str, str | None]) -> dict[str, str | None]:
    return {AUDIENCES: ", ".join(sorted(audiences)) or None, **flags, "city": "Van"}


def marketing(text: str | None) -> set[str]:
    return {*(text.split(", ") if text else ())} - FACTS


@given(names, flags, names, flags, some, some, st.sampled_from(["", "older than 24 hours"]))
def test_nothing_leaves_without_consent(wanted, may, held, might, said, noes, stale) -> None:
    held_values = values(held, might)
    row = Due("1", "c_1", values(wanted, may), values(wanted, may))
    out = Gate(lambda record: held_values, {"c_1": said}, stale).hold(row, noes)
    allowed = said - noes
    for given_ in (out.values, out.current):
        left = marketing(given_.get(AUDIENCES))
        assert not left or allowed
        assert {
            f"consented_{channel}" for channel in CHANNELS if channel not in allowed
        }.isdisjoint(left)
        for flag, channel in FLAGS.items():
            assert given_.get(flag) != "true" or channel in allowed
        if stale:
            assert left <= marketing(held_values[AUDIENCES])
    assert out.values["city"] == "Van"
    assert FACTS & {*wanted} <= {*(out.current[AUDIENCES] or "").split(", ")}


@given(names, flags, some)
def test_what_may_leave_leaves_as_it_is(wanted, may, said) -> None:
    row = Due("1", "c_1", values(wanted, may), values(wanted, may))
    everything = Gate(lambda record: {}, {"c_1": CHANNELS})
    assert everything.hold(row) == row


@given(names, flags, some)
def test_what_is_let_go_of_is_what_is_not_agreed_to(held, might, said) -> None:
    held_values = values(held, might)
    gate = Gate(lambda record: held_values, {"c_1": said})
    [*back] = gate.withdrawn([Due("1", "c_1", {AUDIENCES: None}, {})])
    after = {**held_values, **(back[0].values if back else {})}
    again = Gate(lambda record: after, {"c_1": said})
    assert again.withdrawn([Due("1", "c_1", {AUDIENCES: None}, {})]) == []
    assert marketing(after[AUDIENCES]) <= marketing(held_values[AUDIENCES])
    assert said or not marketing(after[AUDIENCES])
