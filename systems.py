"""Which systems a company has: reads systems.toml into plain `System` values.

A system's secrets and address are not here: they come from the Airflow connection of the
same name, which a DAG attaches with `System.connected`. This module imports nothing of ours,
so everyone may hold a `System`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

NAME = re.compile(r"[a-z][a-z0-9_]*")
KINDS = ("shopify", "woocommerce", "hubspot", "soap", "files")
GIVING = ("audiences", "create", "consent_hours")
COMMON = ("kind", "schedule", "publish", "contract", "keep_days", *GIVING)
KEEP_DAYS = 90
CONSENT_HOURS = 24
# Of activation.audiences.
AUDIENCES = (
    *("cart_to_remind", "due_for_next_purchase", "at_risk", "overdue_payer"),
    *("consented_email", "consented_sms", "consented_call"),
)
CREATING = ("shopify", "woocommerce", "hubspot")  # kinds that tell who has an e-mail address
PRESETS = Path(__file__).parent / "sources" / "presets"


class SystemsError(ValueError):
    """systems.toml cannot be used; the message names the entry, what is valid and what to do."""


@dataclass(frozen=True)
class Connection:
    """Address and secrets of one system, as its Airflow connection holds them.

    `kept`: what a client keeps while this process lives, such as a token that was granted.
    """

    host: str | None = None
    port: int | None = None
    schema: str | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def secrets(self) -> list[str]:
        """What must never be repeated; a host key is public."""
        more = [value for name, value in self.extra.items() if name != "host_key"]
        return [str(value) for value in (self.password, *more) if value]

    @property
    def url(self) -> str:
        """Base address without a trailing slash; https unless the connection says otherwise."""
        host = (self.host or "").rstrip("/")
        if "://" in host or not host:
            return host
        port = f":{self.port}" if self.port else ""
        return f"{self.schema or 'https'}://{host}{port}"


@dataclass(frozen=True)
class System:
    """One entry of systems.toml; `settings` holds what only its kind understands.

    `keep_days`: of older loads the landing keeps the newest state of each record only.
    `audiences`: those it is told who is in. `create`: whether customers it does not have are
    created there. `consent_hours`: how old what is known of consents may be for either.
    """

    name: str
    kind: str
    schedule: str | None = None
    publish: bool = False
    contract: str | None = None
    keep_days: int = KEEP_DAYS
    audiences: tuple[str, ...] = ()
    create: bool = False
    consent_hours: int = CONSENT_HOURS
    settings: Mapping[str, Any] = field(default_factory=dict)
    connection: Connection = field(default_factory=Connection)

    def connected(self, connection: Connection) -> System:
        return replace(self, connection=connection)


def file() -> Path:
    return Path(os.environ.get("KOPRU_SYSTEMS", "systems.toml"))


def load(path: Path | None = None) -> dict[str, System]:
    """All systems by name, in the file's order; raises SystemsError naming the first bad entry."""
    path = path or file()
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SystemsError(
            f"{path} does not exist. Copy systems.toml from the repository, "
            "or point KOPRU_SYSTEMS at yours."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SystemsError(f"{path} is not valid TOML: {error}") from error
    return {name: _system(path, name, entry) for name, entry in entries.items()}


def _system(path: Path, name: str, entry: object) -> System:
    where = f"{path}, [{name}]"
    if not NAME.fullmatch(name):
        raise SystemsError(f"{where}: a name is lower case letters, digits and _, letter first.")
    if not isinstance(entry, dict):
        raise SystemsError(f"{where}: expected a table such as [{name}] with kind = ...")
    kind = entry.get("kind")
    if kind not in KINDS:
        raise SystemsError(f"{where}: kind is {kind!r}; valid kinds are {', '.join(KINDS)}.")
    for key, wanted in (("schedule", str), ("publish", bool), ("contract", str)):
        if key in entry and not isinstance(entry[key], wanted):
            raise SystemsError(f"{where}: {key} must be a {wanted.__name__}, not {entry[key]!r}.")
    keep = entry.get("keep_days", KEEP_DAYS)
    if type(keep) is not int or keep < 0:
        raise SystemsError(f"{where}: keep_days must be a whole number of days, not {keep!r}.")
    _hold_giving(where, entry)
    settings = {key: value for key, value in entry.items() if key not in COMMON}
    if "preset" in settings:
        settings = _under(_preset(where, settings["preset"]), settings)
    return System(
        name=name,
        kind=kind,
        schedule=entry.get("schedule"),
        publish=entry.get("publish", False),
        contract=entry.get("contract") or settings.pop("contract", None),
        keep_days=keep,
        audiences=tuple(entry.get("audiences", ())),
        create=entry.get("create", False),
        consent_hours=entry.get("consent_hours", CONSENT_HOURS),
        settings=settings,
    )


def _hold_giving(where: str, entry: Mapping[str, Any]) -> None:
    """Raises SystemsError for what a system cannot be given."""
    audiences, hours = entry.get("audiences", []), entry.get("consent_hours", CONSENT_HOURS)
    if not isinstance(audiences, list) or not {*map(str, audiences)} <= {*AUDIENCES}:
        raise SystemsError(
            f"{where}: audiences is {audiences!r}; write a list of {', '.join(AUDIENCES)}."
        )
    if type(entry.get("create", False)) is not bool:
        raise SystemsError(f"{where}: create must be true or false, not {entry['create']!r}.")
    if entry.get("create") and entry["kind"] not in CREATING:
        raise SystemsError(
            f"{where}: create = true, but a system of kind {entry['kind']} cannot be asked whether "
            f"it has somebody already. It works for {', '.join(CREATING)}: leave it out."
        )
    if type(hours) is not int or hours < 1:
        raise SystemsError(f"{where}: consent_hours must be a whole number from 1, not {hours!r}.")
    if (audiences or entry.get("create")) and not entry.get("publish"):
        raise SystemsError(f"{where}: audiences and create need publish = true.")


def _preset(where: str, name: object) -> dict[str, Any]:
    """The settings a preset ships; an entry's own come on top of them."""
    known = sorted(path.stem for path in PRESETS.glob("*.toml"))
    if name not in known:
        raise SystemsError(f"{where}: preset is {name!r}; valid presets are {', '.join(known)}.")
    return tomllib.loads((PRESETS / f"{name}.toml").read_text(encoding="utf-8"))


def _under(preset: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Own settings over a preset's, table by table; a value or a list replaces the preset's."""
    merged = {**preset, **own}
    for key in preset.keys() & own.keys():
        if isinstance(preset[key], Mapping) and isinstance(own[key], Mapping):
            merged[key] = _under(preset[key], own[key])
    return merged
