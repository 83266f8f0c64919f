"""Administration of consumer groups through confluent-kafka's AdminClient."""

import pytest
from confluent_kafka import (
    ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition,
)

from support.members import Group
from support.wait import DEADLINE, eventually


@pytest.fixture
def running(target):
    """A group with one member that owns both partitions of a topic."""
    topic = target.topic(partitions=2)
    group = Group(target, topic, client_id="the-client")
    group.join()
    group.balanced(2)
    yield group
    group.close()


@pytest.fixture
def committed(target):
    """An empty group that has committed offset 3 in each of two partitions: (group id, topic)."""
    topic, group = target.topic(partitions=2), target.name("group")
    consumer = target.consumer(group_id=group)
    consumer.commit(offsets=[TopicPartition(topic, p, 3) for p in (0, 1)], asynchronous=False)
    consumer.close()
    return group, topic


def describe(target, group):
    return target.admin.describe_consumer_groups([group])[group].result(DEADLINE)


def offsets(target, group, partitions=None):
    asked = ConsumerGroupTopicPartitions(group, partitions)
    answer = target.admin.list_consumer_group_offsets([asked])[group].result(DEADLINE)
    return {(p.topic, p.partition): p.offset for p in answer.topic_partitions}


def code_of(future):
    with pytest.raises(KafkaException) as caught:
        future.result(DEADLINE)
    return caught.value.args[0].code()


def test_running_group_is_listed_as_stable(target, running):
    listed = target.admin.list_consumer_groups(states={ConsumerGroupState.STABLE}).result(DEADLINE).valid
    found = {g.group_id: g for g in listed}
    assert found[running.id].state == ConsumerGroupState.STABLE and not found[running.id].is_simple_consumer_group


def test_state_filter_leaves_other_groups_out(target, running, committed):
    listed = target.admin.list_consumer_groups(states={ConsumerGroupState.EMPTY}).result(DEADLINE).valid
    names = {g.group_id for g in listed}
    assert committed[0] in names and running.id not in names


def test_description_shows_members_and_their_partitions(target, running):
    found = describe(target, running.id)
    assert found.state == ConsumerGroupState.STABLE and found.partition_assignor == "range"
    member, = found.members
    assert member.client_id == "the-client" and member.host and member.member_id
    assert {(p.topic, p.partition) for p in member.assignment.topic_partitions} == {
        (running.topics[0], 0), (running.topics[0], 1)}
    assert found.coordinator.port == int(target.bootstrap.rsplit(":", 1)[1])


def test_group_becomes_empty_when_its_members_leave(target, running):
    consumer = running.members[0]
    consumer.commit(offsets=[TopicPartition(running.topics[0], 0, 0)], asynchronous=False)
    running.close()
    eventually(lambda: describe(target, running.id).state == ConsumerGroupState.EMPTY, "group is empty")
    assert describe(target, running.id).members == []


def test_unknown_group_is_described_as_dead_or_not_found(target):
    future = target.admin.describe_consumer_groups([name := target.name()])[name]
    error = future.exception(DEADLINE)
    if error is None:
        assert future.result().state == ConsumerGroupState.DEAD
    else:
        assert error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND


def test_committed_offsets_are_listed_all_or_as_asked(target, committed):
    group, topic = committed
    assert offsets(target, group) == {(topic, 0): 3, (topic, 1): 3}
    assert offsets(target, group, [TopicPartition(topic, 1)]) == {(topic, 1): 3}


def test_offsets_of_an_empty_group_are_altered(target, committed):
    group, topic = committed
    altered = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 1, 42)])
    target.admin.alter_consumer_group_offsets([altered])[group].result(DEADLINE)
    assert offsets(target, group) == {(topic, 0): 3, (topic, 1): 42}


def test_offsets_of_a_running_group_cannot_be_altered(target, running):
    altered = ConsumerGroupTopicPartitions(running.id, [TopicPartition(running.topics[0], 1, 42)])
    answer = target.admin.alter_consumer_group_offsets([altered])[running.id].result(DEADLINE)
    assert answer.topic_partitions[0].error.code() == KafkaError.UNKNOWN_MEMBER_ID
    assert offsets(target, running.id) == {}


def test_running_group_cannot_be_deleted(target, running):
    code = code_of(target.admin.delete_consumer_groups([running.id])[running.id])
    assert code == KafkaError.NON_EMPTY_GROUP


def test_deleted_group_forgets_its_offsets(target, committed):
    group, topic = committed
    target.admin.delete_consumer_groups([group])[group].result(DEADLINE)
    listed = target.admin.list_consumer_groups().result(DEADLINE).valid
    assert group not in {g.group_id for g in listed}
    consumer = target.consumer(group_id=group)
    assert consumer.committed([TopicPartition(topic, 0)], timeout=DEADLINE)[0].offset == -1001
    consumer.close()


def test_unknown_group_cannot_be_deleted(target):
    name = target.name()
    assert code_of(target.admin.delete_consumer_groups([name])[name]) == KafkaError.GROUP_ID_NOT_FOUND


def test_deleting_a_topic_forgets_its_committed_offsets(target, committed):
    group, topic = committed
    target.admin.delete_topics([topic])[topic].result(DEADLINE)
    eventually(lambda: not any(t == topic and o >= 0 for (t, _), o in offsets(target, group).items()),
               "offsets of the deleted topic are gone")
