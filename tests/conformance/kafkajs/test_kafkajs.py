"""kafkajs: a client written from the protocol's description alone, with versions of its own choice."""

import pytest
from confluent_kafka import TopicPartition

from support.js import action, plain, record
from support.records import RECENT, TRICKY, VOLUME, Record, assert_complete_and_ordered
from support.wait import DEADLINE, eventually

CODECS = ("none", "gzip", "snappy")  # its other codecs need native modules

# kafkajs keeps headers in an object, so the position of a repeated name is lost; null header values it cannot write.
FAITHFUL = [r for r in TRICKY if len({name for name, _ in r.headers}) == len(r.headers) and r.key != b"nothing"]


def admin(target, method, argument=None, **options):
    return action(target, "admin", calls=[[method, argument]], **options)


def committed(target, group, topic):
    consumer = target.consumer(group_id=group)
    offset = consumer.committed([TopicPartition(topic, 0)], timeout=DEADLINE)[0].offset
    consumer.close()
    return offset


@pytest.mark.parametrize("codec", CODECS)
def test_what_it_writes_every_client_reads(target, codec):
    topic = target.topic()
    answer, = action(target, "produce", topic=topic, codec=codec, records=[plain(r) for r in FAITHFUL])
    assert (answer["errorCode"], answer["baseOffset"]) == (0, "0")
    assert [r.content() for r in target.read(topic)] == [r.content() for r in FAITHFUL]


@pytest.mark.parametrize("codec", CODECS)
def test_it_reads_what_other_clients_write(target, codec):
    topic = target.topic()
    target.produce(topic, FAITHFUL, compression_type=codec, linger_ms=50)
    found = action(target, "consume", topic=topic, group=target.name("group"), count=len(FAITHFUL))
    assert [record(r).content() for r in found] == [r.content() for r in FAITHFUL]


def test_group_resumes_where_it_committed(target):
    topic, group = target.topic(), target.name("group")
    target.produce(topic, [Record(None, b"%d" % i) for i in range(10)])
    assert len(action(target, "consume", topic=topic, group=group, count=10)) == 10
    target.produce(topic, [Record(None, b"next")])
    found = action(target, "consume", topic=topic, group=group, count=1)
    assert [record(r).value for r in found] == [b"next"]


def test_members_share_partitions_and_take_over(target):
    topic = target.topic(partitions=4)
    found = action(target, "rebalance", topic=topic, group=target.name("group"))
    assert found == {"before": [2, 2], "after": 4}


def test_transactions_commit_abort_and_carry_offsets(target):
    source, sink, group = target.topic(what="in"), target.topic(what="out"), target.name("group")
    action(target, "transactions", source=source, sink=sink, group=group, id=target.name("txn"))
    eventually(lambda: [r.value for r in target.read(sink, isolation_level="read_committed")] == [b"yes"], "the commit")
    assert [r.value for r in target.read(sink, isolation_level="read_uncommitted")] == [b"no", b"yes"]
    eventually(lambda: committed(target, group, source) == 7, "offset of the transaction")


def test_admin_manages_topics(target):
    topic = target.name()
    assert admin(target, "createTopics", {"topics": [{"topic": topic, "numPartitions": 2}]}) is True
    target.adopt(topic)
    assert admin(target, "createTopics", {"topics": [{"topic": topic}]}) is False
    assert topic in admin(target, "listTopics")
    admin(target, "createPartitions", {"topicPartitions": [{"topic": topic, "count": 3}]})
    eventually(lambda: len(admin(target, "fetchTopicMetadata", {"topics": [topic]})["topics"][0]["partitions"]) == 3,
               "three partitions")
    admin(target, "deleteTopics", {"topics": [topic]})
    eventually(lambda: topic not in admin(target, "listTopics"), "topic is gone")


def test_admin_alters_and_describes_configs(target):
    topic = target.topic()
    entries = [{"name": "retention.ms", "value": "5000"}]
    admin(target, "alterConfigs", {"validateOnly": False,
                                   "resources": [{"type": 2, "name": topic, "configEntries": entries}]})

    def retention():
        found = admin(target, "describeConfigs", {"includeSynonyms": False, "resources": [{"type": 2, "name": topic}]})
        return {e["configName"]: e["configValue"] for e in found["resources"][0]["configEntries"]}["retention.ms"]

    eventually(lambda: retention() == "5000", "config is altered")


def test_admin_finds_offsets_and_deletes_records(target):
    topic = target.topic()
    target.produce(topic, [Record(None, b"x", timestamp=RECENT + i * 10) for i in range(10)], linger_ms=50)
    delete = {"topic": topic, "partitions": [{"partition": 0, "offset": "2"}]}
    describe = ["fetchTopicMetadata", {"topics": [topic]}]  # kafkajs deletes only in topics it has looked at
    found, = action(target, "admin", calls=[describe, ["deleteTopicRecords", delete], ["fetchTopicOffsets", topic]])
    assert (found["low"], found["high"]) == ("2", "10")


def test_admin_manages_groups(target):
    topic, group = target.topic(), target.name("group")
    target.produce(topic, [Record(None, b"x")] * 5)
    action(target, "consume", topic=topic, group=group, count=5)
    assert group in {g["groupId"] for g in admin(target, "listGroups")["groups"]}
    described, = admin(target, "describeGroups", [group])["groups"]
    assert (described["groupId"], described["state"], described["protocolType"]) == (group, "Empty", "consumer")
    admin(target, "setOffsets", {"groupId": group, "topic": topic, "partitions": [{"partition": 0, "offset": "2"}]})
    found, = admin(target, "fetchOffsets", {"groupId": group, "topics": [topic]})
    assert found["partitions"][0]["offset"] == "2"
    assert [g["errorCode"] for g in admin(target, "deleteGroups", [group])] == [0]


def test_errors_have_the_name_the_protocol_gives_them(target):
    too_many = {"topics": [{"topic": target.name(), "replicationFactor": 3}]}
    assert "INVALID_REPLICATION_FACTOR" in admin(target, "createTopics", too_many, code=1)
    message = [plain(Record(None, b"x" * 5000))]
    said = action(target, "produce", topic=target.topic(max_message_bytes=2000), records=message, code=1)
    assert "MESSAGE_TOO_LARGE" in said


@pytest.mark.volume
def test_volume_arrives_complete_and_in_order(target):
    topic = target.topic(partitions=4)
    numbers = {p: [] for p in range(4)}
    for partition, number in action(target, "volume", topic=topic, group=target.name("group"), count=VOLUME):
        numbers[partition].append(number)
    assert_complete_and_ordered(numbers, VOLUME)
