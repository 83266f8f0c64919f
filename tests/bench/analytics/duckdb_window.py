"""The windows of windows.py by DuckDB: count and sum by country and window. Usage: FILE SIZE_MS THREADS."""

import sys

import duckdb

path, size, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
connection = duckdb.connect(config={"threads": threads})
connection.execute(
    f"""
    COPY (
      SELECT country AS key, ts - ts % {size} AS start, count(*) AS n, sum(amount)::BIGINT AS total
      FROM read_json(?, format = 'newline_delimited', columns = {{ts: 'BIGINT', country: 'VARCHAR', amount: 'BIGINT'}})
      GROUP BY ALL ORDER BY start, key
    ) TO '/dev/stdout' (FORMAT json)
    """,
    [path],
)
