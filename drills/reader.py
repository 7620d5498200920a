"""Reads the served file again and again, each time with a connection of its own.

python reader.py duckdb|engine FILE QUERY, with any Python that has the driver: nothing of ours is
imported. A line of JSON for each read; the end of the input ends it.
"""

import json
import select
import sys
import time

PAUSE = 2.0  # seconds between two reads: a dashboard of a person who looks again and again


def by_duckdb(path, query):
    import duckdb

    connection = duckdb.connect(path, read_only=True)
    try:
        return connection.execute(query).fetchall()[0]
    finally:
        connection.close()


def by_engine(path, query):
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    engine = create_engine(
        f"duckdb:///{path}", poolclass=NullPool, connect_args={"read_only": True}
    )
    with engine.connect() as connection:
        return tuple(connection.execute(text(query)).fetchall()[0])


def main(driver, path, query):
    read = {"duckdb": by_duckdb, "engine": by_engine}[driver]
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        started = time.perf_counter()
        try:
            build, torn = read(path, query)
            problem = "torn" if torn else None
        except Exception as error:  # noqa: BLE001 - whatever a reader meets is what is counted
            build, problem = None, f"{type(error).__name__}: {error}"
        said = {"seconds": time.perf_counter() - started, "build": build, "problem": problem}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
