"""Retention and compaction through confluent-kafka: what topics are told to forget, and what they must keep."""

import pytest
from confluent_kafka import KafkaError

from support.records import CODECS, RECENT, Record
from support.wait import DEADLINE, eventually

COMPACTED = {
    "cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "segment.ms": "100", "delete.retention.ms": "100",
}


def compacted(target, topic, expected):
    """Waits until the records under the keys of `expected` are exactly these; returns them by key.

    Only closed segments are compacted: each look appends a record, which closes the segment before it.
    """

    def clean():
        target.produce(topic, [Record(b"roll", b"x")])
        found = [r for r in target.read(topic) if r.key != b"roll"]
        return len(found) == len(expected) and {r.key: r.value for r in found} == expected and found

    found = eventually(clean, "the topic is compacted", deadline=2 * DEADLINE, pause=0.3)
    return {r.key: r for r in found}


@pytest.mark.parametrize("codec", CODECS)
def test_compaction_keeps_the_newest_record_of_every_key_as_it_was(target, codec):
    topic = target.topic(**COMPACTED)
    headers = (("h", b"1"), ("h", b"2"), ("null", None))
    records = [Record(b"key %d" % (i % 7), b"%d" % i, headers, RECENT + i) for i in range(200)]
    target.produce(topic, records, compression_type=codec, linger_ms=20)
    newest = {r.key: (i, r) for i, r in enumerate(records)}
    found = compacted(target, topic, {key: r.value for key, (_, r) in newest.items()})
    for key, (offset, record) in newest.items():
        assert found[key].content() == record.content() and found[key].offset == offset


def test_tombstone_removes_its_key(target):
    topic = target.topic(**COMPACTED)
    target.produce(topic, [Record(b"gone", b"1"), Record(b"stays", b"1"), Record(b"gone", None)])
    compacted(target, topic, {b"stays": b"1"})


def test_record_without_a_key_is_refused_by_a_compacted_topic(target):
    topic = target.topic(**COMPACTED)
    errors = []
    producer = target.producer()
    producer.produce(topic, b"no key", on_delivery=lambda error, _: errors.append(error.code()))
    producer.flush(DEADLINE)
    assert errors == [KafkaError.INVALID_RECORD]


def test_records_older_than_the_retention_time_are_deleted(target):
    topic = target.topic(retention_ms=60_000)
    target.produce(topic, [Record(None, b"old", timestamp=RECENT)] * 5)
    eventually(lambda: target.read(topic) == [], "old records are gone")
    assert target.produce(topic, [Record(None, b"new")]) == [(0, 5)]
    assert [r.value for r in target.read(topic)] == [b"new"]


def test_retention_of_minus_one_keeps_old_records(target):
    keeps, forgets = target.topic(what="keeps", retention_ms=-1), target.topic(what="forgets", retention_ms=60_000)
    for topic in (keeps, forgets):
        target.produce(topic, [Record(None, b"old", timestamp=1_000_000_000_000)])
    eventually(lambda: target.read(forgets) == [], "retention has run")
    assert [r.value for r in target.read(keeps)] == [b"old"]


def test_retention_by_size_deletes_the_oldest_and_keeps_the_size(target):
    limit, segment = 2_000_000, 1_048_576
    topic = target.topic(retention_bytes=limit, segment_bytes=segment)
    target.produce(topic, [Record(None, b"%07d" % i + b"x" * 9993) for i in range(600)], batch_size=100_000)

    def trimmed():
        read = target.read(topic)  # a segment may vanish while it is read: then this is not yet the end state
        whole = [int(r.value[:7]) for r in read] == list(range(600 - len(read), 600))
        return whole and sum(len(r.value) for r in read) <= limit + 2 * segment and read

    left = eventually(trimmed, "the oldest segments are gone, and all after them is there")
    assert sum(len(r.value) for r in left) >= limit
    assert left[0].offset == 600 - len(left)
