"""Records through confluent-kafka: bytes, order, sizes, codecs."""

import time

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from support.records import CODECS, TRICKY, VOLUME, Record, assert_complete_and_ordered, number_of, numbered
from support.target import until_end
from support.wait import DEADLINE, eventually


@pytest.mark.parametrize("codec", CODECS)
def test_key_value_headers_and_time_come_back_bit_for_bit(target, codec):
    topic = target.topic()
    places = target.produce(topic, TRICKY, compression_type=codec, linger_ms=50)
    assert places == [(0, i) for i in range(len(TRICKY))]
    assert [r.content() for r in target.read(topic)] == [r.content() for r in TRICKY]


@pytest.mark.parametrize("codec", CODECS)
def test_reading_can_begin_in_the_middle_of_a_batch(target, codec):
    topic = target.topic()
    target.produce(topic, [Record(None, b"%d" % i) for i in range(100)], compression_type=codec, linger_ms=50)
    for start in (1, 50, 99):
        assert [r.offset for r in target.read(topic, start)] == list(range(start, 100))


def test_topic_codec_is_applied_or_refused(target):
    try:
        topic = target.topic(compression_type="gzip")
    except KafkaException as error:
        assert error.args[0].code() == KafkaError.INVALID_CONFIG
        return
    target.produce(topic, TRICKY)
    assert [r.content() for r in target.read(topic)] == [r.content() for r in TRICKY]


@pytest.mark.parametrize("acks", ["0", "1", "all"])
def test_every_acknowledgement_mode_stores_the_records(target, acks):
    topic = target.topic()
    producer = target.producer(acks=acks)
    for i in range(100):
        producer.produce(topic, b"%d" % i)
    assert producer.flush(DEADLINE) == 0
    read = eventually(lambda: (found := target.read(topic)) and len(found) == 100 and found, "all 100 records")
    assert [r.value for r in read] == [b"%d" % i for i in range(100)]


def test_record_without_a_time_gets_the_time_of_sending(target):
    topic = target.topic()
    before = int(time.time() * 1000)
    target.produce(topic, [Record(None, b"x")])
    assert before <= target.read(topic)[0].timestamp <= int(time.time() * 1000)


def test_log_append_time_replaces_the_time_of_the_producer(target):
    topic = target.topic(message_timestamp_type="LogAppendTime")
    before = int(time.time() * 1000)
    target.produce(topic, [Record(None, b"x", timestamp=1_000_000), Record(None, b"y", timestamp=2_000_000)])
    times = [r.timestamp for r in target.read(topic)]
    assert all(before - 1000 <= t <= int(time.time() * 1000) + 1000 for t in times)


@pytest.mark.parametrize("codec", ["none", "zstd"])
def test_message_of_900_kilobytes_comes_back(target, codec):
    topic = target.topic()
    value = bytes(i * 2_654_435_761 % 2**32 >> 24 for i in range(900_000))
    target.produce(topic, [Record(b"k", value)], compression_type=codec)
    assert target.read(topic)[0].value == value


def too_large(target, topic, size):
    codes = []
    producer = target.producer(message_max_bytes=4_000_000)
    producer.produce(topic, b"x" * size, on_delivery=lambda error, _: codes.append(error and error.code()))
    assert producer.flush(DEADLINE) == 0
    return codes == [KafkaError.MSG_SIZE_TOO_LARGE]


def test_message_above_the_default_limit_is_refused_and_not_stored(target):
    topic = target.topic()
    assert too_large(target, topic, 1_500_000)
    assert target.read(topic) == []


def test_topic_limit_on_message_size_is_applied(target):
    topic = target.topic(max_message_bytes=2000)
    assert too_large(target, topic, 3000)
    target.produce(topic, [Record(None, b"x" * 1000)])
    assert [len(r.value) for r in target.read(topic)] == [1000]


def test_raised_topic_limit_lets_large_messages_pass(target):
    topic = target.topic(max_message_bytes=3_000_000)
    target.produce(topic, [Record(None, b"x" * 2_000_000), Record(None, b"small")], message_max_bytes=4_000_000)
    assert [len(r.value) for r in target.read(topic)] == [2_000_000, 5]


def test_record_larger_than_the_fetch_limit_is_still_delivered(target):
    topic = target.topic()
    target.produce(topic, [Record(None, b"x" * 200_000), Record(None, b"small")], batch_num_messages=1)
    limits = {"fetch.message.max.bytes": 1000, "fetch.max.bytes": 1000, "message.max.bytes": 1000}
    assert [len(r.value) for r in target.read(topic, **limits)] == [200_000, 5]


def test_producing_to_an_unknown_partition_fails(target):
    topic = target.topic(partitions=1)
    with pytest.raises((KafkaException, AssertionError), match="(?i)partition"):
        target.produce(topic, [Record(None, b"x", partition=7)])


def test_consuming_an_unknown_topic_says_so(target):
    consumer = target.consumer(allow_auto_create_topics=False)
    consumer.subscribe([target.name()])
    message = consumer.poll(DEADLINE)
    assert message.error().code() == KafkaError.UNKNOWN_TOPIC_OR_PART
    consumer.close()


def test_producing_to_an_unknown_topic_creates_it(target):
    topic = target.name()
    target.adopt(topic)
    target.produce(topic, [Record(None, b"first")])
    assert [r.value for r in target.read(topic)] == [b"first"]


@pytest.mark.parametrize("reset, expected", [("earliest", 0), ("latest", None), ("error", "error")])
def test_offset_out_of_range_follows_the_reset_policy(target, reset, expected):
    topic = target.topic()
    target.produce(topic, [Record(None, b"%d" % i) for i in range(5)])
    consumer = target.consumer(auto_offset_reset=reset)
    consumer.assign([TopicPartition(topic, 0, 1000)])
    message = consumer.poll(DEADLINE)
    if expected == "error":
        assert message.error().code() == KafkaError._AUTO_OFFSET_RESET
    elif expected is None:
        assert message.error().code() == KafkaError._PARTITION_EOF and message.offset() == 5
    else:
        assert message.offset() == expected
    consumer.close()


@pytest.mark.volume
def test_volume_arrives_complete_and_in_order(target):
    topic = target.topic(partitions=4)
    producer = target.producer(linger_ms=5, enable_idempotence=True, queue_buffering_max_messages=VOLUME + 1)
    failed = []
    for i in range(VOLUME):
        producer.produce(topic, numbered(i), b"%d" % (i % 97), on_delivery=lambda e, _: e and failed.append(e))
        if i % 1000 == 0:
            producer.poll(0)
    assert producer.flush(120) == 0 and not failed
    consumer = target.consumer()
    consumer.assign([TopicPartition(topic, p, 0) for p in range(4)])
    numbers = {p: [] for p in range(4)}
    for message in until_end(consumer, 4):
        numbers[message.partition()].append(number_of(message.value()))
    consumer.close()
    assert_complete_and_ordered(numbers, VOLUME)
