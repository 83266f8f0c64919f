"""What Apache Beam makes of the cases, played in their order: run by the Python of Beam.

    on_beam.py RUNTIME RESULTS [OPTION...]     RUNTIME is the folder of ssectl_beam.py, RESULTS a file that is written

Without options on the DirectRunner, a pipeline for each kind of windows; else with these options, all kinds in one.

A line per result: `{"case", "key", "start", "end", "pane", "revision", "n", "total"}`, in the order of Beam.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms import trigger, window
from apache_beam.utils.timestamp import Timestamp
from cases import APART, SECOND, WINDOWS, cases
from ssectl_beam import Aggregates, Event, Results, play, stream

NANOS = 1_000_000_000


def windows_of(windows):
    """The windows in Beam's words."""
    if windows.kind == "tumbling":
        return window.FixedWindows(windows.size, offset=windows.offset)
    if windows.kind == "sliding":
        return window.SlidingWindows(windows.size, windows.slide, offset=windows.offset)
    return window.Sessions(windows.gap)


def trigger_of(windows):
    """When there are results."""
    firings = {}
    if windows.early:
        firings["early"] = trigger.AfterCount(windows.early)
    if windows.lateness:
        firings["late"] = trigger.AfterCount(1)
    return trigger.AfterWatermark(**firings)


def steps_of(these):
    """The events of all cases one behind the other, each far behind the one before."""
    for place, case in enumerate(these):
        base = (place + 1) * APART
        yield Timestamp(base - APART // 2), None
        events = (
            (0, Event(json.dumps([place, key]), (base + time) * NANOS, {"total": number}))
            for key, time, number in case.events
        )
        yield from play(events, case.windows.delay * NANOS)


class OfKind(beam.DoFn):
    """The events of the cases of some windows."""

    def __init__(self, these, windows):
        self.places = {place for place, case in enumerate(these) if case.windows == windows}

    def process(self, keyed):
        if json.loads(keyed[0])[0] in self.places:
            yield keyed


class Store(beam.DoFn):
    """Appends results to the file, as each case knows them."""

    def __init__(self, path, seeds):
        self.path, self.seeds = path, seeds

    def process(self, record):
        value = record["value"]
        place, key = value["key"]
        base = (place + 1) * APART * SECOND
        shifted = {"start": value["start"] - base, "end": value["end"] - base}
        with open(self.path, "a", encoding="utf-8") as out:
            out.write(json.dumps({"case": self.seeds[place], **value, "key": key, **shifted}) + "\n")


def main():
    open(sys.argv[2], "w", encoding="utf-8").close()
    if sys.argv[3:]:
        run(WINDOWS, PipelineOptions(["--streaming", *sys.argv[3:]]))
        return
    options = PipelineOptions(["--runner=BundleBasedDirectRunner", "--streaming", "--allow_unsafe_triggers"])
    for windows in WINDOWS:
        try:
            run([windows], options)
        except TypeError as error:
            # All results are there, but sessions that were merged keep a hold on the watermark for ever: the
            # runner sees a stall and then fails to raise it (its executor.py raises a tuple).
            if windows.kind != "session" or "BaseException" not in str(error):
                raise


def run(kinds, options):
    """All cases of these kinds of windows in one pipeline."""
    modes = trigger.AccumulationMode
    these = cases(kinds)
    with beam.Pipeline(options=options) as begin:
        events = begin | stream(steps_of(these))
        for windows in kinds:
            (
                events
                | f"{windows.name}: events" >> beam.ParDo(OfKind(these, windows))
                | f"{windows.name}: windows"
                >> beam.WindowInto(
                    windows_of(windows),
                    trigger=trigger_of(windows),
                    accumulation_mode=modes.DISCARDING if windows.discarding else modes.ACCUMULATING,
                    allowed_lateness=windows.lateness,
                )
                | f"{windows.name}: aggregates" >> beam.CombinePerKey(Aggregates({"n": "count", "total": "sum"}))
                | f"{windows.name}: results" >> Results()
                | f"{windows.name}: store" >> beam.ParDo(Store(sys.argv[2], [case.seed for case in these]))
            )


if __name__ == "__main__":
    main()
