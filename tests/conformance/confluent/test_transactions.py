"""Transactions through confluent-kafka: visibility, fencing, offsets, time-outs."""

import subprocess
import sys

import pytest
from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from support.records import Record
from support.wait import DEADLINE, eventually


@pytest.fixture
def transactional(target):
    """Makes initialised transactional producers."""

    def make(transactional_id=None, **config):
        producer = target.producer(transactional_id=transactional_id or target.name("txn"), **config)
        producer.init_transactions(DEADLINE)
        return producer

    return make


def send(producer, topic, *values, partition=0):
    for value in values:
        producer.produce(topic, value, partition=partition)
    assert producer.flush(DEADLINE) == 0


def values(target, topic, isolation, **config):
    return [r.value for r in target.read(topic, isolation_level=isolation, **config)]


def committed_become(target, topic, expected, **config):
    """A commit is answered when it is decided; its markers, which show the records, may be written a moment later."""

    def right():
        return values(target, topic, "read_committed", **config) == expected

    eventually(right, f"read_committed shows {expected[:5]} ...")


def all_values(target, topic):
    return values(target, topic, "read_uncommitted")


def committed_offset(target, group, topic):
    consumer = target.consumer(group_id=group)
    found = consumer.committed([TopicPartition(topic, 0)], timeout=DEADLINE)[0].offset
    consumer.close()
    return found


def test_committed_transaction_is_visible_to_everyone(target, transactional):
    topic = target.topic(partitions=3)
    producer = transactional()
    producer.begin_transaction()
    for partition in range(3):
        send(producer, topic, b"a", b"b", partition=partition)
    producer.commit_transaction(DEADLINE)
    committed_become(target, topic, [b"a", b"b"] * 3)
    assert all_values(target, topic) == [b"a", b"b"] * 3


def test_aborted_transaction_is_visible_only_to_read_uncommitted(target, transactional):
    topic = target.topic(partitions=2)
    producer = transactional()
    producer.begin_transaction()
    send(producer, topic, b"no", partition=0)
    send(producer, topic, b"no", partition=1)
    producer.abort_transaction(DEADLINE)
    producer.begin_transaction()
    send(producer, topic, b"yes", partition=1)
    producer.commit_transaction(DEADLINE)
    committed_become(target, topic, [b"yes"])
    assert all_values(target, topic) == [b"no", b"no", b"yes"]


def test_open_transaction_holds_back_later_records_until_it_ends(target, transactional):
    topic = target.topic()
    producer = transactional()
    target.produce(topic, [Record(None, b"before")])
    producer.begin_transaction()
    send(producer, topic, b"open")
    target.produce(topic, [Record(None, b"after")])
    assert values(target, topic, "read_committed") == [b"before"]
    assert all_values(target, topic) == [b"before", b"open", b"after"]
    producer.commit_transaction(DEADLINE)
    committed_become(target, topic, [b"before", b"open", b"after"])


def test_last_stable_offset_is_where_the_first_open_transaction_began(target, transactional):
    topic = target.topic()
    partition = TopicPartition(topic, 0)

    def end(isolation):
        asked = target.admin.list_offsets({partition: OffsetSpec.latest()}, isolation_level=isolation)
        return asked[partition].result(DEADLINE).offset

    target.produce(topic, [Record(None, b"x")] * 3)
    producer = transactional()
    producer.begin_transaction()
    send(producer, topic, b"open", b"open")
    assert end(IsolationLevel.READ_COMMITTED) == 3
    assert end(IsolationLevel.READ_UNCOMMITTED) == 5
    producer.abort_transaction(DEADLINE)
    eventually(lambda: end(IsolationLevel.READ_COMMITTED) == 6, "the marker moves the last stable offset")
    assert end(IsolationLevel.READ_UNCOMMITTED) == 6


def test_interleaved_transactions_are_told_apart(target, transactional):
    topic = target.topic()
    one, two = transactional(), transactional()
    for producer in (one, two):
        producer.begin_transaction()
    for i in range(10):
        send(one, topic, b"one %d" % i)
        send(two, topic, b"two %d" % i)
    one.abort_transaction(DEADLINE)
    two.commit_transaction(DEADLINE)
    committed_become(target, topic, [b"two %d" % i for i in range(10)])


def test_many_small_transactions_keep_order_and_hide_every_aborted_one(target, transactional):
    topic = target.topic(partitions=2)
    producer = transactional()
    for i in range(60):
        producer.begin_transaction()
        for partition in (0, 1):
            producer.produce(topic, b"%d" % i, partition=partition)
        if i % 3 == 0:
            producer.flush(DEADLINE)
            producer.abort_transaction(DEADLINE)
        else:
            producer.commit_transaction(DEADLINE)
    expected = [b"%d" % i for i in range(60) if i % 3]
    committed_become(target, topic, expected * 2)
    small = {"fetch.message.max.bytes": 200, "fetch.max.bytes": 1000, "message.max.bytes": 1000}
    assert values(target, topic, "read_committed", **small) == expected * 2


def test_empty_transactions_commit_and_abort(transactional):
    producer = transactional()
    producer.begin_transaction()
    producer.commit_transaction(DEADLINE)
    producer.begin_transaction()
    producer.abort_transaction(DEADLINE)


def test_new_producer_fences_the_old_one_and_aborts_its_transaction(target, transactional):
    topic, name = target.topic(), target.name("txn")
    old = transactional(name)
    old.begin_transaction()
    send(old, topic, b"old")
    new = transactional(name)
    with pytest.raises(KafkaException) as caught:
        old.commit_transaction(DEADLINE)
    assert caught.value.args[0].fatal()
    assert caught.value.args[0].code() in (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError._FATAL)
    new.begin_transaction()
    send(new, topic, b"new")
    new.commit_transaction(DEADLINE)
    committed_become(target, topic, [b"new"])


def test_fenced_producer_cannot_write(target, transactional):
    topic, name = target.topic(), target.name("txn")
    old = transactional(name)
    transactional(name)
    old.begin_transaction()
    old.produce(topic, b"zombie")
    with pytest.raises(KafkaException) as caught:
        old.commit_transaction(DEADLINE)
    assert caught.value.args[0].fatal()
    assert all_values(target, topic) == []


def test_offsets_are_committed_with_the_transaction(target, transactional):
    source, sink, group = target.topic(what="in"), target.topic(what="out"), target.name("group")
    target.produce(source, [Record(None, b"%d" % i) for i in range(10)])
    consumer = target.consumer(group_id=group, enable_partition_eof=False)
    consumer.subscribe([source])
    batch = []
    eventually(lambda: batch.extend(consumer.consume(10, 0.2)) or len(batch) == 10, "ten records", pause=0)
    producer = transactional()
    producer.begin_transaction()
    send(producer, sink, *(m.value() for m in batch))
    producer.send_offsets_to_transaction(
        consumer.position(consumer.assignment()), consumer.consumer_group_metadata(), DEADLINE)
    producer.commit_transaction(DEADLINE)
    consumer.close()
    eventually(lambda: committed_offset(target, group, source) == 10, "offsets of the transaction")
    committed_become(target, sink, [b"%d" % i for i in range(10)])


def test_offsets_of_an_aborted_transaction_are_forgotten(target, transactional):
    source, group = target.topic(), target.name("group")
    consumer = target.consumer(group_id=group)
    consumer.commit(offsets=[TopicPartition(source, 0, 1)], asynchronous=False)
    producer = transactional()
    producer.begin_transaction()
    producer.send_offsets_to_transaction([TopicPartition(source, 0, 9)], consumer.consumer_group_metadata(), DEADLINE)
    producer.abort_transaction(DEADLINE)
    consumer.close()
    assert committed_offset(target, group, source) == 1


def test_pending_offsets_are_not_shown_before_the_transaction_ends(target, transactional):
    """OffsetFetch with require_stable answers UNSTABLE_OFFSET_COMMIT, so the client asks again until the end."""
    source, group = target.topic(), target.name("group")
    consumer = target.consumer(group_id=group, isolation_level="read_committed")
    producer = transactional()
    producer.begin_transaction()
    producer.send_offsets_to_transaction([TopicPartition(source, 0, 9)], consumer.consumer_group_metadata(), DEADLINE)
    with pytest.raises(KafkaException) as caught:
        consumer.committed([TopicPartition(source, 0)], timeout=2)
    assert caught.value.args[0].code() in (KafkaError._TIMED_OUT, KafkaError.UNSTABLE_OFFSET_COMMIT)
    producer.commit_transaction(DEADLINE)
    assert consumer.committed([TopicPartition(source, 0)], timeout=DEADLINE)[0].offset == 9
    consumer.close()


def test_offsets_from_a_member_of_an_old_generation_are_refused(target, transactional):
    topic, group = target.topic(), target.name("group")
    first = target.consumer(group_id=group, enable_partition_eof=False)
    first.subscribe([topic])
    eventually(lambda: first.poll(0.1) or first.assignment(), "assignment")
    stale = first.consumer_group_metadata()
    first.close()
    producer = transactional()
    producer.begin_transaction()
    with pytest.raises(KafkaException) as caught:
        producer.send_offsets_to_transaction([TopicPartition(topic, 0, 1)], stale, DEADLINE)
    assert caught.value.args[0].txn_requires_abort()
    producer.abort_transaction(DEADLINE)
    assert committed_offset(target, group, topic) == -1001


ABANDON = """
import os, sys
from confluent_kafka import Producer
bootstrap, topic, name = sys.argv[1:]
producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": name, "transaction.timeout.ms": 3000})
producer.init_transactions(30)
producer.begin_transaction()
producer.produce(topic, b"abandoned")
producer.flush(30)
os.kill(os.getpid(), 9)
"""


def abandon(target, topic, name):
    """A producer that dies in the middle of a transaction whose time-out is 3 s."""
    subprocess.run([sys.executable, "-c", ABANDON, target.bootstrap, topic, name], timeout=60)


def test_transaction_of_a_dead_producer_is_aborted_at_its_timeout(target):
    topic = target.topic()
    abandon(target, topic, target.name("txn"))
    target.produce(topic, [Record(None, b"after")])
    assert all_values(target, topic) == [b"abandoned", b"after"]
    committed_become(target, topic, [b"after"])


def test_successor_of_a_dead_producer_aborts_its_transaction_at_once(target, transactional):
    topic, name = target.topic(), target.name("txn")
    abandon(target, topic, name)
    producer = transactional(name)
    producer.begin_transaction()
    send(producer, topic, b"successor")
    producer.commit_transaction(DEADLINE)
    committed_become(target, topic, [b"successor"])


def test_timeout_above_the_broker_limit_is_refused(target):
    producer = target.producer(transactional_id=target.name(), transaction_timeout_ms=2_000_000_000)
    with pytest.raises(KafkaException) as caught:
        producer.init_transactions(DEADLINE)
    assert caught.value.args[0].code() == KafkaError.INVALID_TRANSACTION_TIMEOUT
