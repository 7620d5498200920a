"""Started by hand: check_system, replay_quarantine, overrule_identity, relearn_identity,
restore_published, export_customer, forget_customer, rebuild. By night: compact, upkeep."""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import DAG, Asset, Param, task

import systems
from plugins import giving, rights, steps

names = list(systems.load())
published = [system.name for system in systems.load().values() if system.publish]
lake = os.environ.get("KOPRU_WAREHOUSE", "").startswith("ducklake:")
COMMON = {
    "schedule": None,
    "catchup": False,
    "max_active_runs": 1,
    "is_paused_upon_creation": False,
    "tags": ["care"],
}
# Last in the queue for the one writer.
NIGHTLY = {
    "pool": "warehouse",
    "priority_weight": 1,
    "weight_rule": "absolute",
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
    "retry_exponential_backoff": 2.0,
}

with DAG(
    dag_id="check_system",
    description="Says in plain words whether a system can be reached and read",
    doc_md="Choose a system; the task's log says whether it can be reached and read, or why not.",
    params={"system": Param(names[0] if names else None, type="string", enum=names)},
    **COMMON,
):

    @task(execution_timeout=timedelta(minutes=5), retries=0)
    def check_system(params: dict | None = None) -> str:
        return steps.check_system((params or {})["system"])

    check_system()

with DAG(
    dag_id="replay_quarantine",
    description="Looks at the rows in quarantine again, and takes those that are good now",
    doc_md=(
        "After a contract, a mapping or the reading of a system was mended: rows that wait are "
        "held against the contract as it is now. Good ones are loaded, never over a newer one; "
        "the others stay, with their reasons.\n\n"
        "Params: `system`, `tables` (only these). To say that nothing is to be done about some "
        "rows, name one table, their keys in `dismiss`, and why; they stay listed as dismissed."
    ),
    params={
        "system": Param(names[0] if names else None, type="string", enum=names),
        "tables": Param([], type="array", items={"type": "string"}),
        "dismiss": Param([], type="array", items={"type": "string"}),
        "why": Param("", type="string"),
    },
    **COMMON,
):

    @task(execution_timeout=timedelta(hours=1), retries=0)
    def replay(params: dict | None = None, dag_run=None) -> list[dict]:
        by = getattr(dag_run, "triggering_user_name", None) or ""
        return steps.replay_quarantine(params or {}, by)

    @task(
        pool="warehouse",
        priority_weight=10,
        weight_rule="absolute",
        execution_timeout=timedelta(hours=1),
        retries=2,
        retry_delay=timedelta(seconds=20),
        retry_exponential_backoff=2.0,
        outlets=[Asset(f"raw_{name}") for name in names],
    )
    def load(params: dict | None = None) -> list[dict]:
        return steps.load((params or {})["system"])

    replay() >> load()

with DAG(
    dag_id="overrule_identity",
    description="Says that two records are one customer, or that they are not",
    doc_md=(
        "What a person says wins over everything that was found, until it is withdrawn. Write the "
        "records as in `identity.customers`: `shop/customers/123`, or `shop/orders/77` for a "
        "guest's order; why they are linked, or not, says `make explain`.\n\n"
        "The next build follows, and publishing gives each tool what it then should show."
    ),
    params={
        "left": Param("", type="string", minLength=3),
        "right": Param("", type="string", minLength=3),
        "decision": Param("not_same", type="string", enum=["same", "not_same", "withdrawn"]),
        "why": Param("", type="string", minLength=3),
    },
    **COMMON,
):

    @task(
        execution_timeout=timedelta(minutes=5),
        retries=0,
        outlets=[Asset("identity_overrides")],
    )
    def overrule(params: dict | None = None, dag_run=None) -> dict:
        by = getattr(dag_run, "triggering_user_name", None) or ""
        return steps.overrule_identity(params or {}, by)

    overrule()

with DAG(
    dag_id="relearn_identity",
    description="Learns anew how people are compared, and says first what that would change",
    doc_md=(
        "Within a version records are always compared alike. After a year, or a new shop, it may "
        "be worth learning anew from the people there are. Without `apply` the task only says how "
        "many customers would change; with it the new version holds from the next build on. "
        "Customer ids stay where they can."
    ),
    params={
        "apply": Param(False, type="boolean"),
        "why": Param("", type="string", minLength=3),
    },
    **COMMON,
):

    @task(
        pool="warehouse",
        priority_weight=1,
        weight_rule="absolute",
        execution_timeout=timedelta(hours=2),
        retries=0,
        outlets=[Asset("identity_overrides")],
    )
    def relearn(params: dict | None = None, dag_run=None) -> dict:
        by = getattr(dag_run, "triggering_user_name", None) or ""
        return steps.relearn_identity(params or {}, by)

    relearn()

with DAG(
    dag_id="restore_published",
    description="Puts back what stood in a tool before one of our runs",
    doc_md=(
        "Of that `run` (as in ops.publish_runs) and all later ones, for one `system`: every value "
        "that the tool still holds as we wrote it gets the one it had before. What somebody "
        "edited since stays. What was put back is not sent again until our value is another. "
        "Say `why`. Without `apply` it only shows what it would do."
    ),
    params={
        "system": Param(published[0] if published else None, type="string", enum=published),
        "run": Param("", type="string"),
        "why": Param("", type="string"),
        "apply": Param(False, type="boolean"),
    },
    **COMMON,
):

    @task(execution_timeout=timedelta(hours=6), retries=0)
    def restore_published(params: dict | None = None, dag_run=None) -> dict:
        by = getattr(dag_run, "triggering_user_name", None) or ""
        return giving.restore_published(params or {}, by)

    restore_published()

with DAG(
    dag_id="export_customer",
    description="Writes everything that is held about one customer into two files",
    doc_md=(
        "For a person who asks what is known of them (KVKK, GDPR). Write the customer as an id or "
        "a record (`shop/customers/123`); an e-mail address, a telephone or a tax number will do, "
        "too, but Airflow keeps what a run was given. The task says the folder; the files are "
        "readable for their owner alone. docs/rights.md."
    ),
    params={"identifier": Param("", type="string", minLength=3)},
    **COMMON,
):

    @task(
        pool="warehouse",
        priority_weight=10,
        weight_rule="absolute",
        execution_timeout=timedelta(hours=1),
        retries=0,
    )
    def export_customer(params: dict | None = None) -> dict:
        return rights.export_customer(params or {})

    export_customer()

with DAG(
    dag_id="forget_customer",
    description="Erases one customer, says first what would go, and proves that it is gone",
    doc_md=(
        "For a person who asks to be erased (KVKK, GDPR). Write the customer as an id or a record: "
        "Airflow keeps what a run was given. Without `apply` it only counts, place by place. With "
        "it the person leaves landing, journal, warehouse, served files and exports; sales stay, "
        "of nobody; and no pull brings them back. With `ask_tools` each tool is asked, as far as "
        "it can be. Then everything is searched: red means that something is left, and the log "
        "says where. Run it again and it goes on. docs/rights.md.\n\n"
        "`why` is kept: say who asked and when, without naming the person."
    ),
    params={
        "identifier": Param("", type="string", minLength=3),
        "apply": Param(False, type="boolean"),
        "ask_tools": Param(False, type="boolean"),
        "why": Param("", type="string", minLength=3),
    },
    **COMMON,
):

    @task(
        pool="warehouse",
        priority_weight=20,
        weight_rule="absolute",
        execution_timeout=timedelta(hours=6),
        retries=2,
        retry_delay=timedelta(minutes=5),
        retry_exponential_backoff=2.0,
        outlets=[Asset("customer_360")],
    )
    def forget_customer(params: dict | None = None, dag_run=None) -> list[dict]:
        by = getattr(dag_run, "triggering_user_name", None) or ""
        return rights.forget_customer(params or {}, by)

    forget_customer()

with DAG(
    dag_id="rebuild",
    description="Makes the warehouse again from landing and journal",
    doc_md=(
        "Landing and journal are the truth, the warehouse is derived: this makes it again beside "
        "the old one and swaps it when it is whole. Customer ids stay, they are in the journal."
    ),
    **COMMON,
):

    @task(
        pool="warehouse",
        priority_weight=20,
        weight_rule="absolute",
        execution_timeout=timedelta(hours=6),
        retries=0,
        outlets=[Asset("customer_360")],
    )
    def rebuild() -> list[str]:
        return steps.rebuild()

    rebuild()

with DAG(
    dag_id="compact",
    description="Merges old loads of the landing to the newest state of each record",
    doc_md=(
        "Loads older than a system's `keep_days` (systems.toml, 90 without it) that are in the "
        "warehouse become what a rebuild, the next pull and the quarantine need, no more. Loads "
        "that are refused, not checked or not loaded stay, and so does all that came after them. "
        "May be started at any time; docs/operations.md."
    ),
    **{**COMMON, "schedule": "0 3 * * *"},
):

    @task(execution_timeout=timedelta(hours=6), **NIGHTLY)
    def compact() -> list[dict]:
        return steps.compact()

    compact()

with DAG(
    dag_id="upkeep",
    description="Nightly: few large files in a DuckLake instead of many small ones",
    doc_md=(
        "Merges the small files that loads and builds leave behind, and removes what nobody has "
        "needed for a day: old snapshots, their files, and files without a catalog. Where the "
        "warehouse is a plain file it has no schedule, and skips itself."
    ),
    **{**COMMON, "schedule": "30 3 * * *" if lake else None},
):

    @task(execution_timeout=timedelta(hours=2), **NIGHTLY)
    def upkeep() -> dict:
        return steps.upkeep()

    upkeep()
