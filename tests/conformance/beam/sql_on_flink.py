"""Runs what `ssectl export flink-sql` wrote: run by the Python of PyFlink.

    sql_on_flink.py STATEMENTS EVENTS RESULTS     RESULTS is written: `{"key", "start", "end", "n"}` per line
"""

import json
import sys

from pyflink.table import EnvironmentSettings, TableEnvironment


def main():
    statements, events, results = sys.argv[1:]
    tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    tables.get_config().set("parallelism.default", "1").set("table.local-time-zone", "UTC")
    with open(statements, encoding="utf-8") as text:
        lines = [line for line in text if not line.lstrip().startswith("--")]
    parts = [part.strip() for part in "".join(lines).split(";") if part.strip()]
    for part in parts[:-1]:
        if not part.startswith("SET"):  # a word of the SQL client; streaming mode is on
            tables.execute_sql(part.replace("events.ndjson", events))
    with open(results, "w", encoding="utf-8") as out, tables.execute_sql(parts[-1]).collect() as rows:
        for key, start, end, n in rows:
            bounds = {name: round(time.timestamp() * 1000) for name, time in (("start", start), ("end", end))}
            out.write(json.dumps({"key": key, **bounds, "n": n}) + "\n")


if __name__ == "__main__":
    main()
