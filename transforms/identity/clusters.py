"""One row per record with the number of its cluster: records linked by exact keys, and by their
own system where it merged them.

Connected components by scipy: on 8 million edges several times faster than propagation in SQL.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from warehouse.build import Context

READS = ("staging.known_records", "identity.keys", "identity.shared_values")
SAME_KEY = """
    select keys.record, keys.key
    from identity.keys as keys
    anti join identity.shared_values as shared using (type, value)
"""
# A query of its own: as a union with the other, DuckDB 1.5.5 waits for itself for ever where no
# record was merged, from about a million records on.
MERGED = """
    select unnest([merged.record, survivor.record]) as record,
        concat('record:', survivor.record) as key
    from staging.known_records as merged
    inner join staging.known_records as survivor on merged.merged_into = survivor.record
"""


def model(context: Context) -> pa.Table:
    records = context.connection.execute(
        "select record from staging.known_records order by record"
    ).to_arrow_table()["record"]
    edges = pa.concat_tables(
        context.connection.execute(query).to_arrow_table() for query in (SAME_KEY, MERGED)
    )
    keys = edges["key"].combine_chunks().dictionary_encode()
    rows = pc.index_in(edges["record"], value_set=records).to_numpy()
    columns = len(records) + keys.indices.to_numpy()
    size = len(records) + len(keys.dictionary)
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return pa.table({"record": records, "cluster": labels[: len(records)].astype(np.int64)})
