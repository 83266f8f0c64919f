"""Topic administration through confluent-kafka (librdkafka's AdminClient)."""

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AlterConfigOpType, ConfigEntry, ConfigResource, ConfigSource, NewPartitions, NewTopic, ResourceType,
)

from support.records import Record
from support.wait import DEADLINE, eventually


def refused(futures, name):
    """The error code that an admin call was answered with; fails the test when it succeeded."""
    with pytest.raises(KafkaException) as caught:
        futures[name].result(DEADLINE)
    return caught.value.args[0].code()


def create(target, name, partitions=1, replicas=1, validate_only=False, **config):
    config = {key.replace("_", "."): value for key, value in config.items()}
    new = NewTopic(name, num_partitions=partitions, replication_factor=replicas, config=config)
    return target.admin.create_topics([new], validate_only=validate_only)


def describe(target, topic):
    resource = ConfigResource(ResourceType.TOPIC, topic)
    return target.admin.describe_configs([resource])[resource].result(DEADLINE)


def alter(target, topic, name, value, operation=AlterConfigOpType.SET):
    entry = ConfigEntry(name, value, incremental_operation=operation)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    return target.admin.incremental_alter_configs([resource]), resource


def test_created_topic_is_listed_with_its_partitions_and_leaders(target):
    topic = target.topic(partitions=3)
    listed = target.admin.list_topics(topic, timeout=DEADLINE)
    found = listed.topics[topic].partitions
    assert sorted(found) == [0, 1, 2]
    assert all(p.leader in listed.brokers and p.isrs == p.replicas == [p.leader] for p in found.values())


def test_cluster_description_names_this_broker_as_controller(target):
    cluster = target.admin.describe_cluster().result(DEADLINE)
    addresses = {f"{node.host}:{node.port}" for node in cluster.nodes}
    assert cluster.cluster_id and cluster.controller.id in {node.id for node in cluster.nodes}
    assert target.bootstrap.rsplit(":", 1)[1] in {address.rsplit(":", 1)[1] for address in addresses}


def test_creating_a_topic_twice_is_refused(target):
    assert refused(create(target, target.topic()), target._topics[0]) == KafkaError.TOPIC_ALREADY_EXISTS


@pytest.mark.parametrize("name", ["with space", "sl/ash", ".", "..", "a" * 250, "uml\u00e4ut", "colon:"])
def test_illegal_topic_name_is_refused(target, name):
    assert refused(create(target, name), name) == KafkaError.TOPIC_EXCEPTION


def test_longest_legal_topic_name_works(target):
    name = target.name()
    name += "x" * (249 - len(name))
    create(target, name)[name].result(DEADLINE)
    target.adopt(name)
    target.produce(name, [Record(None, b"x")])
    assert len(target.read(name)) == 1


def test_zero_partitions_are_refused(target):
    name = target.name()
    assert refused(create(target, name, partitions=0), name) == KafkaError.INVALID_PARTITIONS


def test_more_replicas_than_brokers_are_refused(target):
    name = target.name()
    assert refused(create(target, name, replicas=3), name) == KafkaError.INVALID_REPLICATION_FACTOR


def test_validate_only_answers_like_creation_and_creates_nothing(target):
    name, existing = target.name(), target.topic()
    create(target, name, validate_only=True)[name].result(DEADLINE)
    assert target.partitions(name) == []
    assert refused(create(target, existing, validate_only=True), existing) == KafkaError.TOPIC_ALREADY_EXISTS
    bad = create(target, name, validate_only=True, retention_ms="soon")
    assert refused(bad, name) == KafkaError.INVALID_CONFIG


@pytest.mark.parametrize("config, value", [
    ("retention.ms", "soon"), ("cleanup.policy", "shred"), ("no.such.config", "1"), ("max.message.bytes", "-5"),
    ("compression.type", "rar"), ("segment.ms", "0"), ("message.timestamp.type", "Never"),
])
def test_bad_topic_config_is_refused_and_the_topic_not_created(target, config, value):
    name = target.name()
    assert refused(create(target, name, **{config: value}), name) == KafkaError.INVALID_CONFIG
    assert target.partitions(name) == []


def test_config_given_at_creation_is_described_and_others_are_defaults(target):
    found = describe(target, target.topic(retention_ms=123456, cleanup_policy="compact"))
    assert found["retention.ms"].value == "123456"
    assert found["cleanup.policy"].value == "compact"
    assert found["retention.ms"].source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value
    assert not found["retention.ms"].is_default
    assert found["segment.bytes"].is_default and int(found["segment.bytes"].value) > 0
    assert found["max.message.bytes"].value == "1048588"


def test_config_is_altered_one_entry_at_a_time(target):
    topic = target.topic(retention_ms=123456)
    futures, resource = alter(target, topic, "max.message.bytes", "2000")
    futures[resource].result(DEADLINE)
    eventually(lambda: describe(target, topic)["max.message.bytes"].value == "2000", "config altered")
    assert describe(target, topic)["retention.ms"].value == "123456"


def test_deleted_config_entry_falls_back_to_what_new_topics_have(target):
    usual = describe(target, target.topic(what="untouched"))["retention.ms"]
    topic = target.topic(retention_ms=123456)
    futures, resource = alter(target, topic, "retention.ms", None, AlterConfigOpType.DELETE)
    futures[resource].result(DEADLINE)

    def current():
        found = describe(target, topic)["retention.ms"]
        return found.value, found.source

    eventually(lambda: current() == (usual.value, usual.source), "config as in an untouched topic")
    assert usual.source != ConfigSource.DYNAMIC_TOPIC_CONFIG.value


def test_list_config_is_appended_to_and_subtracted_from(target):
    topic = target.topic(cleanup_policy="delete")
    for operation, expected in ((AlterConfigOpType.APPEND, {"delete", "compact"}),
                                (AlterConfigOpType.SUBTRACT, {"delete"})):
        futures, resource = alter(target, topic, "cleanup.policy", "compact", operation)
        futures[resource].result(DEADLINE)
        eventually(lambda: set(describe(target, topic)["cleanup.policy"].value.split(",")) == expected,
                   f"cleanup.policy is {expected}")


@pytest.mark.parametrize("config, value", [("retention.ms", "soon"), ("no.such.config", "1")])
def test_bad_alteration_is_refused_and_the_old_value_stays(target, config, value):
    topic = target.topic(retention_ms=123456)
    futures, resource = alter(target, topic, config, value)
    assert refused(futures, resource) == KafkaError.INVALID_CONFIG
    assert describe(target, topic)["retention.ms"].value == "123456"


def test_describing_or_altering_an_unknown_topic_is_refused(target):
    name = target.name()
    resource = ConfigResource(ResourceType.TOPIC, name)
    described = target.admin.describe_configs([resource])
    assert refused(described, resource) == KafkaError.UNKNOWN_TOPIC_OR_PART
    futures, resource = alter(target, name, "retention.ms", "1")
    assert refused(futures, resource) == KafkaError.UNKNOWN_TOPIC_OR_PART


def test_broker_config_is_described(target):
    node = str(target.admin.describe_cluster().result(DEADLINE).controller.id)
    resource = ConfigResource(ResourceType.BROKER, node)
    found = target.admin.describe_configs([resource])[resource].result(DEADLINE)
    assert int(found["num.partitions"].value) >= 1


def test_partitions_are_added_and_records_stay(target):
    topic = target.topic(partitions=1)
    target.produce(topic, [Record(None, b"before")])
    target.admin.create_partitions([NewPartitions(topic, 4)])[topic].result(DEADLINE)
    eventually(lambda: target.partitions(topic) == [0, 1, 2, 3], "four partitions")
    target.produce(topic, [Record(None, b"after", partition=3)])
    assert [(r.partition, r.value) for r in target.read(topic)] == [(0, b"before"), (3, b"after")]


@pytest.mark.parametrize("count", [1, 2])
def test_partitions_cannot_shrink_or_stay(target, count):
    topic = target.topic(partitions=2)
    answer = target.admin.create_partitions([NewPartitions(topic, count)])
    assert refused(answer, topic) == KafkaError.INVALID_PARTITIONS


def test_partitions_of_an_unknown_topic_are_refused(target):
    name = target.name()
    answer = target.admin.create_partitions([NewPartitions(name, 2)])
    assert refused(answer, name) == KafkaError.UNKNOWN_TOPIC_OR_PART


def test_deleted_topic_is_gone_and_comes_back_empty(target):
    topic = target.topic(partitions=2)
    target.produce(topic, [Record(None, b"old", partition=1)])
    target.admin.delete_topics([topic])[topic].result(DEADLINE)
    eventually(lambda: target.partitions(topic) == [], "topic is gone")
    assert refused(target.admin.delete_topics([topic]), topic) == KafkaError.UNKNOWN_TOPIC_OR_PART
    create(target, topic, partitions=2)[topic].result(DEADLINE)
    eventually(lambda: target.partitions(topic) == [0, 1], "topic is back")
    assert target.read(topic) == []
    assert target.produce(topic, [Record(None, b"new", partition=1)]) == [(1, 0)]


def test_topic_id_changes_when_a_topic_is_made_again(target):
    from confluent_kafka import TopicCollection

    def topic_id():
        return str(target.admin.describe_topics(TopicCollection([topic]))[topic].result(DEADLINE).topic_id)

    topic = target.topic()
    first = topic_id()
    target.admin.delete_topics([topic])[topic].result(DEADLINE)
    eventually(lambda: target.partitions(topic) == [], "topic is gone")
    create(target, topic)[topic].result(DEADLINE)
    eventually(lambda: target.partitions(topic) == [0], "topic is back")
    assert topic_id() != first
