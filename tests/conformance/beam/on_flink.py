"""What Flink SQL makes of the cases it has words for: run by the Python of PyFlink.

    on_flink.py FOLDER RESULTS     FOLDER is for the events, RESULTS a file that is written

A line per result, as of `on_beam.py`, without panes: Flink's window functions give one result per window.
"""

import json
import sys
from pathlib import Path

from cases import APART, SECOND, WINDOWS, cases
from pyflink.table import EnvironmentSettings, TableEnvironment

SETTINGS = {
    "parallelism.default": "1",
    # So that the watermark moves with every record and not with the clock.
    "pipeline.auto-watermark-interval": "0 ms",
    "table.local-time-zone": "UTC",
}


def interval(seconds, millis=0):
    """An interval in Flink's words: less than a minute."""
    return f"INTERVAL '0 00:00:{seconds:02}.{millis:03}' DAY TO SECOND(3)"


def function(windows):
    """The window table-valued function."""
    events, time = "TABLE events", "DESCRIPTOR(ts)"
    if windows.kind == "tumbling":
        return f"TUMBLE({events}, {time}, {interval(windows.size)}, {interval(windows.offset)})"
    if windows.kind == "sliding":
        return f"HOP({events}, {time}, {interval(windows.slide)}, {interval(windows.size)})"
    # Flink joins sessions that touch: a millisecond less of a gap does not.
    return f"SESSION({events} PARTITION BY (`case`, `key`), {time}, {interval(windows.gap - 1, 999)})"


def write(these, path):
    """The events of all cases one behind the other."""
    with open(path, "w", encoding="utf-8") as out:
        for place, case in enumerate(these):
            for key, time, number in case.events:
                millis = ((place + 1) * APART + time) * SECOND
                out.write(json.dumps({"case": place, "key": key, "time": millis, "x": number}) + "\n")


def results(windows, path):
    """What Flink says, a row per window."""
    tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    for name, value in SETTINGS.items():
        tables.get_config().set(name, value)
    # Flink closes a window when the watermark reaches its last millisecond, ssectl when it reaches its end.
    early = 2 if windows.kind == "session" else 1
    tables.execute_sql(f"""
        CREATE TABLE events (
          `case` INT, `key` STRING, `time` BIGINT, x BIGINT,
          ts AS TO_TIMESTAMP_LTZ(`time`, 3),
          WATERMARK FOR ts AS ts - {interval(windows.delay, early)}
        ) WITH ('connector' = 'filesystem', 'path' = '{path}', 'format' = 'json')""")
    query = f"""
        SELECT `case`, `key`, window_start, window_end, COUNT(*) AS n, SUM(x) AS total
        FROM TABLE({function(windows)}) GROUP BY `case`, `key`, window_start, window_end"""
    with tables.execute_sql(query).collect() as rows:
        yield from rows


def main():
    folder, out = Path(sys.argv[1]).resolve(), sys.argv[2]
    with open(out, "w", encoding="utf-8") as results_file:
        for number, windows in enumerate(WINDOWS):
            if not windows.flink:
                continue
            these = cases([windows])
            path = folder / f"{number}.ndjson"
            write(these, path)
            for place, key, start, end, n, total in results(windows, path):
                base = (place + 1) * APART * SECOND
                bounds = {name: round(time.timestamp() * 1000) - base for name, time in (("start", start), ("end", end))}
                bounds["end"] += windows.kind == "session"
                row = {"case": these[place].seed, "key": key, **bounds, "n": n, "total": total}
                results_file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
