"""Old and new protocol generations: kafka-python clamped to what brokers from 0.11 to 4.3 spoke.

A client that was written for an old broker uses the old versions of every request.
"""

import pytest
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.protocol.broker_version_data import BROKER_API_VERSIONS

from support.kpy import Clients, poll
from support.records import RECENT, Record
from support.wait import eventually

GENERATIONS = [version for version in sorted(BROKER_API_VERSIONS) if version >= (0, 11)]
ADMIN_GENERATIONS = [version for version in GENERATIONS if version >= (1, 1)]  # Kafka 4 refuses older admin requests


def name_of(version):
    return ".".join(map(str, version))


@pytest.mark.parametrize("version", GENERATIONS, ids=name_of)
def test_client_of_this_generation_produces_consumes_and_commits(target, version):
    clients = Clients(target, api_version=version)
    topic, group = target.topic(partitions=2), target.name("group")
    records = [Record(b"k", b"%d" % i, (("h", b"v"),), RECENT + i, partition=i % 2) for i in range(20)]
    clients.produce(topic, records, compression_type="gzip", linger_ms=20)
    found = []
    with clients.consumer(topic, group_id=group) as consumer:
        eventually(lambda: found.extend(poll(consumer)) or len(found) == 20, "20 records", pause=0)
        consumer.commit()
    assert sorted(r.content() for r in found) == sorted(r.content() for r in records)
    with clients.consumer(group_id=group) as consumer:
        one = TopicPartition(topic, 1)
        assert consumer.committed(one) == 10
        assert consumer.offsets_for_times({one: RECENT + 8})[one].offset == 4
        assert consumer.end_offsets([one]) == {one: 10}


@pytest.mark.parametrize("version", ADMIN_GENERATIONS, ids=name_of)
def test_admin_of_this_generation_creates_alters_and_deletes(target, version):
    topic = target.name()
    with Clients(target, api_version=version).admin() as admin:
        admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"retention.ms": "5000"})])
        target.adopt(topic)
        eventually(lambda: target.partitions(topic) == [0], "topic is there")
        admin.create_partitions({topic: NewPartitions(3)})
        eventually(lambda: target.partitions(topic) == [0, 1, 2], "partitions are there")
        assert topic in admin.list_topics()
        described, = admin.describe_topics([topic])
        assert len(described["partitions"]) == 3
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs={"retention.ms": "6000"})])

        def retention():
            return str(admin.describe_configs([resource])).count("6000")

        eventually(retention, "config is altered")
        admin.list_groups()
        admin.delete_topics([topic])
        eventually(lambda: target.partitions(topic) == [], "topic is gone")
