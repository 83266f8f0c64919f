"""Records as every client must bring them back, and the long numbered sequence of the volume tests."""

import os
import time
from typing import NamedTuple

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")

VOLUME = int(os.environ.get("CONFORMANCE_MESSAGES", "300000"))
"""How many messages a volume test sends."""


class Record(NamedTuple):
    """One record, independent of any client. `timestamp` is in milliseconds."""

    key: bytes | None
    value: bytes | None
    headers: tuple = ()
    timestamp: int | None = None
    partition: int = 0
    offset: int | None = None

    def content(self):
        """What the producer said: everything but where the broker put it."""
        return (self.key, self.value, self.headers, self.timestamp)


RECENT = int(time.time() * 1000) - 3_600_000
"""An hour ago: record times in tests are near it, since retention goes by them and would delete older ones."""

_ALL_BYTES = bytes(range(256))

TRICKY = tuple(
    Record(key, value, headers, RECENT + i * 7)
    for i, (key, value, headers) in enumerate(
        [
            (b"key", b"value", ()),
            (None, b"no key", ()),
            (b"", b"empty key", ()),
            (b"tombstone", None, ()),
            (b"empty value", b"", ()),
            (None, None, ()),
            (_ALL_BYTES, _ALL_BYTES[::-1] * 3, ()),
            (b"twice", b"duplicate headers keep their order", (("h", b"1"), ("other", b"x"), ("h", b"2"))),
            (b"nothing", b"null and empty header values", (("null", None), ("empty", b""))),
            (b"binary", b"binary header value", (("bin", _ALL_BYTES),)),
            (b"names", b"odd header names", (("", b"no name"), ("Zürich ☃", b"unicode"))),
            ("ключ".encode(), "žluťoučký 🐴\n\ttab".encode(), (("a", b"1"),)),
            (b"large", bytes(i * 31 % 251 for i in range(70_000)), ()),
        ]
    )
)
"""Records that a careless broker or client changes."""


def numbered(i):
    """Message `i` of a volume test: 200 bytes that begin with its number."""
    return b"%012d" % i + b"." * 188


def number_of(value):
    """The number that `numbered` put into a value; fails the test when the rest was changed."""
    assert len(value) == 200 and value.endswith(b"." * 188), f"value was changed: {value[:40]!r}"
    return int(value[:12])


def assert_complete_and_ordered(by_partition, count):
    """`by_partition` holds the numbers read from each partition: all are there once, in the order they were sent."""
    for partition, numbers in by_partition.items():
        for earlier, later in zip(numbers, numbers[1:]):
            assert earlier < later, f"partition {partition}: {later} came after {earlier}"
    seen = set().union(*map(set, by_partition.values())) if by_partition else set()
    missing = sorted(set(range(count)) - seen)
    assert not missing, f"{len(missing)} of {count} messages are missing, first {missing[:5]}"
    total = sum(map(len, by_partition.values()))
    assert total == count, f"{total} messages came back, {count} were sent"
