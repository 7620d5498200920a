"""Who writes to a tool, takes back or forgets is alone with it: two processes at a time."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import warehouse.erasure
from publishers import Outcome
from publishers.engine import publish
from publishers.published import Published
from publishers.restore import restore
from tests.core.house import House
from tests.core.test_publish import CRM, Tool, states
from tests.core.test_rights import company, filled, forgotten
from warehouse import locks
from warehouse.journal import Journal
from warehouse.locks import Taken, writing_to

__all__ = ["company", "filled"]  # fixtures: a company with somebody to forget
fork = multiprocessing.get_context("fork")


@contextmanager
def elsewhere(work: Callable[[], Any], hold: Callable[[Callable[[], None]], None]) -> Iterator[Any]:
    """Another process that works and comes to a halt; yields it, and what lets it go on.

    `hold`: makes the work call the function it is given in the middle.
    """
    here, there = fork.Pipe()  # an event would wait for one who was killed while waiting for it

    def halt() -> None:
        there.send("halted")
        there.poll(60)

    def go() -> None:
        here.send("go on")

    def live() -> None:
        hold(halt)
        work()

    gc.collect()  # a child that collects a database of its parent crashes
    gc.freeze()
    process = fork.Process(target=live)
    process.start()
    gc.unfreeze()
    assert here.poll(60)
    try:
        yield process, go
    finally:
        go()
        process.join(60)


@pytest.fixture
def tool(house: House, monkeypatch: pytest.MonkeyPatch) -> Tool:
    monkeypatch.setattr(locks, "PATIENCE", 0.0)
    return Tool(house).want(("1", "c_1", "Van", 1))


def sending(tool: Tool) -> Callable[[Callable[[], None]], None]:
    """Halts while a batch is with the tool."""

    def hold(halt: Callable[[], None]) -> None:
        def answer(rows: Any) -> list[Outcome]:
            halt()
            return tool.accept(rows)

        tool.answer = answer

    return hold


def taking_back(tool: Tool, run: str) -> Published:
    return restore(tool.house.places, CRM, run, by="oya", why="wrong", apply=True)


def run_of(house: House) -> str:
    [*_, line] = Journal(house.places.journal).records("publish_runs")
    return str(line["run"])


def test_a_second_run_is_told_to_wait_and_sends_nothing(tool: Tool, house: House) -> None:
    with elsewhere(tool.run, sending(tool)):
        before = states(house)
        assert before == ["intent"]
        with pytest.raises(Taken, match=r"^crm is being written to by another process\. Wait for"):
            publish(house.places, CRM, approved_by="oya")
        assert tool.connects == 0
        assert states(house) == before
        assert publish(house.places, CRM, dry_run=True).due == 1  # looking is free
    assert states(house) == ["intent", "accepted"]
    assert publish(house.places, CRM).due == 0


def test_nothing_is_taken_back_while_a_run_writes(tool: Tool, house: House) -> None:
    tool.run()
    wrong = run_of(house)
    tool.want(("1", "c_1", "Rize", 1))
    with elsewhere(tool.run, sending(tool)), pytest.raises(Taken, match="crm is being written to"):
        taking_back(tool, wrong)
    assert "restored" not in states(house)


def test_no_run_writes_while_one_is_taken_back(tool: Tool, house: House) -> None:
    tool.run()
    wrong = run_of(house)
    tool.want(("1", "c_1", "Rize", 1))
    with elsewhere(lambda: taking_back(tool, wrong), sending(tool)):
        before = states(house)
        with pytest.raises(Taken, match="crm is being written to"):
            publish(house.places, CRM)
        assert states(house) == before


def test_who_waits_goes_on_when_the_other_is_done(
    tool: Tool, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 60.0)
    monkeypatch.setattr(locks, "EVERY", 0.01)
    monkeypatch.setattr(locks.log, "disabled", False)
    with elsewhere(tool.run, sending(tool)) as (_, go):
        told = _Told("is being written to by another process, which is waited for", go)
        locks.log.addHandler(told)
        monkeypatch.setattr(locks.log, "level", logging.INFO)
        try:
            done = publish(house.places, CRM)
        finally:
            locks.log.removeHandler(told)
    assert done.due == 0  # it saw what the other had written
    assert states(house) == ["intent", "accepted"]


class _Told(logging.Handler):
    def __init__(self, words: str, then: Callable[[], None]) -> None:
        super().__init__()
        self.words, self.then = words, then

    def emit(self, record: logging.LogRecord) -> None:
        if self.words in record.getMessage():
            self.then()


def test_who_is_killed_holds_nobody_up(tool: Tool, house: House) -> None:
    with elsewhere(tool.run, sending(tool)) as (process, _):
        os.kill(process.pid, signal.SIGKILL)
        process.join(60)
        assert tool.run().accepted == 1


def test_two_tools_do_not_wait_for_one_another(tool: Tool, house: House) -> None:
    with elsewhere(tool.run, sending(tool)), writing_to(house.places, "shop"):
        pass


def test_nobody_is_forgotten_while_a_tool_is_written_to(company: House) -> None:
    lines = [*Journal(company.places.journal).records("sends")]

    def hold(halt: Callable[[], None]) -> None:
        with writing_to(company.places, "erp"):
            halt()

    with elsewhere(lambda: None, hold), pytest.raises(Taken, match="erp is being written to"):
        forgotten(company)
    assert [*Journal(company.places.journal).records("sends")] == lines
    assert forgotten(company).problem is None


def test_nothing_is_given_back_while_somebody_is_forgotten(
    company: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until all is made anew: the served files still have the person."""
    real = warehouse.erasure.rebuild

    def hold(halt: Callable[[], None]) -> None:
        def rebuild(*arguments: Any, **options: Any) -> Any:
            halt()
            return real(*arguments, **options)

        monkeypatch.setattr(warehouse.erasure, "rebuild", rebuild)

    monkeypatch.setattr(locks, "PATIENCE", 0.0)
    with (
        elsewhere(lambda: forgotten(company), hold),
        pytest.raises(Taken, match="erp is being written to"),
    ):
        publish(company.places, company.erp, approved_by="oya")
    with writing_to(company.places, "erp"):
        pass
