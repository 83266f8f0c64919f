"""kafka-python: records, offsets, transactions."""

import pytest
from kafka import TopicPartition
from kafka.errors import MessageSizeTooLargeError, UnknownTopicOrPartitionError
from kafka.structs import OffsetAndMetadata

from support.kpy import Clients, poll
from support.records import (
    CODECS, RECENT, TRICKY, VOLUME, Record, assert_complete_and_ordered, number_of, numbered,
)
from support.wait import DEADLINE, eventually

# kafka-python reads all of them, but does not write a record without key and value, or a header value that is null.
WRITABLE = [r for r in TRICKY if (r.key, r.value) != (None, None) and r.key != b"nothing"]


@pytest.fixture
def clients(target):
    return Clients(target)


@pytest.mark.parametrize("codec", CODECS)
def test_what_it_writes_every_client_reads(target, clients, codec):
    topic = target.topic()
    places = clients.produce(topic, WRITABLE, compression_type=None if codec == "none" else codec, linger_ms=50)
    assert places == [(0, i) for i in range(len(WRITABLE))]
    assert [r.content() for r in target.read(topic)] == [r.content() for r in WRITABLE]


@pytest.mark.parametrize("codec", CODECS)
def test_it_reads_what_other_clients_write(target, clients, codec):
    topic = target.topic()
    target.produce(topic, TRICKY, compression_type=codec, linger_ms=50)
    assert [r.content() for r in clients.read(topic, len(TRICKY))] == [r.content() for r in TRICKY]


def test_offsets_for_times_and_ends(target, clients):
    topic = target.topic(partitions=2)
    target.produce(topic, [Record(None, b"x", timestamp=RECENT + i * 10) for i in range(30)], compression_type="zstd",
                   linger_ms=50)
    one, two = TopicPartition(topic, 0), TopicPartition(topic, 1)
    with clients.consumer() as consumer:
        found = consumer.offsets_for_times({one: RECENT + 95, two: RECENT})
        assert (found[one].offset, found[one].timestamp, found[two]) == (10, RECENT + 100, None)
        assert consumer.beginning_offsets([one, two]) == {one: 0, two: 0}
        assert consumer.end_offsets([one, two]) == {one: 30, two: 0}


def test_seek_and_position(target, clients):
    topic = target.topic()
    target.produce(topic, [Record(None, b"%d" % i) for i in range(30)], linger_ms=50)
    partition = TopicPartition(topic, 0)
    with clients.consumer() as consumer:
        consumer.assign([partition])
        consumer.seek(partition, 17)
        first = eventually(lambda: poll(consumer), "records", pause=0)
        assert first[0].offset == 17
        assert consumer.position(partition) == first[-1].offset + 1
        consumer.seek_to_end(partition)
        assert consumer.position(partition) == 30


def test_committed_offset_resumes(target, clients):
    topic, group = target.topic(), target.name("group")
    target.produce(topic, [Record(None, b"%d" % i) for i in range(10)])
    partition = TopicPartition(topic, 0)
    with clients.consumer(group_id=group) as consumer:
        consumer.assign([partition])
        consumer.commit({partition: OffsetAndMetadata(6, "note", -1)})
    with clients.consumer(topic, group_id=group) as consumer:
        first = eventually(lambda: poll(consumer), "records", pause=0)
        assert first[0].offset == 6
        assert consumer.committed(partition, metadata=True).metadata == "note"


def test_too_large_message_is_refused(target, clients):
    topic = target.topic(max_message_bytes=2000)
    with clients.producer() as producer, pytest.raises(MessageSizeTooLargeError):
        producer.send(topic, b"x" * 5000).get(DEADLINE)


def test_message_of_900_kilobytes_comes_back(target, clients):
    topic = target.topic()
    value = bytes(i % 251 for i in range(900_000))
    clients.produce(topic, [Record(None, value)])
    assert clients.read(topic, 1)[0].value == value


def test_producing_to_an_unknown_topic_creates_it(target, clients):
    topic = target.name()
    target.adopt(topic)
    assert clients.produce(topic, [Record(None, b"x")]) == [(0, 0)]
    assert [r.value for r in target.read(topic)] == [b"x"]


def test_idempotent_producer_keeps_order(target, clients):
    topic = target.topic()
    clients.produce(topic, [Record(None, b"%d" % i) for i in range(2000)], enable_idempotence=True, batch_size=200)
    assert [r.value for r in target.read(topic)] == [b"%d" % i for i in range(2000)]


def test_transactions_commit_and_abort(target, clients):
    topic = target.topic()
    with clients.producer(transactional_id=target.name("txn")) as producer:
        producer.init_transactions()
        for value, end in ((b"no", producer.abort_transaction), (b"yes", producer.commit_transaction)):
            producer.begin_transaction()
            producer.send(topic, value, partition=0).get(DEADLINE)
            end()
    eventually(lambda: len(target.read(topic, isolation_level="read_committed")) == 1, "the commit")
    committed = clients.read(topic, 1, isolation_level="read_committed")
    assert [r.value for r in committed] == [b"yes"]
    assert [r.value for r in clients.read(topic, 2)] == [b"no", b"yes"]


def test_offsets_join_a_transaction(target, clients):
    topic, group = target.topic(), target.name("group")
    partition = TopicPartition(topic, 0)
    with clients.consumer(group_id=group) as consumer, clients.producer(transactional_id=target.name()) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send_offsets_to_transaction({partition: OffsetAndMetadata(7, "", -1)}, consumer.group_metadata())
        producer.commit_transaction()
        eventually(lambda: consumer.committed(partition) == 7, "offset of the transaction")


def test_unknown_topic_is_reported_by_admin(target, clients):
    with clients.admin() as admin, pytest.raises(UnknownTopicOrPartitionError):
        admin.delete_topics([target.name()])


@pytest.mark.volume
def test_volume_arrives_complete_and_in_order(target, clients):
    topic = target.topic(partitions=4)
    with clients.producer(linger_ms=20, batch_size=200_000) as producer:
        last = [producer.send(topic, numbered(i), b"%d" % (i % 97)) for i in range(VOLUME)]
        producer.flush(120)
        assert all(future.succeeded() for future in last)
    numbers = {p: [] for p in range(4)}
    large = {"fetch_max_bytes": 50 << 20, "max_partition_fetch_bytes": 10 << 20}
    for record in clients.read(topic, VOLUME, partitions=4, **large):
        numbers[record.partition].append(number_of(record.value))
    assert_complete_and_ordered(numbers, VOLUME)
