"""Apache Kafka's administration tools: topics, configs, offsets, records, cluster."""

import json
import re

from support.programs import run, tool, tool_command
from support.records import RECENT, Record
from support.wait import eventually
from support.wire import api_versions

_DESCRIBE_ACLS, _DESCRIBE_LOG_DIRS = 29, 35


def offsets(target, topic, *arguments):
    """kafka-get-offsets as {partition: offset}."""
    lines = tool(target, "kafka-get-offsets", "--topic", topic, *arguments).lines
    return {int(line.split(":")[1]): int(line.split(":")[2] or -1) for line in lines}


def test_topics_tool_creates_describes_alters_lists_and_deletes(target):
    topic = target.name()
    target.adopt(topic)
    create = ["--create", "--topic", topic, "--partitions", "2", "--config", "retention.ms=5000"]
    tool(target, "kafka-topics", *create)
    twice = tool(target, "kafka-topics", *create, code=None)
    assert twice.code != 0 and "already exists" in twice.said
    tool(target, "kafka-topics", *create, "--if-not-exists")
    described = tool(target, "kafka-topics", "--describe", "--topic", topic).text
    assert re.search(r"PartitionCount: 2\s+ReplicationFactor: 1\s+Configs: .*retention.ms=5000", described)
    assert len(re.findall(r"Partition: \d+\s+Leader: \d+\s+Replicas: \d+\s+Isr: \d+", described)) == 2
    tool(target, "kafka-topics", "--alter", "--topic", topic, "--partitions", "4")
    eventually(lambda: len(target.partitions(topic)) == 4, "four partitions")
    shrink = tool(target, "kafka-topics", "--alter", "--topic", topic, "--partitions", "3", code=None)
    assert shrink.code != 0
    assert topic in tool(target, "kafka-topics", "--list").lines
    tool(target, "kafka-topics", "--delete", "--topic", topic)
    eventually(lambda: target.partitions(topic) == [], "topic is gone")
    gone = tool(target, "kafka-topics", "--describe", "--topic", topic, code=None)
    assert gone.code != 0 and "does not exist" in gone.said


def test_topics_tool_refuses_bad_names_and_configs(target):
    for arguments, reason in (
        (["--topic", "bad/name"], "InvalidTopicException"),
        (["--topic", target.name(), "--config", "retention.ms=soon"], "Invalid value soon|InvalidConfiguration"),
        (["--topic", target.name(), "--replication-factor", "3"], "InvalidReplicationFactorException"),
    ):
        result = tool(target, "kafka-topics", "--create", *arguments, code=None)
        assert result.code != 0 and re.search(reason, result.said), result.said


def test_configs_tool_describes_alters_and_removes(target):
    topic = target.topic()
    entity = ["--entity-type", "topics", "--entity-name", topic]
    added = "retention.ms=5000,cleanup.policy=[compact,delete]"
    tool(target, "kafka-configs", "--alter", *entity, "--add-config", added)

    def described(*arguments):
        return tool(target, "kafka-configs", "--describe", *entity, *arguments).text

    eventually(lambda: "retention.ms=5000" in described(), "config is there")
    assert re.search(r"cleanup.policy=compact,delete .*DYNAMIC_TOPIC_CONFIG", described())
    assert re.search(r"max.message.bytes=1048588 .*DEFAULT_CONFIG", described("--all"))
    tool(target, "kafka-configs", "--alter", *entity, "--delete-config", "retention.ms")
    eventually(lambda: "retention.ms" not in described(), "config is removed")
    bad = tool(target, "kafka-configs", "--alter", *entity, "--add-config", "retention.ms=soon", code=None)
    assert bad.code != 0 and "InvalidConfigurationException" in bad.said


def test_offsets_tool_answers_ends_times_and_newest(target):
    topic = target.topic(partitions=2)
    target.produce(topic, [Record(None, b"x", timestamp=RECENT + t) for t in (10, 90, 50)], linger_ms=50)
    assert offsets(target, topic) == {0: 3, 1: 0}
    assert offsets(target, topic, "--time", "earliest") == {0: 0, 1: 0}
    assert offsets(target, topic, "--time", str(RECENT + 40)) == {0: 1}
    assert offsets(target, topic, "--time", "max-timestamp", "--partitions", "0") == {0: 1}


def test_delete_records_tool_moves_the_beginning(target, tmp_path):
    topic = target.topic(partitions=2)
    target.produce(topic, [Record(None, b"%d" % i, partition=p) for i in range(10) for p in (0, 1)])
    wanted = {"version": 1, "partitions": [{"topic": topic, "partition": 0, "offset": 4},
                                           {"topic": topic, "partition": 1, "offset": -1}]}
    (tmp_path / "offsets.json").write_text(json.dumps(wanted))
    said = tool(target, "kafka-delete-records", "--offset-json-file", tmp_path / "offsets.json").text
    assert "low_watermark: 4" in said and "low_watermark: 10" in said
    assert offsets(target, topic, "--time", "earliest") == {0: 4, 1: 10}
    beyond = {"version": 1, "partitions": [{"topic": topic, "partition": 0, "offset": 99}]}
    (tmp_path / "offsets.json").write_text(json.dumps(beyond))
    said = tool(target, "kafka-delete-records", "--offset-json-file", tmp_path / "offsets.json", code=None).said
    assert "OffsetOutOfRange" in said


def test_cluster_and_api_version_tools(target):
    cluster = target.admin.describe_cluster().result(30).cluster_id
    assert cluster in run(tool_command("kafka-cluster", "cluster-id", "--bootstrap-server", target.bootstrap)).text
    listed = tool(target, "kafka-broker-api-versions").text
    assert "Produce(0):" in listed and "Fetch(1):" in listed


def test_compatibility_suite_of_apache_kafka_passes(target):
    """org.apache.kafka.tools.ClientCompatibilityTest: the check its own releases run against brokers of all ages."""
    topic = target.topic()
    acls = str(_DESCRIBE_ACLS in api_versions(target.bootstrap))
    said = run(tool_command(
        "kafka-client-compatibility", "--bootstrap-server", target.bootstrap, "--topic", topic,
        "--offsets-for-times-supported", "True", "--cluster-id-supported", "True",
        "--expect-record-too-large-exception", "False", "--num-cluster-nodes", "1",
        "--create-topics-supported", "True", "--describe-acls-supported", acls,
        "--describe-configs-supported", "True", "--idempotent-producer-supported", "True")).said
    assert "SUCCESS" in said
