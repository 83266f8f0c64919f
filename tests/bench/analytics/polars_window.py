"""The windows of windows.py by Polars: count and sum by country and window. Usage: FILE SIZE_MS.

The number of threads is set by POLARS_MAX_THREADS.
"""

import sys

import polars

path, size = sys.argv[1], int(sys.argv[2])
schema = {"ts": polars.Int64, "country": polars.String, "amount": polars.Int64}
ts = polars.col("ts")
windows = (
    polars.scan_ndjson(path, schema=schema)
    .group_by(polars.col("country").alias("key"), (ts - ts % size).alias("start"))
    .agg(polars.len().alias("n"), polars.col("amount").sum().alias("total"))
    .sort("start", "key")
    .collect()
)
windows.write_ndjson(sys.stdout.buffer)
