"""What Apache Beam makes of the cases when its workers read them from a file, in ranges: run by the Python of Beam.

    in_workers.py RUNTIME EVENTS RESULTS [OPTION...]     EVENTS and RESULTS are written

Each case is a partition of the file. A range holds few of its lines, so that what is late has to be found across ranges.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

import apache_beam as beam
import ssectl_source
from apache_beam.options.pipeline_options import PipelineOptions
from cases import SECOND, WINDOWS, cases
from on_beam import windows_of
from ssectl_beam import FN_API, Aggregates, Results, Source
from ssectl_source import InTime, ReadEvents

NANOS = 1_000_000_000
PROGRAM = ".value | {partition: .case, time: .time, key: [.case, .key], inputs: {total: .x}}"


class Store(beam.DoFn):
    """Appends results to the file, as each case knows them."""

    def __init__(self, path):
        self.path = path

    def process(self, record):
        seed, key = record["value"]["key"]
        with open(self.path, "a", encoding="utf-8") as out:
            out.write(json.dumps({"case": seed, **record["value"], "key": key}) + "\n")


def write(these, path):
    """The events of all cases one behind the other."""
    with open(path, "w", encoding="utf-8") as out:
        for case in these:
            for key, time, number in case.events:
                out.write(json.dumps({"case": case.seed, "key": key, "time": time * SECOND, "x": number}) + "\n")


def main():
    _, _, events, results, *options = sys.argv
    options = PipelineOptions(options or [f"--runner={FN_API}"])
    ssectl_source.BYTES = 200
    open(results, "w", encoding="utf-8").close()
    with beam.Pipeline(options=options) as begin:
        for number, windows in enumerate(windows for windows in WINDOWS if windows.bounded):
            path = f"{events}.{number}"
            write(cases([windows]), path)
            (
                begin
                | f"{number}: events" >> ReadEvents(Source(path, True), PROGRAM, unit="ms", delay=windows.delay * NANOS)
                | f"{number}: windows" >> beam.WindowInto(windows_of(windows))
                | f"{number}: in time" >> InTime()
                | f"{number}: aggregates" >> beam.CombinePerKey(Aggregates({"n": "count", "total": "sum"}))
                | f"{number}: results" >> Results()
                | f"{number}: store" >> beam.ParDo(Store(results))
            )


if __name__ == "__main__":
    main()
