"""kafka-python: its assignors, static members, group administration."""

import pytest
from kafka import TopicPartition
from kafka.admin import MemberToRemove
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.errors import NoError, NonEmptyGroupError
from kafka.structs import OffsetAndMetadata

from support.kpy import Clients, poll
from support.members import Group
from support.records import Record
from support.wait import eventually

ASSIGNORS = [RangePartitionAssignor, RoundRobinPartitionAssignor, StickyPartitionAssignor,
             CooperativeStickyAssignor]
_TIMES = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 300, "metadata_max_age_ms": 1000}


@pytest.fixture
def clients(target):
    return Clients(target)


class Members:
    """Consumers of one group, polled in turn."""

    def __init__(self, clients, topic, **config):
        self.clients, self.topic = clients, topic
        self.config = {"group_id": clients.target.name("group"), **_TIMES, **config}
        self.all, self.read = [], set()

    def join(self, **config):
        self.all.append(self.clients.open_consumer(self.topic, **{**self.config, **config}))
        return self.all[-1]

    def poll(self):
        for member in self.all:
            self.read.update((r.partition, r.offset) for r in poll(member, 30))

    def balanced(self, *shares):
        def right():
            self.poll()
            held = [p for member in self.all for p in member.assignment()]
            return (sorted(len(m.assignment()) for m in self.all) == sorted(shares) and len(held) == len(set(held)))

        eventually(right, f"members share partitions as {shares}", deadline=60, pause=0)

    def close(self):
        for member in self.all:
            member.close()


@pytest.fixture
def members(clients):
    made = []

    def make(topic, **config):
        made.append(Members(clients, topic, **config))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("assignor", ASSIGNORS, ids=lambda a: a.name)
def test_members_share_partitions_as_they_come_and_go_and_no_record_is_lost(target, members, assignor):
    topic = target.topic(partitions=4)
    target.produce(topic, [Record(None, b"%d" % i, partition=i % 4) for i in range(40)])
    group = members(topic, partition_assignment_strategy=[assignor], enable_auto_commit=True)
    first = group.join()
    group.balanced(4)
    group.join()
    group.balanced(2, 2)
    group.all.remove(first)
    first.close()
    group.balanced(4)
    target.produce(topic, [Record(None, b"%d" % i, partition=i % 4) for i in range(40)])
    eventually(lambda: group.poll() or len(group.read) == 80, "all 80 records", pause=0)


def test_group_of_different_clients_shares_partitions(target, clients):
    """One member is kafka-python, the other librdkafka: both name the same assignor."""
    topic = target.topic(partitions=4)
    librdkafka = Group(target, topic, partition_assignment_strategy="range")
    librdkafka.join()
    with clients.consumer(topic, group_id=librdkafka.id, partition_assignment_strategy=[RangePartitionAssignor],
                          **_TIMES) as member:
        def shared():
            poll(member, 30)
            librdkafka.poll()
            return len(member.assignment()) == 2 and librdkafka.shares() == [2]

        eventually(shared, "two partitions each", deadline=60, pause=0)
    librdkafka.balanced(4)
    librdkafka.close()


def test_static_member_returns_to_its_partitions(target, members):
    group = members(target.topic(partitions=4))
    group.join(group_instance_id="one")
    two = group.join(group_instance_id="two")
    group.balanced(2, 2)
    before = two.assignment()
    group.all.remove(two)
    two.close()
    two = group.join(group_instance_id="two")
    group.balanced(2, 2)
    assert two.assignment() == before


def test_static_member_is_removed_by_an_administrator(target, clients, members):
    group = members(target.topic(partitions=2))
    group.join(group_instance_id="one")
    two = group.join(group_instance_id="two")
    group.balanced(1, 1)
    group.all.remove(two)
    two.close()
    with clients.admin() as admin:
        removed = admin.remove_group_members(group.config["group_id"], [MemberToRemove(group_instance_id="two")])
        assert list(removed.values()) == [NoError]
    group.balanced(2)


def test_group_offsets_are_listed_altered_reset_and_deleted(target, clients):
    topic, group = target.topic(partitions=2), target.name("group")
    target.produce(topic, [Record(None, b"x")] * 5)
    one, two = TopicPartition(topic, 0), TopicPartition(topic, 1)
    with clients.admin() as admin:
        offsets = {one: OffsetAndMetadata(3, "note", -1), two: OffsetAndMetadata(0, "", -1)}
        assert set(admin.alter_group_offsets(group, offsets).values()) == {NoError}
        listed = admin.list_group_offsets(group)[group]
        assert {p: (o.offset, o.metadata) for p, o in listed.items()} == {one: (3, "note"), two: (0, "")}
        admin.reset_group_offsets(group, {one: 1})
        assert admin.list_group_offsets({group: [one]})[group][one].offset == 1
        assert admin.delete_group_offsets(group, [two]) == {two: NoError}
        assert set(admin.list_group_offsets(group)[group]) == {one}
        assert group in {g["group_id"] for g in admin.list_groups()}
        admin.delete_groups([group])
        assert group not in {g["group_id"] for g in admin.list_groups()}


def test_running_group_is_described_and_cannot_be_deleted(target, clients, members):
    group = members(target.topic(partitions=2), client_id="the-client")
    group.join()
    group.balanced(2)
    name = group.config["group_id"]
    with clients.admin() as admin:
        found = admin.describe_groups([name])[name]
        assert found["group_state"] == "Stable"
        assert [m["client_id"] for m in found["members"]] == ["the-client"]
        answer = str(admin.delete_groups([name]))
        assert NonEmptyGroupError.__name__ in answer, answer
