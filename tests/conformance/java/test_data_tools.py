"""Apache Kafka's console, performance and verification tools, which use its Java producer and consumer."""

import json
import re

import pytest

from support.programs import run, tool, tool_command
from support.records import (
    CODECS, TRICKY, VOLUME, Record, assert_complete_and_ordered, number_of, numbered,
)
from support.wait import eventually

_ALL = ["--formatter-property", "print.key=true", "--formatter-property", "print.headers=true",
        "--formatter-property", "print.timestamp=true", "--formatter-property", "print.offset=true"]


def consume(target, topic, count, *arguments):
    return tool(target, "kafka-console-consumer", "--topic", topic, "--from-beginning", "--max-messages", count,
                "--timeout-ms", "30000", *arguments)


@pytest.mark.parametrize("codec", CODECS)
def test_console_producer_and_consumer_use_every_codec(target, codec):
    topic = target.topic()
    lines = [f"a:{i}\tkey{i}\tvalue {i} ☃" for i in range(50)]
    tool(target, "kafka-console-producer", "--topic", topic, "--compression-codec", codec,
         "--reader-property", "parse.key=true", "--reader-property", "parse.headers=true",
         stdin="\n".join(lines) + "\n")
    assert [(r.key, r.value, r.headers) for r in target.read(topic)] == [
        (b"key%d" % i, f"value {i} ☃".encode(), (("a", b"%d" % i),)) for i in range(50)]
    found = consume(target, topic, 50, *_ALL[:4]).lines
    assert found == lines


@pytest.mark.parametrize("codec", CODECS)
def test_console_consumer_reads_what_another_client_wrote(target, codec):
    topic = target.topic()
    records = [r for r in TRICKY if r.key in (b"key", None, b"tombstone", b"empty value", b"twice", b"nothing")]
    target.produce(topic, records, compression_type=codec, linger_ms=50)

    def text(data):
        return "null" if data is None else data.decode()

    def line(offset, record):
        headers = ",".join(f"{name}:{text(value)}" for name, value in record.headers) or "NO_HEADERS"
        return f"CreateTime:{record.timestamp}\tOffset:{offset}\t{headers}\t{text(record.key)}\t{text(record.value)}"

    assert consume(target, topic, len(records), *_ALL).lines == [line(i, r) for i, r in enumerate(records)]


def test_console_consumer_starts_where_told(target):
    topic = target.topic()
    target.produce(topic, [Record(None, b"%d" % i) for i in range(10)])
    found = tool(target, "kafka-console-consumer", "--topic", topic, "--partition", "0", "--offset", "7",
                 "--max-messages", "3", "--timeout-ms", "30000").lines
    assert found == ["7", "8", "9"]


def test_console_producer_creates_an_unknown_topic(target):
    topic = target.name()
    target.adopt(topic)
    tool(target, "kafka-console-producer", "--topic", topic, stdin="hello\n")
    assert [r.value for r in target.read(topic)] == [b"hello"]


def test_idempotent_java_producer_is_the_default_and_works_with_every_acknowledgement(target):
    topic = target.topic()
    for acks, idempotence in (("all", "true"), ("1", "false"), ("0", "false")):
        tool(target, "kafka-console-producer", "--topic", topic, "--command-property", f"acks={acks}",
             "--command-property", f"enable.idempotence={idempotence}", stdin=f"{acks}\n")
    eventually(lambda: [r.value for r in target.read(topic)] == [b"all", b"1", b"0"], "three records")


@pytest.mark.volume
def test_volume_through_the_console_tools_arrives_complete_and_in_order(target):
    topic = target.topic(partitions=4)
    lines = b"".join(b"%d\t%s\n" % (i % 97, numbered(i)) for i in range(VOLUME))
    tool(target, "kafka-console-producer", "--topic", topic, "--reader-property", "parse.key=true",
         "--batch-size", "200000", stdin=lines)
    numbers = {p: [] for p in range(4)}
    found = consume(target, topic, VOLUME, "--formatter-property", "print.partition=true").out
    for line in found.splitlines():
        partition, value = line.removeprefix(b"Partition:").split(b"\t", 1)
        numbers[int(partition)].append(number_of(value))
    assert_complete_and_ordered(numbers, VOLUME)


@pytest.mark.volume
def test_performance_tools_send_and_receive_every_message(target):
    topic = target.topic(partitions=4)
    sent = tool(target, "kafka-producer-perf-test", "--topic", topic, "--num-records", VOLUME, "--record-size", "200",
                "--throughput", "-1", "--command-property", "acks=all", "compression.type=lz4").text
    assert f"{VOLUME} records sent" in sent
    received = tool(target, "kafka-consumer-perf-test", "--topic", topic, "--num-records", VOLUME).lines
    columns = dict(zip(received[0].split(", "), received[1].split(", ")))
    assert int(columns["data.consumed.in.nMsg"]) == VOLUME


def test_transactional_performance_tool_commits_everything(target):
    topic = target.topic()
    tool(target, "kafka-producer-perf-test", "--topic", topic, "--num-records", "5000", "--record-size", "100",
         "--throughput", "-1", "--transactional-id", target.name("txn"), "--transaction-duration-ms", "50")
    eventually(lambda: len(target.read(topic, isolation_level="read_committed")) == 5000, "5000 committed records")


def test_end_to_end_latency_tool_sees_every_message(target):
    topic = target.topic()
    said = run(tool_command("kafka-e2e-latency", target.bootstrap, topic, "200", "all", "100")).text
    assert re.search(r"Percentiles: 50th = \d+", said)
    assert len(target.read(topic)) == 200


def test_verifiable_producer_and_consumer_agree(target):
    topic, group = target.topic(partitions=3), target.name("group")
    sent = tool(target, "kafka-verifiable-producer", "--topic", topic, "--max-messages", "2000").lines
    events = [json.loads(line) for line in sent]
    acked = {(e["partition"], e["offset"]): e["value"] for e in events if e["name"] == "producer_send_success"}
    assert len(acked) == 2000
    read = tool(target, "kafka-verifiable-consumer", "--topic", topic, "--group-id", group, "--max-messages", "2000",
                "--verbose").lines
    records = [e for e in map(json.loads, read) if e["name"] == "record_data"]
    assert {(r["partition"], r["offset"]): r["value"] for r in records} == acked
