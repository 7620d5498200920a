"""The demo: a company in a box, pulled, unified and given back by Airflow; this only watches.

python -m sandbox.demo --people 3000 --seed 7
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from dataclasses import dataclass
from typing import Any

from sandbox.airflow_processes import Airflow, AirflowError
from sandbox.airflow_settings import ROOT
from sandbox.box import Box
from sandbox.rounds import Round, run
from sandbox.stage import staged
from sandbox.telling import Teller
from sandbox.truth import customer_ids, found
from systems import System
from warehouse import Places
from warehouse.serve import served

MOVED_TO, MOVED_ERP_TO = "Eskişehir", "Çanakkale"


class Surprise(RuntimeError):
    """The loop did something else than it should; the demo fails."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=3000)
    options.add_argument("--seed", type=int, default=7)
    chosen = options.parse_args()
    teller = Teller()
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # so that TERM cleans up as Ctrl-C does
    data = ROOT / "data" / "demo"
    shutil.rmtree(data, ignore_errors=True)
    try:
        with staged(data, chosen.people, chosen.seed, teller.say) as (airflow, box, systems):
            Demo(airflow, box, systems, Places.below(data), teller).play()
    except (AirflowError, Surprise) as error:
        teller.say(f"FAILED: {error}")
        return 1
    except KeyboardInterrupt:
        teller.say("stopped")
        return 130
    teller.say("done; nothing is left running. The data is in data/demo.")
    return 0


@dataclass
class Demo:
    airflow: Airflow
    box: Box
    systems: dict[str, System]
    places: Places
    teller: Teller

    def play(self) -> None:
        self.first_round()
        ids = customer_ids(self.places)
        known = self.most_known(ids)
        self.one_customer(known)
        self.second_round()
        self.change_arrives(ids)

    @property
    def tools(self) -> set[str]:
        """Systems that take back what we found out."""
        return {name for name, system in self.systems.items() if system.publish}

    def first_round(self) -> None:
        self.teller.title("Round 1: everything is new")
        first = self.round()
        self.show(first)
        result = found(self.places, self.box.company.truth)
        self.teller.say(
            f"customers found: {result.customers:,} for {result.people:,} real people; "
            f"pair precision {result.precision:.3f}, recall {result.recall:.3f}"
        )
        with served(self.places) as connection:
            share = connection.execute("select * from metrics.omnichannel_share").fetchall()[0]
        self.teller.say(
            f"of {share[0]:,} buying customers {share[1]:,} bought through more than one channel: "
            f"omnichannel share {share[2]:.3f}"
        )

    def second_round(self) -> None:
        self.teller.title("Round 2: nothing changed")
        self.box.night_falls()
        second = self.round()
        self.show(second)
        requests = sum(second.requests.values())
        # The night brings new visits and calls, which are news; of the tools there is none.
        loaded = sum(table.accepted for table in second.tables if table.system in self.tools)
        self.teller.say(
            f"{requests:,} requests, {second.rows_seen:,} rows read, {loaded:,} rows of the tools "
            f"loaded ({second.rows_loaded - loaded:,} of the day's files), "
            f"{second.values_written:,} values written"
        )
        if not requests or not second.rows_seen:
            raise Surprise("a round that asked nothing proves nothing")
        if loaded or second.values_written or sum(second.changed_records.values()):
            raise Surprise("nothing changed, and yet rows were loaded or values written")

    def change_arrives(self, ids: dict[tuple[str, str], str]) -> None:
        self.teller.title("Round 3: one customer moves, another one moves unnoticed by the ERP")
        shop = self.newest_of("shop", ids)
        erp = self.newest_of("erp", ids)
        self.box.stores["shop"].change(shop["shop"], city=MOVED_TO)
        self.box.stores["erp"].change(erp["erp"], city=MOVED_ERP_TO, touch=False)
        self.teller.say(f"shop: customer {shop['shop']} moves to {MOVED_TO}")
        self.teller.say(
            f"erp: customer {erp['erp']} moves to {MOVED_ERP_TO}; its timestamp stays as it was"
        )
        self.box.night_falls()
        third = self.round()
        self.show(third)
        for records, city in ((shop, MOVED_TO), (erp, MOVED_ERP_TO)):
            self.teller.say(f"{city} as the tools know it now:")
            for system, record in records.items():
                given = self.box.stores[system].given.get(record, {})
                arrived = city in str(given)
                self.teller.say(f"  {system} {record}: {'arrived' if arrived else 'MISSING'}")
                if not arrived:
                    raise Surprise(f"{city} did not reach {system}: {given}")

    def round(self) -> Round:
        done = run(self.airflow, self.box, self.places, self.systems, self.teller.say)
        self.teller.say(f"the round took {done.seconds:.0f} s")
        return done

    def show(self, done: Round) -> None:
        self.teller.table(
            ("system", "table", "claimed", "seen", "landed", "accepted", "quarantined"),
            [
                (t.system, t.table, t.claimed, t.seen, t.landed, t.accepted, t.quarantined)
                for t in done.tables
            ],
        )
        self.teller.table(
            ("tool", "requests", "rows written", "values", "refused", "records changed there"),
            [
                (
                    name,
                    done.requests[name],
                    done.sent.get(name, {}).get("accepted", 0),
                    done.sent.get(name, {}).get("values", 0),
                    done.sent.get(name, {}).get("refused", 0),
                    done.changed_records[name],
                )
                for name in done.requests
            ],
        )

    def most_known(self, ids: dict[tuple[str, str], str]) -> dict[str, str]:
        """Records, by system, of a customer known to as many systems as possible."""
        return max(self._customers(ids), key=lambda records: (len(records), sorted(records)))

    def newest_of(self, system: str, ids: dict[tuple[str, str], str]) -> dict[str, str]:
        """Records of a customer whose newest record is this system's, and who is in the CRM."""

        def updated(item: tuple[str, str]) -> Any:
            return self.box.stores[item[0]].customers[item[1]].updated_at

        fitting = [
            records
            for records in self._customers(ids)
            if {system, "crm"} <= records.keys() and max(records.items(), key=updated)[0] == system
        ]
        return max(fitting, key=lambda records: (len(records), sorted(records.values())))

    def _customers(self, ids: dict[tuple[str, str], str]) -> list[dict[str, str]]:
        """Customers with at most one record in each system, guests left out."""
        records: dict[str, list[tuple[str, str]]] = {}
        for (system, record), customer in ids.items():
            if record in self.box.stores[system].customers:
                records.setdefault(customer, []).append((system, record))
        return [dict(items) for items in records.values() if len(dict(items)) == len(items)]

    def one_customer(self, records: dict[str, str]) -> None:
        self.teller.title("One customer across all systems")
        rows = []
        for system, record in records.items():
            typed = self.box.stores[system].customers[record]
            rows.append((system, record, typed.name, typed.email, typed.phone, typed.city))
        self.teller.say("before, as each system has it:")
        self.teller.table(("system", "record", "name", "e-mail", "phone", "city"), rows)
        self.teller.say("after, as one row of marts.customer_360:")
        self.teller.table(("column", "value"), self.row_of(records))
        self.teller.say("and every tool was given it:")
        for system, record in records.items():
            given = str(self.box.stores[system].given.get(record, "nothing"))
            self.teller.say(f"  {system} {record}: {given[:150]} ...")

    def row_of(self, records: dict[str, str]) -> list[tuple[str, object]]:
        """The served row of the customer these records belong to."""
        customer = customer_ids(self.places)[next(iter(records.items()))]
        with served(self.places) as connection:
            found = connection.execute(
                "select * from marts.customer_360 where customer_id = ?", [customer]
            )
            names = [column[0] for column in found.description or ()]
            values = found.fetchall()[0]
        return [
            (name, value)
            for name, value in zip(names, values, strict=True)
            if value is not None and value != []
        ]


if __name__ == "__main__":
    sys.exit(main())
