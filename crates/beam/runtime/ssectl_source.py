"""Where records come from: files and streams, read by Beam's workers, which share them out among themselves.

A splittable `DoFn` reads ranges: bytes of a file, offsets of a partition of a stream (by ssectl itself). What is late is a
matter of order: an event is, if the watermark of its partition had passed its window before it came. A range does not know
what came before it, so each tells the greatest time it saw, and an event is compared with those of all ranges before its own.
"""

import bisect
import itertools
import json
import re
import subprocess
from typing import NamedTuple

import apache_beam as beam
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.metrics import Metrics
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.window import GlobalWindow, TimestampedValue

from ssectl_aggregates import canonical
from ssectl_beam import SSECTL, Event, Worker, dumps, nanoseconds

# Makes what steps know of a record one value.
RECORD = (
    "{key: $key, headers: $headers, stream: $stream, partition: $partition, offset: $offset, time_ns: $time_ns, value: .}"
)
# The same of a bare value in a file.
VALUE = "{key: null, headers: {}, stream: null, partition: null, offset: null, time_ns: null, value: .}"
# How much one range holds at first, in bytes of a file and in records of a stream.
BYTES, RECORDS = 16 << 20, 100_000
AT_ONCE = 1000
# The adapters whose streams have numbered offsets.
STREAMS = re.compile("(kafka|eventhubs)://")


class Part(NamedTuple):
    """A range of a file, or of a partition of a stream."""

    address: str
    # `None` of a file.
    partition: str | None
    start: int
    stop: int


def parts(address):
    """All ranges of the files that a pattern names, or of a stream, as far as it reaches now."""
    whole = list(_whole(address))
    ranges = ((part, OffsetRange(part.start, part.stop)) for part in whole)
    # A runner may leave what it splits where it is, so the first shares are made here.
    return [
        part._replace(start=share.start, stop=share.stop)
        for part, all_of_it in ranges
        for share in all_of_it.split(BYTES if part.partition is None else RECORDS)
    ]


def _whole(address):
    if STREAMS.match(address):
        told = subprocess.run([SSECTL, "streams", "describe", address, "--format", "json"], stdout=subprocess.PIPE, check=True)
        found = json.loads(told.stdout)["partitions"]
        return [Part(address, part["id"], part["start"]["offset"], part["end"]["offset"]) for part in found]
    files = [file for match in FileSystems.match([address]) for file in match.metadata_list]
    if not files:
        raise FileNotFoundError(f"no file is named {address}")
    packed = [file.path for file in files if CompressionTypes.detect_compression_type(file.path) != CompressionTypes.UNCOMPRESSED]
    if packed:
        raise ValueError(f"{packed[0]} is compressed: there is no reading it in ranges")
    return [Part(file.path, None, 0, file.size_in_bytes) for file in files]


class _Ranges(RestrictionProvider):
    def initial_restriction(self, part):
        return OffsetRange(part.start, part.stop)

    def create_tracker(self, restriction):
        return OffsetRestrictionTracker(restriction)

    def restriction_size(self, part, restriction):
        return restriction.size()


def _lines(part, tracker):
    """The lines that begin in the range, each with its offset."""
    start = tracker.current_restriction().start
    with FileSystems.open(part.address, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        file.seek(max(start - 1, 0))
        if start > 0:
            file.readline()  # a line that began before
        while tracker.try_claim(at := file.tell()):
            line = file.readline()
            if not line:
                return
            yield at, line


def _offers(part, tracker, program, on_error):
    """What the program makes of the records of a range of a partition, each with its offset."""
    restriction = tracker.current_restriction()
    command = [SSECTL, "--quiet", "transform", f"{RECORD} | .offset as $at | ({program}\n) | [$at, .]"]
    command += ["--from", part.address, "--partition", part.partition, "--on-error", on_error]
    command += ["--offset", f"{restriction.start}:{restriction.stop}"]
    claimed = None
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            at, result = json.loads(line)
            if at != claimed and not tracker.try_claim(at):
                process.kill()
                return
            claimed = at
            yield result
    if process.returncode:
        raise RuntimeError(f"ssectl transform ended with {process.returncode}: see above")
    # Records that the program made nothing of belong to the range, too.
    tracker.try_claim(restriction.stop)


class _Reader(beam.DoFn):
    """What a program makes of the records of a range."""

    def __init__(self, program, values, on_error):
        self.program, self.on_error = program, on_error
        self.of_file = f"{VALUE} | {program}" if values else program

    def setup(self):
        self.worker = None

    def results(self, part, tracker):
        if part.partition is not None:
            yield from _offers(part, tracker, self.program, self.on_error)
            return
        if self.worker is None:
            self.worker = Worker(self.of_file, self.on_error)
        lines = _lines(part, tracker)
        while batch := list(itertools.islice(lines, AT_ONCE)):
            yield from self.worker.results(json.loads(line) for _, line in batch)

    def teardown(self):
        if self.worker is not None:
            self.worker.close()


class _Records(_Reader):
    def process(self, part, tracker=beam.DoFn.RestrictionParam(_Ranges())):
        yield from self.results(part, tracker)


class _Events(_Reader):
    """Events, each with where its range began and the greatest time of its partition before it there.

    At its end a range tells the greatest time per partition.
    """

    def __init__(self, program, values, on_error, unit):
        super().__init__(program, values, on_error)
        self.unit = unit

    def process(self, part, tracker=beam.DoFn.RestrictionParam(_Ranges())):
        at = (part.address, part.partition or "", tracker.current_restriction().start)
        highest = {}
        for made in self.results(part, tracker):
            time = nanoseconds(made["time"], self.unit)
            partition = canonical(part.address if made["partition"] is None else made["partition"])
            before = highest.get(partition)
            highest[partition] = time if before is None else max(before, time)
            yield canonical(made["key"]), time, made["inputs"], partition, at, before
        for partition, time in highest.items():
            yield beam.pvalue.TaggedOutput("highest", (partition, at, time))


class Highest(beam.CombineFn):
    """From what the ranges told: per partition, where ranges begin and the greatest time up to the end of each."""

    def create_accumulator(self):
        return []

    def add_input(self, told, one):
        told.append(one)
        return told

    def merge_accumulators(self, accumulators):
        return list(itertools.chain.from_iterable(accumulators))

    def extract_output(self, told):
        found = {}
        for partition, at, time in sorted(told):
            starts, times = found.setdefault(partition, ([], []))
            starts.append(at)
            times.append(max(time, times[-1]) if times else time)
        return found


def before(highest, partition, at, within):
    """The greatest time of a partition before an event: in its range, and in all that lie before that."""
    starts, times = highest[partition]
    place = bisect.bisect_left(starts, at)
    known = [time for time in (within, times[place - 1] if place else None) if time is not None]
    return max(known, default=None)


def _marked(read, highest, delay):
    key, time, inputs, partition, at, within = read
    greatest = before(highest, partition, at, within)
    event = Event(key, time, inputs)
    event.watermark = None if greatest is None else greatest - delay
    return TimestampedValue((key, event), event.timestamp)


def Parts(source):
    """What there is to read, shared out among the workers."""
    return "parts" >> beam.Create(parts(source.address))


class Read(beam.PTransform):
    """All records of files or of a stream."""

    def __init__(self, source, program=".", on_error="fail"):
        super().__init__()
        self.source, self.program, self.on_error = source, program, on_error

    def expand(self, begin):
        return begin | Parts(self.source) | beam.ParDo(_Records(self.program, self.source.values, self.on_error))


class ReadEvents(beam.PTransform):
    """What `program` makes of the records, `{partition, time, key, inputs}`, as pairs of a key and an event.

    Each event knows the watermark of its partition before it came.
    """

    def __init__(self, source, program, unit, delay=0, on_error="fail"):
        super().__init__()
        self.source, self.program, self.unit, self.delay, self.on_error = source, program, unit, delay, on_error

    def expand(self, begin):
        reader = _Events(self.program, self.source.values, self.on_error, self.unit)
        read = begin | Parts(self.source) | "read" >> beam.ParDo(reader).with_outputs("highest", main="events")
        highest = read.highest | beam.CombineGlobally(Highest())
        return read.events | "mark" >> beam.Map(_marked, beam.pvalue.AsSingleton(highest), self.delay)


class _InTime(beam.DoFn):
    def __init__(self):
        self.late = Metrics.counter("ssectl", "late")

    def process(self, keyed, window=beam.DoFn.WindowParam):
        watermark = keyed[1].watermark
        if isinstance(window, GlobalWindow) or watermark is None or window.end.micros * 1000 > watermark:
            yield keyed
        else:
            self.late.inc()


def InTime():
    """Leaves out, window by window, what came when its window was over."""
    return beam.ParDo(_InTime())
