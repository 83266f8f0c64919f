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
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import apache_beam as beam
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions, TypeOptions
from apache_beam.testing.test_stream import TestStream
from apache_beam.transforms.window import GlobalWindow, TimestampedValue
from apache_beam.utils.timestamp import MAX_TIMESTAMP, Timestamp
from apache_beam.utils.windowed_value import PaneInfoTiming, WindowedValue

from ssectl_aggregates import Aggregate, canonical

SSECTL = os.environ.get("SSECTL", "ssectl")
FN_API = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
# Longer than all times that Beam has.
FOR_EVER = 10**12
# In nanoseconds.
UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
PANES = {
    PaneInfoTiming.EARLY: "early",
    PaneInfoTiming.ON_TIME: "on-time",
    PaneInfoTiming.LATE: "late",
    # Batches of Flink and Spark do not say: a window has one result there, when all is read.
    PaneInfoTiming.UNKNOWN: "on-time",
}


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

    # Of its partition before it came, in nanoseconds; `None` if it was the first there, or is played in its order.
    watermark = None

    def __init__(self, key, time, inputs):
        self.key, self.time, self.inputs = key, time, inputs

    def encode(self):
        """As bytes."""
        return dumps([self.key, self.time, self.inputs]).encode()

    @property
    def timestamp(self):
        """As Beam has it, which counts microseconds."""
        return Timestamp(micros=self.time // 1000)


def play(events, delay):
    """Steps of a stream: `(watermark, None)` or `(time, event)`. `events` are pairs of a partition and an event.

    The watermark of a partition is its greatest time less `delay`, the stream's is the least of them. Records come in the
    order of the watermark of their partition behind them, as in ssectl: so nothing depends on how partitions interleave.
    """
    highest, ranked = {}, []
    for order, (partition, event) in enumerate(events):
        highest[partition] = max(highest.get(partition, event.time), event.time)
        ranked.append((highest[partition] - delay, str(partition), order, event))
    ranked.sort(key=lambda entry: entry[:3])
    watermark = None
    for mark, _, _, event in ranked:
        yield event.timestamp, event
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
    `program` makes events of the records: `{partition, time, key, inputs}`.
    """

    def __init__(self, source, program, unit, delay=0, on_error="fail"):
        super().__init__()
        self.path, self.program, self.on_error = source.address, program, on_error
        self.unit, self.delay = unit, delay

    def expand(self, begin):
        worker = Worker(self.program, self.on_error)
        made = list(worker.results(_records(self.path)))
        worker.close()
        events = ((e["partition"], Event(canonical(e["key"]), nanoseconds(e["time"], self.unit), e["inputs"])) for e in made)
        return begin | stream(play(events, self.delay))


class stream(beam.PTransform):
    """A stream of what `play` says; at its end the watermark passes every window. It gives pairs of a key and an event."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def expand(self, begin):
        # Events as bytes: runners in Java do not know Python's coders.
        test = TestStream(coder=beam.coders.BytesCoder())
        for time, event in self.steps:
            if event is None:
                test = test.advance_watermark_to(min(time, MAX_TIMESTAMP))
            else:
                test = test.add_elements([TimestampedValue(event.encode(), time)])
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
    """Files: one per bundle, which has its name when it is complete."""

    def __init__(self, folder):
        self.folder = folder

    def start_bundle(self):
        self.file = None

    def process(self, record):
        if self.file is None:
            self.name = FileSystems.join(self.folder, f"{uuid.uuid4()}.ndjson")
            self.file = FileSystems.create(f"{self.name}.part", "text/plain", CompressionTypes.UNCOMPRESSED)
        kept = {name: record.get(name) for name in ("key", "time_ns", "value")}
        self.file.write(dumps(kept).encode() + b"\n")

    def finish_bundle(self):
        if self.file is not None:
            self.file.close()
            FileSystems.rename([f"{self.name}.part"], [self.name])


class _Publish(beam.DoFn):
    """A stream: a bundle is done when the stream has all its records."""

    def __init__(self, address):
        self.command = [SSECTL, "--quiet", "replay", "--from-envelope", "-", "--to", address]

    def start_bundle(self):
        self.lines = []

    def process(self, record):
        time, value = record.get("time_ns"), record["value"]
        self.lines.append(
            dumps(
                {
                    "key": record.get("key"),
                    "timestamp": None if time is None else rfc3339(time),
                    "value": value if isinstance(value, str) else dumps(value),
                }
            )
        )

    def finish_bundle(self):
        if self.lines:
            subprocess.run(self.command, input="\n".join(self.lines).encode() + b"\n", check=True)


def rfc3339(time):
    """Nanoseconds since 1970 as text, by the millisecond, which is what streams keep."""
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=time // 1_000_000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def Write(output):
    """Records into a folder or a stream, by the workers; at least once, as all that Beam writes without a transaction."""
    files = "://" not in output or output.startswith(("file://", "gs://", "s3://", "hdfs://"))
    return beam.ParDo(_Write(output) if files else _Publish(output))


class Source(NamedTuple):
    """What a pipeline reads."""

    address: str
    # Whether it is files of bare values, not of records.
    values: bool = False


def main(build, arrival=False):
    """Runs the pipeline that `build(begin, source, output)` makes.

    With `arrival`, it needs records in the order in which they came.
    """
    parser = argparse.ArgumentParser(description="Runs a pipeline of a scenario of ssectl on Apache Beam.")
    parser.add_argument("--input", required=True, help="files of records, one per line, as a pattern; or the address of a stream")
    parser.add_argument("--input_values", action="store_true", help="the files hold bare values")
    parser.add_argument("--output", required=True, help="folder for the results, or the address of a stream")
    ours, beams = parser.parse_known_args()
    options = PipelineOptions(beams, save_main_session=False)
    runner = options.view_as(StandardOptions)
    runner.streaming = runner.streaming or arrival
    if runner.runner in (None, "DirectRunner"):
        # Which of the two: the one moves the watermark of a `TestStream`, the other splits what is read.
        runner.runner = "BundleBasedDirectRunner" if arrival else FN_API
        options.view_as(TypeOptions).allow_unsafe_triggers = True
    with beam.Pipeline(options=options) as begin:
        build(begin, Source(ours.input, ours.input_values), ours.output)
