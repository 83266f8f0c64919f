"""Consumer groups through confluent-kafka: assignment, rebalance, static members, commits."""

import signal
import subprocess
import sys

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import NewPartitions

from support.members import Group
from support.records import Record
from support.wait import DEADLINE, eventually

ASSIGNORS = ("range", "roundrobin", "cooperative-sticky")


@pytest.fixture
def group(target, request):
    """Makes groups that are closed after the test."""
    made = []

    def make(topics, **config):
        made.append(Group(target, topics, **config))
        return made[-1]

    yield make
    for one in made:
        one.close()


def fill(target, topic, partitions, each):
    target.produce(topic, [Record(None, b"%d" % i, partition=p) for i in range(each) for p in range(partitions)])


@pytest.mark.parametrize("assignor", ASSIGNORS)
def test_members_share_partitions_as_they_come_and_go_and_no_record_is_lost(target, group, assignor):
    topic = target.topic(partitions=4)
    fill(target, topic, 4, 25)
    members = group(topic, partition_assignment_strategy=assignor, enable_auto_commit=True)
    first = members.join()
    members.balanced(4)
    members.join()
    members.balanced(2, 2)
    members.join()
    members.balanced(2, 1, 1)
    members.leave(first)
    members.balanced(2, 2)
    fill(target, topic, 4, 25)
    members.read_at_least(200)


def test_more_members_than_partitions_leaves_some_idle(target, group):
    topic = target.topic(partitions=2)
    members = group(topic)
    for _ in range(3):
        members.join()
    members.balanced(1, 1, 0)


def test_cooperative_members_keep_reading_what_they_keep(target, group):
    """An incremental rebalance takes only the partitions that move: nothing is read twice."""
    topic = target.topic(partitions=4)
    members = group(topic, partition_assignment_strategy="cooperative-sticky", enable_auto_commit=True)
    members.join()
    members.balanced(4)
    kept = {p.partition for p in members.members[0].assignment()}
    members.join()
    members.balanced(2, 2)
    assert {p.partition for p in members.members[0].assignment()} < kept
    fill(target, topic, 4, 10)
    members.read_at_least(40)
    assert set(members.read.values()) == {1}


def test_members_with_different_preferences_agree_on_a_common_assignor(target, group):
    topic = target.topic(partitions=4)
    members = group(topic)
    members.join(partition_assignment_strategy="range,roundrobin")
    members.join(partition_assignment_strategy="roundrobin,range")
    members.balanced(2, 2)


def test_member_without_a_common_assignor_is_refused(target, group):
    members = group(target.topic(partitions=2))
    members.join(partition_assignment_strategy="range")
    members.balanced(2)
    stranger = members.join(partition_assignment_strategy="roundrobin")
    members.members.remove(stranger)

    def refused():
        members.poll()
        message = stranger.poll(0.05)
        return message is not None and message.error() and message.error().code()

    assert eventually(refused, "an error") == KafkaError.INCONSISTENT_GROUP_PROTOCOL
    stranger.close()


def test_group_may_subscribe_to_several_topics_and_to_a_pattern(target, group):
    stem = target.name("pattern")
    names = [f"{stem}-{i}" for i in range(2)]
    for name in names:
        target.adopt(name)
        target.produce(name, [Record(None, b"x")])
    members = group([f"^{stem}-.*"], topic_metadata_refresh_interval_ms=500)
    members.join()
    members.read_at_least(2)
    target.adopt(f"{stem}-2")
    target.produce(f"{stem}-2", [Record(None, b"x")])
    members.read_at_least(3)


def test_added_partitions_are_assigned(target, group):
    topic = target.topic(partitions=1)
    members = group(topic, topic_metadata_refresh_interval_ms=500)
    members.join()
    members.balanced(1)
    target.admin.create_partitions([NewPartitions(topic, 3)])[topic].result(DEADLINE)
    members.balanced(3)


def test_static_member_that_returns_keeps_its_partitions_without_a_rebalance(target, group):
    topic = target.topic(partitions=4)
    members = group(topic)
    members.join(group_instance_id="one")
    two = members.join(group_instance_id="two")
    members.balanced(2, 2)
    before = {p.partition for p in two.assignment()}
    rebalances = members.rebalances[0]
    members.leave(two)
    two = members.join(group_instance_id="two")
    members.balanced(2, 2)
    assert {p.partition for p in two.assignment()} == before
    assert members.rebalances[0] == rebalances, "the other member was disturbed"


def test_second_static_member_with_the_same_id_fences_the_first(target, group):
    members = group(target.topic(partitions=2))
    first = members.join(group_instance_id="same")
    members.balanced(2)
    members.members.remove(first)
    members.join(group_instance_id="same")

    def fenced():
        members.poll()
        message = first.poll(0.05)
        return message is not None and message.error() and message.error().code()

    assert eventually(fenced, "the first is told") in (KafkaError.FENCED_INSTANCE_ID, KafkaError._FATAL)
    first.close()


MEMBER = """
import sys
from confluent_kafka import Consumer
bootstrap, group, topic = sys.argv[1:]
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "session.timeout.ms": 6000,
                     "heartbeat.interval.ms": 500, "auto.offset.reset": "earliest"})
consumer.subscribe([topic], on_assign=lambda _, partitions: print(len(partitions), flush=True))
while True:
    consumer.poll(0.1)
"""


def test_killed_member_loses_its_partitions_after_the_session_timeout(target, group):
    topic = target.topic(partitions=2)
    members = group(topic)
    with subprocess.Popen([sys.executable, "-c", MEMBER, target.bootstrap, members.id, topic],
                          stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout.readline().strip() == "2"
        members.join()
        members.balanced(1)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    members.balanced(2)


def test_committed_offsets_and_metadata_are_read_back_and_used(target):
    topic = target.topic(partitions=2)
    fill(target, topic, 2, 10)
    group = target.name("group")
    consumer = target.consumer(group_id=group)
    consumer.commit(offsets=[TopicPartition(topic, 0, 4, "a note")], asynchronous=False)
    consumer.close()

    consumer = target.consumer(group_id=group, enable_partition_eof=False)
    found = consumer.committed([TopicPartition(topic, 0), TopicPartition(topic, 1)], timeout=DEADLINE)
    assert [(p.offset, p.metadata) for p in found] == [(4, "a note"), (-1001, None)]
    consumer.subscribe([topic])
    first = {}
    eventually(lambda: (m := consumer.poll(0.1)) and first.setdefault(m.partition(), m.offset()) is not None
               and len(first) == 2, "a record of both partitions", pause=0)
    assert first == {0: 4, 1: 0}
    consumer.close()


def test_many_commits_leave_the_last_one(target):
    topic = target.topic()
    group = target.name("group")
    consumer = target.consumer(group_id=group)
    for offset in range(1, 2001):
        consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=True)
    consumer.commit(offsets=[TopicPartition(topic, 0, 2001)], asynchronous=False)
    assert consumer.committed([TopicPartition(topic, 0)], timeout=DEADLINE)[0].offset == 2001
    consumer.close()


def test_commit_from_outside_a_running_group_is_refused(target, group):
    topic = target.topic()
    members = group(topic)
    members.join()
    members.balanced(1)
    outsider = target.consumer(group_id=members.id)
    with pytest.raises(KafkaException) as caught:
        outsider.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=False)
    assert caught.value.args[0].code() == KafkaError.UNKNOWN_MEMBER_ID
    outsider.close()


def test_next_generation_protocol_works_or_is_refused_plainly(target):
    """KIP-848 (`group.protocol=consumer`): reads everything, or says that it is not supported; it never hangs."""
    topic = target.topic(partitions=2)
    fill(target, topic, 2, 5)
    consumer = Consumer({"bootstrap.servers": target.bootstrap, "group.id": target.name("group"), "log_level": 0,
                         "group.protocol": "consumer", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    seen = []

    def finished():
        message = consumer.poll(0.1)
        if message is not None:
            seen.append(message)
        return message is not None and (message.error() or len(seen) == 10)

    eventually(finished, "ten records or an error", pause=0)
    errors = [m.error().code() for m in seen if m.error()]
    assert errors in ([], [KafkaError.UNSUPPORTED_VERSION], [KafkaError._UNSUPPORTED_FEATURE], [KafkaError._FATAL])
    consumer.close()
