"""Object stores (S3 and what speaks like it): how s3fs, dlt and DuckDB are let in.

A folder there is a UPath that carries its keys: those of the Airflow connection `landing`, or
none, and then AWS's usual chain has them (environment, profile, the machine's role).
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import duckdb

from systems import Connection
from warehouse.extensions import load_extension
from warehouse.files import Folder

if TYPE_CHECKING:
    from dlt.sources.credentials import AwsCredentials
    from upath import UPath

REGION = "us-east-1"  # what stores that have no regions expect


def folder(address: str, connection: Connection | None = None) -> Folder:
    """`connection`: its login and password are the keys; its extra may hold endpoint_url, region.

    Raises ValueError for an address that cannot be used or a store that refuses, ConnectionError
    for one that does not answer.
    """
    if "://" not in address:
        return Path(address).resolve()
    bucket, _, prefix = address.removeprefix("s3://").strip("/").partition("/")
    if not address.startswith("s3://") or not prefix:
        raise ValueError(
            f"{address} cannot be used. Valid are a folder of this machine, and "
            "s3://bucket/folder; what belongs beside it is kept in the same bucket."
        )
    try:
        importlib.import_module("s3fs")  # which UPath takes for s3://
        from upath import UPath
    except ImportError as error:
        raise RuntimeError(
            f"{address} cannot be used: {error}. Install the packages of the extra `growth`."
        ) from error
    found: UPath = UPath(f"s3://{bucket}/{prefix}", **_options(connection or Connection()))
    _knock(found, bucket)
    return found


def _options(connection: Connection) -> dict[str, Any]:
    """For s3fs. Other machines write, too: a listing is never remembered."""
    extra = connection.extra
    options: dict[str, Any] = {"use_listings_cache": False}
    if connection.password:
        options |= {"key": connection.login, "secret": connection.password}
        options |= {"token": extra["aws_session_token"]} if extra.get("aws_session_token") else {}
    if endpoint := extra.get("endpoint_url"):
        # Stores that are not Amazon's do not know its newest checksums.
        when = "when_required"
        checksums = {"request_checksum_calculation": when, "response_checksum_validation": when}
        options |= {"endpoint_url": endpoint, "config_kwargs": checksums}
    if region := extra.get("region") or extra.get("region_name"):
        options["client_kwargs"] = {"region_name": region}
    return options


def _knock(found: UPath, bucket: str) -> None:
    """Once, so that a wrong setting is said here and not by dlt or DuckDB in the middle."""
    from botocore.exceptions import BotoCoreError, NoCredentialsError

    looked = "the Airflow connection `landing` or, without one, AWS's environment"
    try:
        found.fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=found.path, MaxKeys=1)
    except FileNotFoundError:
        raise ValueError(
            f"{found}: there is no bucket {bucket}. Make it, or correct the setting."
        ) from None
    except (PermissionError, NoCredentialsError):
        raise ValueError(
            f"{found}: the store refused the keys it was given. They come from {looked}; they "
            "must allow to list, read, write and delete there."
        ) from None
    except (BotoCoreError, OSError) as error:
        raise ConnectionError(
            f"{found}: the store cannot be reached ({type(error).__name__}). Its address is "
            f"endpoint_url in the extra of {looked}."
        ) from None


def admit(connection: duckdb.DuckDBPyConnection, *folders: Folder | None) -> None:
    """Lets DuckDB read and write in those folders that are in a store."""
    for place in folders:
        if place is None or isinstance(place, Path):
            continue
        load_extension(connection, "httpfs")
        keys = _keys(place)
        endpoint = urlsplit(keys["endpoint_url"] or "")
        values = {
            "key_id": keys["key"],
            "secret": keys["secret"],
            "session_token": keys["token"],
            "region": keys["region"] or REGION,
            "endpoint": endpoint.netloc,
            "url_style": "path" if endpoint.netloc else "",
            "use_ssl": endpoint.scheme != "http",
            "scope": f"s3://{place.drive}",
        }
        given = {name: value for name, value in values.items() if value not in (None, "")}
        name = "".join(letter if letter.isalnum() else "_" for letter in place.drive)
        # As parameters: a statement that fails is quoted in its error.
        connection.execute(
            f"""create or replace temporary secret "{name}"
                (type s3, {", ".join(f"{name} ?" for name in given)})""",
            list(given.values()),
        )


def _keys(place: UPath) -> dict[str, Any]:
    options = place.storage_options
    found = {
        "key": options.get("key"),
        "secret": options.get("secret"),
        "token": options.get("token"),
        "endpoint_url": options.get("endpoint_url"),
        "region": options.get("client_kwargs", {}).get("region_name"),
    }
    from botocore.session import Session

    session = Session()
    if not found["secret"] and (chain := session.get_credentials()):
        frozen = chain.get_frozen_credentials()
        found |= {"key": frozen.access_key, "secret": frozen.secret_key, "token": frozen.token}
    found["region"] = found["region"] or session.get_config_variable("region")
    found["endpoint_url"] = (
        found["endpoint_url"]
        or os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL")
    )
    return found


def for_dlt(place: UPath) -> AwsCredentials:
    """Keys given by name; without them dlt asks AWS's chain itself."""
    from dlt.sources.credentials import AwsCredentials

    options = place.storage_options
    credentials = AwsCredentials()
    credentials.aws_access_key_id = options.get("key")  # type: ignore[assignment]
    credentials.aws_secret_access_key = options.get("secret")  # type: ignore[assignment]
    credentials.aws_session_token = options.get("token")
    credentials.endpoint_url = options.get("endpoint_url")
    credentials.region_name = options.get("client_kwargs", {}).get("region_name")
    return credentials
