"""Landing and journal in an object store: the same as in a folder; keys, and wrong settings."""

from __future__ import annotations

import socket
import sys
from dataclasses import replace
from typing import Any

import pytest
import requests

import sandbox.s3
from tests.core.house import NOON, House
from tests.core.on_store import on_store
from tests.core.test_build import company, content, order
from tests.core.test_publish import Tool
from tests.telltale import Listener, found
from warehouse import Places
from warehouse.files import named
from warehouse.journal import Journal
from warehouse.landing import Landing
from warehouse.quarantine import replay
from warehouse.rebuild import rebuild
from warehouse.stores import folder


@pytest.fixture
def away(house: House, server: str, address: str) -> House:
    return on_store(house, server, address)


def rounds(house: House) -> list[Any]:
    """Two rounds of everything, and what a rebuild makes of them; what is seen on the way."""
    seen: list[Any] = []
    shelf = house.shelves["customers"].put(*range(1, 8))
    shelf.pages_per_load = 2
    for change in ("nothing", "some"):
        if change == "some":
            shelf.put(1, name="yeni").put(9, email="kırık")
            del shelf.rows["2"]
            house.land(order(9, 4), table="orders")
        done = house.pull()
        seen.append((done.problem, done.rows, done.loads, done.gone))
        seen.append([(v.table, v.rows, v.quarantined, v.accepted) for v in house.check()])
        seen.append({name: (one.loads, one.changed) for name, one in house.load().items()})
        seen.append(house.build().built)
        seen.append(house.raw())
        seen.append(house.sql("select key, state from quarantine.rows"))
    house.promise(pattern="^.*$")
    seen.append(replay(house.places, house.erp, house.contract(), by="me", why="mended"))
    seen.append(house.load()["customers"].changed)
    Journal(house.places.journal).append("sends", [{"system": "crm", "record": "ğ\u2028"}])
    house.load()
    seen.append(house.sql("select system, record from journal.sends"))
    house.build()
    ids = house.sql("select system, record, customer_id from journal.customer_ids order by all")
    before = content(house), house.raw(), ids
    rebuild(house.places, [house.erp], now=NOON)
    after = house.sql("select system, record, customer_id from journal.customer_ids order by all")
    assert (content(house), house.raw(), after) == before
    marts = house.served("select * exclude customer_id from marts.customer_360 order by all")
    return [*seen, marts, house.served("select order_id, total from marts.orders")]


def test_every_step_is_the_same_in_a_store_and_in_a_folder(
    house: House, server: str, address: str
) -> None:
    seen = []
    for name in ("here", "there"):
        (house.folder / name).mkdir()
        one = House(house.folder / name, house.monkeypatch)
        seen.append(rounds(one if name == "here" else on_store(one, server, address)))
    here, there = seen
    assert there == here
    assert [str(path) for path in (house.folder / "there").glob("*")] != []
    assert not (house.folder / "there" / "journal").exists()


def test_only_finished_loads_count_and_no_manifest_waits(away: House) -> None:
    away.shelves["customers"].put(*range(1, 8)).pages_per_load = 1
    assert away.pull().loads == 4
    landing = away.places.landing
    assert [load.manifest.seen for load in Landing(landing).loads("erp", "customers")] == [
        2,
        4,
        6,
        7,
    ]
    assert [str(path) for path in landing.rglob("*") if ".pending" in str(path)] == []
    assert not (away.folder / "landing").exists()


def test_publishing_keeps_its_ledger_in_the_store(away: House) -> None:
    tool = Tool(away).want(("1", "c_1", "İzmir", 2))
    assert (tool.run().accepted, tool.run().due) == (1, 0)
    assert len(named(away.places.journal / "sends")) == 2
    tool.want(("1", "c_1", "Van", 2)).run()
    assert tool.sent == {"1": {"city": "Van"}}
    assert [line["state"] for line in Journal(away.places.journal).records("sends")] == [
        *("intent", "accepted") * 2
    ]


def test_a_wrong_setting_is_said_at_once(server: str, address: str) -> None:
    keys = sandbox.s3.connection(server)
    with pytest.raises(ValueError, match="there is no bucket nowhere. Make it, or correct"):
        folder("s3://nowhere/landing", keys)
    for wrong in ("gs://bucket/landing", "s3://bucket", "s3://bucket/"):
        with pytest.raises(ValueError, match="Valid are a folder of this machine, and s3://"):
            folder(wrong, keys)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    gone = replace(keys, extra={**keys.extra, "endpoint_url": f"http://127.0.0.1:{port}"})
    with pytest.raises(ConnectionError, match="cannot be reached"):
        folder(address, gone)


def test_without_its_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(RuntimeError, match="Install the packages of the extra `growth`"):
        folder("s3://bucket/landing")


def test_keys_come_from_the_environment_where_there_is_no_connection(
    house: House, server: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = sandbox.s3.connection(server)
    for name, value in {
        "KOPRU_LANDING": address,
        "KOPRU_DATA": str(house.folder),
        "AWS_ACCESS_KEY_ID": keys.login,
        "AWS_SECRET_ACCESS_KEY": keys.password,
        "AWS_DEFAULT_REGION": sandbox.s3.REGION,
        "AWS_ENDPOINT_URL": server,
    }.items():
        monkeypatch.setenv(name, str(value))
    house.places = Places.from_environment()
    house.shelves["customers"].put(1, 2)
    assert house.pull().rows == 2
    house.check()
    assert house.load()["customers"].changed == 2


def test_refused_keys_are_said_and_never_shown(
    away: House, server: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    listener.listen()
    said = [repr(away.places), str(away.places.landing)]
    company(away).build()
    away.shelves["customers"].put(1, 2)
    away.pull()
    requests.post(f"{server}/moto-api/reset-auth", data="0", timeout=30)  # from now on it asks
    try:
        steps: list[Any] = [
            lambda: folder(address, sandbox.s3.connection(server)),
            away.pull,
            away.check,
            away.load,
            away.build,
        ]
        for step in steps:
            with pytest.raises(Exception) as refused:  # noqa: PT011 - whatever it is
                step()
            said.append(f"{refused.value!r} {refused.value}")
    finally:
        requests.post(f"{server}/moto-api/reset-auth", data="inf", timeout=30)
        listener.leave()
    assert "the store refused the keys it was given" in said[2]
    bucket = away.places.landing.parent.parent
    there = [(str(path), path.read_bytes().decode("latin-1")) for path in bucket.rglob("*.*")]
    assert len(there) > 8
    heard = [("the log", text) for text in listener.said]
    assert heard
    secret = str(sandbox.s3.connection(server).password)
    assert found([secret], [*heard, *(("an error", text) for text in said), *there]) == []
