"""A program that takes files with their control file and answers later, over SFTP."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from clients import Refused
from drills import failpoints
from sandbox.till_picker import Picker
from tests.core.test_failpoints import ended
from tests.kinds import KINDS
from tests.publishers.giving import Giving, running
from tests.publishers.test_giving import accounted, told
from warehouse import Places

ROWS = 4
ANSWERED = {"directory": "in", "key": "MusteriNo", "control": ".ok"}
ANSWERED |= {"acknowledgement": {"directory": "ack"}}  # type: ignore[dict-item]


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[Giving]:
    [files] = [kind for kind in KINDS if kind.name == "files"]
    with running(files, 40) as found:
        system = with_settings(found.system, **ANSWERED)
        yield Giving(replace(found, system=system), Places.below(tmp_path), count(1)).want(1, ROWS)


@pytest.fixture
def picker(tool: Giving) -> Picker:
    return Picker(tool.store)


def with_settings(system: Any, **write_back: Any) -> Any:
    return replace(system, settings={**system.settings, "write_back": write_back})


def impatient(tool: Giving) -> None:
    """Waits for no day at all."""
    answers = {"directory": "ack", "days": 0}
    system = with_settings(tool.system, **{**ANSWERED, "acknowledgement": answers})
    tool.running = replace(tool.running, system=system)


def states(tool: Giving) -> dict[str, str]:
    """Of each record, what became of it last."""
    [*_, last] = sorted({line["run"] for line in tool.lines("sends")})
    return {line["record"]: line["state"] for line in tool.lines("sends") if line["run"] == last}


def test_rows_wait_until_they_are_acknowledged(tool: Giving, picker: Picker) -> None:
    own = tool.theirs()
    done = tool.publish()
    assert (told(done), done.problem) == ({"placed": ROWS}, None)
    assert set(states(tool).values()) == {"placed"}
    assert tool.publish().due == 0  # it waits, and places nothing again
    assert len(picker.pick()) == 1
    assert tool.lacks() == {}
    settled = tool.publish()
    assert (settled.due, settled.settled.rows, settled.problem) == (0, ROWS, None)
    assert set(states(tool).values()) == {"accepted"}
    assert tool.publish().settled.rows == 0
    assert {record: tool.own(record) for record in own} == own
    assert tool.most_often() == 1
    assert accounted(tool, since={"accepted": ROWS}) == [ROWS]


def test_the_control_file_comes_last_and_agrees(tool: Giving, picker: Picker) -> None:
    died = ended(partial(failpoints.arm, "sftp.placed", 1), tool.publish)
    assert died == -signal.SIGKILL
    [lone] = (tool.store.root / "in").iterdir()
    assert (lone.suffix, picker.pick()) == (".csv", [])  # nobody takes what has no control file
    tool.publish()
    [control] = (tool.store.root / "in").glob("*.ok")
    header, line = control.read_bytes().decode("cp1254").splitlines()
    assert header == "file;rows;sha256"
    assert line.startswith(f"{control.name.removesuffix('.ok')};{ROWS};")
    lone.unlink()
    data = control.with_name(control.name.removesuffix(".ok"))
    whole = data.read_bytes()
    data.write_bytes(whole[:-5])
    assert picker.pick() == []
    data.write_bytes(whole)
    assert picker.pick() == [data.name]
    assert tool.lacks() == {}


def test_what_it_refuses_is_named_and_left_until_it_changes(tool: Giving, picker: Picker) -> None:
    first, *_ = tool.wanted
    tool.publish()
    picker.pick({first: "İL KODU YOK"})
    done = tool.publish()
    assert "1 of 4 rows were refused" in str(done.problem)
    assert f"record {first}: İL KODU YOK" in str(done.problem)
    assert states(tool) == {r: "refused" if r == first else "accepted" for r in tool.wanted}
    assert tool.lacks().keys() == {first}
    again = tool.publish()
    assert (again.due, again.skipped, again.problem) == (0, 1, None)
    assert told(tool.publish(retry_refused=True)) == {"placed": 1}
    picker.pick({first: "İL KODU YOK"})
    assert "1 of 1 rows were refused" in str(tool.publish().problem)
    tool.serve({**tool.wanted, first: {**tool.wanted[first], "city": "Van"}})
    assert told(tool.publish()) == {"placed": 1}
    picker.pick()
    assert tool.publish().problem is None
    assert tool.lacks() == {}


def test_a_row_it_forgot_goes_on_waiting_and_is_named_in_the_end(
    tool: Giving, picker: Picker
) -> None:
    first, *_ = tool.wanted
    tool.publish()
    picker.pick(forgotten=[first])
    done = tool.publish()
    assert (done.settled.rows, done.problem) == (ROWS - 1, None)
    impatient(tool)
    late = tool.publish()
    assert "1 rows were placed more than 0 days ago and never acknowledged" in str(late.problem)
    assert f"record {first} in kopru_" in str(late.problem)
    assert (late.due, tool.publish().problem) == (0, late.problem)  # red until it is seen to
    assert told(tool.publish(retry_refused=True)) == {"placed": 1}
    picker.pick()
    assert tool.publish().problem is None
    assert tool.lacks() == {}


def test_a_late_answer_is_as_good(tool: Giving, picker: Picker) -> None:
    tool.publish()
    impatient(tool)
    assert "never acknowledged" in str(tool.publish().problem)
    picker.pick()
    assert tool.publish().problem is None
    assert set(states(tool).values()) == {"accepted"}


def test_an_answer_to_a_later_file_holds_for_the_earlier_one(tool: Giving, picker: Picker) -> None:
    """The program took the first file without a word; of the second it said no to one row."""
    first, *others = tool.wanted
    tool.publish()
    picker.pick(forgotten=[*tool.wanted])
    tool.change(2, "city").publish()
    picker.pick({first: "HAYIR"})
    done = tool.publish()
    assert done.settled.rows == 2 * ROWS
    assert tool.publish().due == 0
    assert told(tool.change(1, "city").publish()) == {"placed": ROWS}  # nobody knows what it has
    picker.pick()
    tool.publish()
    assert tool.lacks() == {}
    assert others


def test_an_answer_to_the_earlier_file_does_not_hide_the_later_one(
    tool: Giving, picker: Picker
) -> None:
    tool.publish()
    [early] = (tool.store.root / "in").glob("*.csv")
    tool.change(2, "city").publish()
    late = [path for path in (tool.store.root / "in").glob("*.csv") if path != early]
    moved = [(path, path.rename(tool.store.root / path.name)) for path in late]
    control = late[0].with_name(f"{late[0].name}.ok")
    moved.append((control, control.rename(tool.store.root / control.name)))
    assert picker.pick() == [early.name]
    assert (tool.publish().settled.rows, tool.publish().due) == (ROWS, 0)
    for path, aside in moved:
        aside.rename(path)
    picker.pick()
    assert tool.publish().settled.rows == ROWS
    assert tool.lacks() == {}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: "tamam ş".encode(), "it has no column MusteriNo, state"),
        (lambda text: b"\x81\x8d\n", "it is not cp1254"),
        (lambda text: text.replace(b"OK", b"TAMAM", 1), "line 2: state is 'TAMAM'; it may be OK"),
        (lambda text: text.replace(b"OK", b"", 1), "line 2: state is ''; it may be OK, ERROR"),
        (lambda text: text.replace(b"OK;", b'OK;"', 1), "line "),
        (lambda text: text.replace(b"state", b"durum"), "no column state, only MusteriNo;durum"),
    ],
)
def test_an_answer_that_is_none_is_named_and_settles_nothing_more(
    tool: Giving, picker: Picker, spoil: Callable[[bytes], bytes], words: str
) -> None:
    tool.publish()
    [name] = picker.pick()
    good = (tool.store.root / "ack" / f"{name}.ack").read_bytes()
    spoiled = spoil(good)
    picker.write(name, spoiled if spoiled.endswith(b"\n") else spoiled + b"\r\n")
    done = tool.publish()
    assert f"till: an answer cannot be read: {name}.ack: " in str(done.problem)
    assert words in str(done.problem)
    assert done.settled.rows == 0
    picker.write(name, good)
    assert (tool.publish().settled.rows, tool.publish().problem) == (ROWS, None)


def test_an_answer_may_be_read_while_it_is_being_written(tool: Giving, picker: Picker) -> None:
    """However much of it is there, only whole lines count; then comes the rest."""
    tool.publish()
    [name] = picker.pick()
    good = (tool.store.root / "ack" / f"{name}.ack").read_bytes()
    settled = 0
    for size in range(0, len(good) + 1, 5):
        picker.write(name, good[:size])
        done = tool.publish()
        assert done.problem is None, good[:size]
        settled += done.settled.rows
    picker.write(name, good)
    assert settled + tool.publish().settled.rows == ROWS
    assert set(states(tool).values()) == {"accepted"}


def test_strangers_in_an_answer_change_nothing(tool: Giving, picker: Picker) -> None:
    tool.publish()
    [name] = picker.pick(forgotten=[*tool.wanted])
    picker.write(name, b"MusteriNo;state;words\r\n999;ERROR;no\r\n")
    picker.write("kopru_of_somebody_else.csv", b"MusteriNo;state;words\r\n1;ERROR;no\r\n")
    done = tool.publish()
    assert (done.settled.rows, done.problem) == (0, None)
    assert set(states(tool).values()) == {"placed"}


@pytest.mark.parametrize("point", ["publish.answered", "publish.recorded", "journal.placed"])
def test_killed_around_an_answer_the_next_run_settles_it(
    tool: Giving, picker: Picker, point: str
) -> None:
    died = ended(partial(failpoints.arm, point, 1), tool.publish)
    assert died == -signal.SIGKILL
    tool.publish()
    picker.pick()
    tool.change(2)
    died = ended(partial(failpoints.arm, "journal.placed", 1), tool.publish)  # it is settled
    assert died == -signal.SIGKILL
    tool.publish()
    picker.pick()
    assert tool.publish().problem is None
    assert tool.publish().due == 0
    assert tool.lacks() == {}


def test_what_was_placed_can_be_taken_back(tool: Giving, picker: Picker) -> None:
    before = tool.wanted
    tool.publish()
    picker.pick()
    newest = tool.change(2).wanted
    tool.publish()
    assert told(tool.restore(tool.last_run())) == {"placed": ROWS}
    picker.pick()
    tool.wanted = before
    assert tool.lacks() == {}
    assert tool.serve(newest).publish().due == 0
    assert tool.serve(before).publish().due == 0  # that is what it has


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"acknowledgement": {"directory": "ack", "day": 3}}, "day = 3 cannot be used"),
        ({"acknowledgement": {"directory": "ack", "days": "3"}}, "days = '3' cannot be used"),
        ({"acknowledgement": {"directory": "ack", "refused": "HATA"}}, "refused = 'HATA' cannot"),
        ({"acknowledgement": {"suffix": ".x"}}, "does not say where the answers are"),
        ({"acknowledgement": "ack"}, "it = 'ack' cannot be used"),
        ({"acknowledgement": {"directory": "nowhere"}}, "there is no nowhere"),
        ({"control": "ok/x"}, "write_back.control is 'ok/x'"),
    ],
)
def test_settings_that_cannot_be_used_are_named_before_anything_is_sent(
    tool: Giving, wrong: dict[str, Any], words: str
) -> None:
    system = with_settings(tool.system, **{**ANSWERED, **wrong})
    tool.running = replace(tool.running, system=system)
    with pytest.raises(Refused, match=words):
        tool.publish()
    assert tool.most_often() == 0
    assert not tool.lines("sends")
