"""What a scenario of ssectl runs on when Apache Beam runs it: jq by ssectl itself, Beam's windows, aggregates, files.

A record is a dict with `key` (a string or None), `headers`, `stream`, `partition`, `offset`, `time_ns` (nanoseconds since
1970 or None) and `value`. Results of a window are records, too, so that steps before and behind it are alike.
"""

import argparse
import json
import os
import subprocess
import threading
import uuid
from datetime import datetime, timezone
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_stream import TestStream
from apache_beam.transforms.window import GlobalWindow, TimestampedValue
from apache_beam.utils.timestamp import MAX_TIMESTAMP, Timestamp
from apache_beam.utils.windowed_value import PaneInfoTiming, WindowedValue

from ssectl_aggregates import Aggregate, canonical

SSECTL = os.environ.get("SSECTL", "ssectl")
# Longer than all times that Beam has.
FOR_EVER = 10**12
# In nanoseconds.
UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
PANES = {PaneInfoTiming.EARLY: "early", PaneInfoTiming.ON_TIME: "on-time", PaneInfoTiming.LATE: "late"}


def dumps(value):
    """JSON as ssectl writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Worker:
    """`ssectl transform`, kept running: what goes in by batches comes out by batches.

    The program passes `null` on, which tells where the results of a batch end.
    """

    def __init__(self, program, on_error):
        command = [SSECTL, "--quiet", "transform", f"if . == null then . else ({program}\n) end", "--on-error", on_error]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def results(self, records):
        """The results of these records, one behind the other."""
        lines = [dumps(record) for record in records]
        # A pipe holds little: results are read while records are still written.
        writing = threading.Thread(target=self._write, args=("\n".join([*lines, "null"]) + "\n",))
        writing.start()
        try:
            for line in self.process.stdout:
                if line == b"null\n":
                    return
                yield json.loads(line)
        finally:
            writing.join()
        raise RuntimeError(f"ssectl transform ended with {self.process.wait()}: a record is bad, see above")

    def _write(self, text):
        try:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the reader says how it ended

    def close(self):
        """Ends it."""
        self.process.stdin.close()
        self.process.wait()


class _Jq(beam.DoFn):
    AT_ONCE = 1000

    def __init__(self, program, on_error):
        self.program, self.on_error = program, on_error

    def setup(self):
        self.worker = Worker(self.program, self.on_error)

    def start_bundle(self):
        self.waiting = []

    def process(self, record, time=beam.DoFn.TimestampParam):
        self.waiting.append((record, time))
        if len(self.waiting) >= self.AT_ONCE:
            for result in self._flush():
                yield TimestampedValue(result.value, result.timestamp)

    def finish_bundle(self):
        return list(self._flush())

    def _flush(self):
        # Numbered, as a record may give none or many results.
        batch, self.waiting = self.waiting, []
        if not batch:
            return
        numbered = ({**record, "number": number} for number, (record, _) in enumerate(batch))
        for result in self.worker.results(numbered):
            _, time = batch[result.pop("number")]
            yield WindowedValue(result, time, (GlobalWindow(),))

    def teardown(self):
        self.worker.close()


class Jq(beam.PTransform):
    """Runs a program on each record; it is kept running between bundles, as starting it takes longer than a record."""

    def __init__(self, program, on_error="fail"):
        super().__init__()
        self.program, self.on_error = program, on_error

    def expand(self, records):
        return records | beam.WindowInto(beam.window.GlobalWindows()) | beam.ParDo(_Jq(self.program, self.on_error))


def _records(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


class Read(beam.PTransform):
    """All records of a file of records, one per line."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def expand(self, begin):
        return begin | beam.Create([self.path], reshuffle=False) | beam.FlatMap(_records)


def nanoseconds(time, unit):
    """A time as it stands in a record, as nanoseconds since 1970."""
    if unit == "rfc3339":
        whole, dot, rest = time.replace("Z", "+00:00").partition(".")
        digits = len(rest) - len(rest.lstrip("0123456789"))
        moment = datetime.fromisoformat(whole + rest[digits:])
        since = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)
        fraction = int(rest[:digits].ljust(9, "0")[:9]) if dot else 0
        return (since.days * 86_400 + since.seconds) * 1_000_000_000 + fraction
    return int(time * UNITS[unit])


class Event:
    """A record that is part of windows: what it is grouped by, when it happened, the arguments of the aggregates."""

    def __init__(self, key, time, inputs):
        self.key, self.time, self.inputs = key, time, inputs

    def encode(self):
        """As bytes."""
        return dumps([self.key, self.time, self.inputs]).encode()

    @property
    def timestamp(self):
        """As Beam has it, which counts microseconds."""
        return Timestamp(micros=self.time // 1000)


def play(events, delay, every=1):
    """Steps of a stream: `(watermark, None)` or `(time, event)`. `events` are pairs of a partition and an event.

    The watermark of a partition is its greatest time less `delay`, the stream's is the least of them. Records come in the
    order of the watermark of their partition behind them, as in ssectl: so nothing depends on how partitions interleave. The watermark stands still between multiples of `every`.

    """
    highest, ranked = {}, []
    for order, (partition, event) in enumerate(events):
        highest[partition] = max(highest.get(partition, event.time), event.time)
        ranked.append((highest[partition] - delay, str(partition), order, event))
    ranked.sort(key=lambda entry: entry[:3])
    watermark = None
    for mark, _, _, event in ranked:
        yield event.timestamp, event
        mark -= mark % every
        if watermark is None or mark > watermark:
            watermark = mark
            yield milliseconds(mark), None


def milliseconds(mark):
    """A watermark as a `TestStream` has it.

    A window that ends at the watermark is over in ssectl, Flink and Beam's Java SDK. To Beam's DirectRunner in Python it is
    over later (`trigger.py`: `input_watermark > window.end + allowed_lateness`): a millisecond is added to whole seconds,
    where most windows end.
    """
    millis = mark // 1_000_000
    return Timestamp(micros=(millis + (millis % 1000 == 0)) * 1000)


class Events(beam.PTransform):
    """The records of a file as a stream in event time, whose watermark moves with them.

    Beam reads a file as one batch, in which no record is ever late. So the file is played record by record.
    `program` makes events of the records: `{partition, time, key, inputs}`. Where windows begin and end at multiples of
    `every` only, and have one result, the watermark goes from one to the next, and what comes between comes at once.
    """

    def __init__(self, path, program, unit, delay=0, every=1, on_error="fail"):
        super().__init__()
        self.path, self.program, self.on_error = path, program, on_error
        self.unit, self.delay, self.every = unit, delay, every

    def expand(self, begin):
        worker = Worker(self.program, self.on_error)
        made = list(worker.results(_records(self.path)))
        worker.close()
        events = ((e["partition"], Event(canonical(e["key"]), nanoseconds(e["time"], self.unit), e["inputs"])) for e in made)
        return begin | stream(play(events, self.delay, self.every), at_once=self.every > 1)


class stream(beam.PTransform):
    """A stream of what `play` says; at its end the watermark passes every window. It gives pairs of a key and an event."""

    def __init__(self, steps, at_once=False):
        super().__init__()
        self.steps, self.most = steps, 1000 if at_once else 1

    def expand(self, begin):
        # Events as bytes: runners in Java do not know Python's coders.
        test = TestStream(coder=beam.coders.BytesCoder())
        waiting = []
        for time, event in self.steps:
            if event is not None:
                waiting.append(TimestampedValue(event.encode(), time))
            if waiting and (event is None or len(waiting) >= self.most):
                test, waiting = test.add_elements(waiting), []
            if event is None:
                test = test.advance_watermark_to(min(time, MAX_TIMESTAMP))
        if waiting:
            test = test.add_elements(waiting)
        return begin | test.advance_watermark_to_infinity().with_output_types(bytes) | beam.Map(keyed)


def keyed(encoded):
    """An event behind what it is grouped by."""
    event = Event(*json.loads(encoded))
    return event.key, event


class Aggregates(beam.CombineFn):
    """Aggregates of one window, by name: `{"n": "count", "total": "sum"}`."""

    def __init__(self, names):
        self.names = names

    def create_accumulator(self):
        return 0, {name: Aggregate.of(kind) for name, kind in self.names.items()}

    def add_input(self, accumulator, event):
        records, aggregates = accumulator
        for name, aggregate in aggregates.items():
            aggregate.add(event.time, event.inputs.get(name))
        return records + 1, aggregates

    def merge_accumulators(self, accumulators):
        records, merged = self.create_accumulator()
        for more, aggregates in accumulators:
            records += more
            for name, aggregate in merged.items():
                aggregate.merge(aggregates[name])
        return records, merged

    def extract_output(self, accumulator):
        records, aggregates = accumulator
        # The last pane of a window that took late records may hold nothing: it is no result.
        return {name: aggregate.result() for name, aggregate in aggregates.items()} if records else None


class _Result(beam.DoFn):
    def __init__(self, unit):
        self.nanoseconds = UNITS["ms" if unit == "rfc3339" else unit]

    def bound(self, time):
        return time.micros * 1000 // self.nanoseconds

    def process(self, group, window=beam.DoFn.WindowParam, pane=beam.DoFn.PaneInfoParam):
        key, aggregates = group
        if aggregates is None:
            return
        everything = isinstance(window, GlobalWindow)
        value = {
            "key": json.loads(key),
            "start": None if everything else self.bound(window.start),
            "end": None if everything else self.bound(window.end),
            "pane": PANES[pane.timing],
            "revision": pane.index,
            **aggregates,
        }
        name = value["key"] if value["key"] is None or isinstance(value["key"], str) else key
        yield {"key": name, "headers": {}, "time_ns": None if everything else window.end.micros * 1000, "value": value}


def Results(unit="ms"):
    """A record of each result of a window, with times in this unit."""
    return beam.ParDo(_Result(unit))


class _Write(beam.DoFn):
    def __init__(self, folder):
        self.folder = folder

    def setup(self):
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        self.file = open(Path(self.folder) / f"{uuid.uuid4()}.ndjson", "w", encoding="utf-8")

    def process(self, record):
        kept = {name: record.get(name) for name in ("key", "time_ns", "value")}
        self.file.write(dumps(kept) + "\n")

    def finish_bundle(self):
        self.file.flush()

    def teardown(self):
        self.file.close()


def Write(folder):
    """Records into a folder, a file per worker; at least once, as all that Beam writes without a transaction."""
    return beam.ParDo(_Write(folder))


def main(build):
    """Runs the pipeline that `build(begin, input, output)` makes."""
    parser = argparse.ArgumentParser(description="Runs a pipeline of a scenario of ssectl on Apache Beam.")
    parser.add_argument("--input", required=True, help="file of records, one per line")
    parser.add_argument("--output", required=True, help="folder for the results")
    ours, beams = parser.parse_known_args()
    options = PipelineOptions(beams, save_main_session=False)
    with beam.Pipeline(options=options) as begin:
        build(begin, ours.input, ours.output)
