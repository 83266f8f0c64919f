"""Offsets through confluent-kafka: ends, times, tails, waiting, deleted records."""

import json
import threading
import time

import pytest
from confluent_kafka import OFFSET_END, IsolationLevel, KafkaError, TopicPartition
from confluent_kafka.admin import OffsetSpec

from support.records import CODECS, RECENT, Record
from support.wait import DEADLINE, eventually


def at_times(count, step=10):
    return [Record(None, b"%d" % i, timestamp=RECENT + i * step) for i in range(count)]


def offset_at(target, topic, time_ms, partition=0):
    consumer = target.consumer()
    found = consumer.offsets_for_times([TopicPartition(topic, partition, time_ms)], timeout=DEADLINE)
    consumer.close()
    assert found[0].error is None
    return found[0].offset


def watermarks(target, topic, partition=0):
    consumer = target.consumer()
    low_high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=DEADLINE, cached=False)
    consumer.close()
    return low_high


def list_offsets(target, topic, spec, isolation=IsolationLevel.READ_UNCOMMITTED):
    partition = TopicPartition(topic, 0)
    return target.admin.list_offsets({partition: spec}, isolation_level=isolation)[partition].result(DEADLINE)


def test_watermarks_are_first_and_next_offset(target):
    topic = target.topic()
    assert watermarks(target, topic) == (0, 0)
    target.produce(topic, at_times(7))
    assert watermarks(target, topic) == (0, 7)


def test_offsets_are_listed_by_specification(target):
    topic = target.topic()
    target.produce(topic, [Record(None, b"x", timestamp=RECENT + t) for t in (10, 50, 30)])
    assert list_offsets(target, topic, OffsetSpec.earliest()).offset == 0
    assert list_offsets(target, topic, OffsetSpec.latest()).offset == 3
    newest = list_offsets(target, topic, OffsetSpec.max_timestamp())
    assert (newest.offset, newest.timestamp) == (1, RECENT + 50)
    by_time = list_offsets(target, topic, OffsetSpec.for_timestamp(RECENT + 11))
    assert (by_time.offset, by_time.timestamp) == (1, RECENT + 50)


@pytest.mark.parametrize("codec", CODECS)
def test_time_lookup_finds_the_record_inside_a_batch(target, codec):
    topic = target.topic()
    target.produce(topic, at_times(100), compression_type=codec, linger_ms=50)
    target.produce(topic, [Record(None, b"later", timestamp=RECENT + 5000)], compression_type=codec)
    assert offset_at(target, topic, RECENT - 1) == 0
    assert offset_at(target, topic, RECENT) == 0
    assert offset_at(target, topic, RECENT + 370) == 37
    assert offset_at(target, topic, RECENT + 371) == 38
    assert offset_at(target, topic, RECENT + 991) == 100
    assert offset_at(target, topic, RECENT + 5001) == OFFSET_END


def test_time_lookup_with_times_out_of_order_finds_the_first_offset_not_before(target):
    topic = target.topic()
    target.produce(topic, [Record(None, b"x", timestamp=RECENT + t) for t in (50, 10, 90, 20, 70)], linger_ms=50)
    assert offset_at(target, topic, RECENT + 15) == 0
    assert offset_at(target, topic, RECENT + 60) == 2
    assert offset_at(target, topic, RECENT + 91) == OFFSET_END


def test_time_lookup_answers_for_each_partition(target):
    topic = target.topic(partitions=2)
    target.produce(topic, at_times(10) + [Record(None, b"x", partition=1, timestamp=RECENT + 45)])
    assert [offset_at(target, topic, RECENT + 45, p) for p in (0, 1)] == [5, 0]


def test_tail_begins_n_records_before_the_end(target):
    topic = target.topic()
    target.produce(topic, at_times(20))
    consumer = target.consumer(enable_partition_eof=False)
    consumer.assign([TopicPartition(topic, 0, -2000 - 3)])  # OFFSET_TAIL(3) of librdkafka
    assert consumer.poll(DEADLINE).offset() == 17
    consumer.close()


def test_seek_moves_a_running_consumer_both_ways(target):
    topic = target.topic()
    target.produce(topic, at_times(50))
    consumer = target.consumer(enable_partition_eof=False)
    consumer.assign([TopicPartition(topic, 0, 0)])
    assert consumer.poll(DEADLINE).offset() == 0
    for wanted in (40, 5):
        consumer.seek(TopicPartition(topic, 0, wanted))
        assert consumer.poll(DEADLINE).offset() == wanted
    consumer.close()


def test_deleted_records_are_gone_and_the_low_watermark_rises(target):
    topic = target.topic()
    target.produce(topic, at_times(20), linger_ms=50)
    partition = TopicPartition(topic, 0, 7)
    deleted = target.admin.delete_records([partition])[partition].result(DEADLINE)
    assert deleted.low_watermark == 7
    assert watermarks(target, topic) == (7, 20)
    assert [r.offset for r in target.read(topic, 7)] == list(range(7, 20))
    assert [r.offset for r in target.read(topic, 0)] == list(range(7, 20))
    assert list_offsets(target, topic, OffsetSpec.earliest()).offset == 7
    assert offset_at(target, topic, RECENT) == 7


def test_deleting_to_the_end_empties_the_partition_and_offsets_go_on(target):
    topic = target.topic()
    target.produce(topic, at_times(5))
    partition = TopicPartition(topic, 0, OFFSET_END)
    assert target.admin.delete_records([partition])[partition].result(DEADLINE).low_watermark == 5
    assert target.read(topic) == []
    assert target.produce(topic, [Record(None, b"next")]) == [(0, 5)]


def test_deleting_records_beyond_the_end_is_refused(target):
    topic = target.topic()
    target.produce(topic, at_times(5))
    partition = TopicPartition(topic, 0, 6)
    error = target.admin.delete_records([partition])[partition].exception(DEADLINE)
    assert error.args[0].code() == KafkaError.OFFSET_OUT_OF_RANGE


def test_waiting_fetch_is_answered_as_soon_as_a_record_arrives(target):
    """The fetch may wait for five minutes; the record must come long before."""
    topic = target.topic()
    consumer = target.consumer(fetch_wait_max_ms=300_000, socket_timeout_ms=300_000, fetch_min_bytes=1)
    consumer.assign([TopicPartition(topic, 0, 0)])
    assert consumer.poll(2) is None, "nothing there yet, and no end before the wait is over"
    sender = threading.Thread(target=target.produce, args=(topic, [Record(None, b"wake up")]))
    sender.start()
    message = consumer.poll(DEADLINE)
    sender.join()
    assert message is not None and message.value() == b"wake up"
    consumer.close()


def test_minimum_fetch_size_is_waited_for_at_most_the_maximum_wait(target):
    topic = target.topic()
    target.produce(topic, [Record(None, b"small")])
    consumer = target.consumer(fetch_min_bytes=100_000, fetch_wait_max_ms=500)
    consumer.assign([TopicPartition(topic, 0, 0)])
    assert consumer.poll(DEADLINE).value() == b"small"
    consumer.close()


def test_idle_consumer_waits_at_the_broker_instead_of_asking_all_the_time(target):
    topic = target.topic()
    requests = []

    def statistics(text):
        brokers = json.loads(text)["brokers"].values()
        requests.append(sum(broker["req"].get("Fetch", 0) for broker in brokers))

    consumer = target.consumer(fetch_wait_max_ms=500, statistics_interval_ms=1000, stats_cb=statistics)
    consumer.assign([TopicPartition(topic, 0, 0)])

    def watched():
        consumer.poll(0.1)
        return len(requests) >= 5

    began = time.monotonic()
    eventually(watched, "five reports of statistics")
    allowed = 4 * (time.monotonic() - began)  # two per second are right
    assert 1 <= requests[-1] <= allowed, f"{requests[-1]} fetches, at most {allowed:.0f} expected"
    consumer.close()
