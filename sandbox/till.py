"""The shop's till: a real SSH server with nightly CSV files in `out/` and a folder `in/`.

`musteriler_YYYYMMDD.csv` always lists every customer, `satislar_YYYYMMDD.csv` the lines sold
since the last night (the first one all). `;`, cp1254, decimal commas, dd.mm.yyyy, Istanbul
time, and a last line `TOPLAM;<rows>;<sum>`, as such programs write them. `feeds/`: see feeds.py.
"""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh

from sandbox import feeds
from sandbox import till_print as printed
from sandbox.records import Customer, Order
from sandbox.store import Store

ENCODING = "cp1254"
PASSWORD = "till-secret"
KEY = "MusteriNo"


@dataclass(frozen=True)
class Address:
    """`host_key` is the line a client must be given, e.g. "ssh-ed25519 AAAA..."."""

    host: str
    port: int
    host_key: str


class Till(Store):
    """Its faults spoil the customer file of the next export: wrong_encoding (UTF-8), mojibake,
    truncated (the end is missing), garbage_row (a line of something else). slow_done renames
    the next file that arrives, and says it failed.

    `requests` counts files opened and folders listed. `takes_at_once`: it reads what arrives as
    soon as it is there; else a program does (till_picker.py).
    """

    takes_at_once = True

    def __init__(
        self,
        customers: Iterable[Customer],
        orders: Iterable[Order],
        *,
        login: str = "kopru",
        password: str = PASSWORD,
        public_key: str | None = None,
        night: date | None = None,
    ) -> None:
        super().__init__(customers, orders)
        self.login, self.password, self.public_key = login, password, public_key
        self.night = night or datetime.now(printed.LOCAL).date()
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._folder = tempfile.TemporaryDirectory(prefix="till-")
        self.root = Path(self._folder.name)
        for name in ("in", "out", "feeds"):
            (self.root / name).mkdir()
        self._sold: set[str] = set()
        self._taken: dict[str, int] = {}  # file in in/ -> its size when it was read
        self.export()

    def export(self, *, again: bool = False) -> None:
        """Closes a day: writes that night's two files. `again` writes the last night's anew."""
        with self.lock:
            if again:
                self.night -= timedelta(days=1)
            stamp = f"{self.night:%Y%m%d}"
            people = [printed.customer(customer) for customer in self.customers.values()]
            self._write(f"musteriler_{stamp}.csv", printed.CUSTOMERS, people, fault=self.fault())
            name = f"satislar_{stamp}.csv"
            if not (again and (self.root / "out" / name).exists()):
                new = [order for order in self.orders.values() if order.record not in self._sold]
                self._sold.update(order.record for order in new)
                lines = [line for order in new for line in printed.lines(order)]
                self._write(
                    name, printed.SALES, lines, total=printed.amount(sum(o.total for o in new))
                )
                feeds.write(
                    self.root / "feeds", self.night, self.customers.values(), self.orders.values()
                )
            self.night += timedelta(days=1)

    def _write(
        self,
        name: str,
        header: str,
        rows: list[list[str]],
        total: str = "",
        fault: str | None = None,
    ) -> None:
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerow(header.split(";"))
        if fault == "garbage_row":
            writer.writerow(["", "#### YAZICI HATASI ####"])
        writer.writerows(rows[: len(rows) // 2] if fault == "truncated" else rows)
        if fault != "truncated":
            writer.writerow(["TOPLAM", len(rows) + (fault == "garbage_row"), total])
        content = out.getvalue().encode(ENCODING, errors="replace")
        if fault == "wrong_encoding":
            content = out.getvalue().encode("utf-8")
        if fault == "mojibake":
            content = out.getvalue().encode("utf-8").decode("latin-1").encode("utf-8")
        (self.root / "out" / name).write_bytes(content)

    def received(self) -> None:
        """Reads the files that arrived whole in `in/`; counts records whose values changed."""
        if not self.takes_at_once:
            return
        with self.lock:
            for path in sorted((self.root / "in").glob("*.csv")):
                if self._taken.get(path.name) == path.stat().st_size:
                    continue
                self._taken[path.name] = path.stat().st_size
                with path.open(encoding=ENCODING, newline="") as file:
                    for row in csv.DictReader(file, delimiter=";"):
                        self.take(row)

    def take(self, row: dict[str, Any]) -> None:
        record = row.pop(KEY, None)
        if record not in self.customers:
            return
        self.arrive(record, row)
        before = self.given.get(record, {})
        if any(before.get(name) != value for name, value in row.items()):
            self.writes += 1
        self.given[record] = {**before, **row}

    @contextmanager
    def serving(self) -> Iterator[Address]:
        """A free loopback port; the server stops on exit."""
        loop, ready = asyncio.new_event_loop(), threading.Event()
        started: list[asyncssh.SSHAcceptor] = []

        async def start() -> None:
            started.append(
                await asyncssh.listen(
                    "127.0.0.1",
                    0,
                    server_factory=lambda: _Login(self),
                    server_host_keys=[self.host_key],
                    sftp_factory=lambda channel: _Files(channel, self),
                    allow_scp=False,
                )
            )
            ready.set()

        def run() -> None:
            asyncio.set_event_loop(loop)
            loop.run_until_complete(start())
            loop.run_forever()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        if not ready.wait(timeout=20):
            raise RuntimeError("the till did not start within 20 s")
        try:
            key = self.host_key.export_public_key().decode().split()
            yield Address("127.0.0.1", started[0].get_port(), " ".join(key[:2]))
        finally:
            asyncio.run_coroutine_threadsafe(_stop(started[0]), loop).result(timeout=10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout=10)
            loop.close()


async def _stop(acceptor: asyncssh.SSHAcceptor) -> None:
    acceptor.close()
    await acceptor.wait_closed()
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


class _Login(asyncssh.SSHServer):
    def __init__(self, till: Till) -> None:
        self.till = till

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (self.till.login, self.till.password)

    def public_key_auth_supported(self) -> bool:
        return self.till.public_key is not None

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = asyncssh.import_public_key(self.till.public_key or "")
        return bool(username == self.till.login and key == known)


class _Files(asyncssh.SFTPServer):
    """Counts what is opened and listed, and has the till read what arrived."""

    def __init__(self, channel: Any, till: Till) -> None:
        self.till = till
        super().__init__(channel, chroot=str(till.root).encode())

    def _count(self) -> None:
        with self.till.lock:
            self.till.requests += 1

    def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
        self._count()
        return super().open(path, pflags, attrs)

    def scandir(self, path: bytes) -> Any:
        self._count()
        return super().scandir(path)

    def close(self, file_obj: object) -> None:
        super().close(file_obj)
        self.till.received()

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().rename(oldpath, newpath)
        self.till.received()

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().posix_rename(oldpath, newpath)
        self.till.received()
        if self.till.faults == ["slow_done"]:
            self.till.faults.clear()
            raise asyncssh.SFTPFailure("connection lost")
