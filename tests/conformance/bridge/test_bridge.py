"""What one dialect writes, all dialects read: every pair, in order per key, also after SIGKILL."""

import json
import os
import subprocess
import threading
from collections import Counter, defaultdict

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewPartitions
from google.api_core.exceptions import NotFound

from support.bridge import DIALECTS, PubSub, Record, aws, clients
from support.wait import eventually

KEYS = [f"key-{number}" for number in range(4)]


def records_of(writer, numbers):
    """Records with keys and headers, numbered in their order."""
    return [Record(KEYS[number % len(KEYS)], f"{writer} {number:04}", (("n", str(number)), ("writer", writer)))
            for number in numbers]


def check(reader, read, written):
    """Each record once, and those of each writer and key in their order."""
    wrong = Counter(read) - Counter(written), Counter(written) - Counter(read)
    assert not any(wrong), f"{reader} has too many: {wrong[0]}, lacks: {wrong[1]}"
    orders = defaultdict(list)
    for record in read:
        headers = dict(record.headers)
        orders[headers["writer"], record.key].append(int(headers["n"]))
    for who, numbers in orders.items():
        assert numbers == sorted(numbers), f"{reader} has {who} out of order: {numbers}"


@pytest.mark.parametrize("creator", DIALECTS)
def test_a_stream_that_one_dialect_creates_is_there_in_all(bridged, creator):
    all_of = clients(bridged)
    wanted = 3 if creator in ("pubsub", "sqs") else 5
    all_of[creator].create("orders", wanted)
    for name, dialect in all_of.items():
        assert dialect.partitions("orders") in (wanted, None), name


@pytest.mark.parametrize("killer", DIALECTS)
def test_a_stream_that_one_dialect_deletes_is_gone_in_all(bridged, killer):
    all_of = clients(bridged)
    all_of["kafka"].create("orders", 2)
    for dialect in all_of.values():
        dialect.partitions("orders")
    all_of["kafka"].write("orders", records_of("kafka", range(3)))
    all_of[killer].delete("orders")
    admin = AdminClient(all_of["kafka"].options)
    assert "orders" not in admin.list_topics(timeout=30).topics
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        all_of["kinesis"].partitions("orders")
    with pytest.raises(ClientError, match="NonExistentQueue|does not exist"):
        all_of["sqs"].partitions("orders")
    with pytest.raises(NotFound):
        all_of["pubsub"].partitions("orders")
    # The next one of that name is another one, without the old records.
    all_of["kinesis"].create("orders", 2)
    new = records_of("kinesis", range(4))
    all_of["kinesis"].write("orders", new)
    check("kafka", all_of["kafka"].read("orders", 4), new)
    check("sqs", all_of["sqs"].read("orders", 4), new)


def test_every_dialect_reads_what_every_dialect_writes_also_after_a_kill(bridged):
    all_of = clients(bridged)
    all_of["kafka"].create("orders", 4)
    all_of["pubsub"].subscribe("orders")
    first = []
    for name, dialect in all_of.items():
        dialect.write("orders", records_of(name, range(20)))
        first += records_of(name, range(20))
    for name, dialect in all_of.items():
        check(name, dialect.read("orders", len(first)), first)
    second = []
    for name, dialect in all_of.items():
        dialect.write("orders", records_of(name, range(20, 40)))
        second += records_of(name, range(20, 40))
    # Some of them are settled before the kill: they must not come again, the others must.
    settled = {"pubsub": all_of["pubsub"].pull("orders", 7), "sqs": all_of["sqs"].receive("orders")}
    assert all(settled.values())
    bridged.kill()
    bridged.start()
    all_of = clients(bridged)
    third = []
    for name, dialect in all_of.items():
        dialect.write("orders", records_of(name, range(40, 50)))
        third += records_of(name, range(40, 50))
    everything = first + second + third
    for name in ("kafka", "kinesis", "eventhubs"):
        check(name, all_of[name].read("orders", len(everything)), everything)
    for name, before in settled.items():
        read = all_of[name].read("orders", len(second) + len(third) - len(before))
        check(name, before + read, second + third)


def test_only_committed_transactions_are_seen_elsewhere(bridged):
    all_of = clients(bridged)
    kafka = all_of["kafka"]
    kafka.create("orders", 1)
    all_of["pubsub"].subscribe("orders")
    kafka.transact("orders", records_of("aborted", range(5)), commits=False)
    kafka.transact("orders", records_of("kafka", range(5)), commits=True)
    written = records_of("kafka", range(5)) + records_of("kinesis", range(3))
    all_of["kinesis"].write("orders", records_of("kinesis", range(3)))
    for name, dialect in all_of.items():
        check(name, dialect.read("orders", len(written)), written)


def test_the_number_of_partitions_stays(bridged):
    all_of = clients(bridged)
    kafka, kinesis = all_of["kafka"], all_of["kinesis"]
    kafka.create("orders", 2)
    admin = AdminClient(kafka.options)
    with pytest.raises(KafkaException, match="keeps its partitions"):
        admin.create_partitions([NewPartitions("orders", 4)])["orders"].result(30)
    with pytest.raises(ClientError, match="bridged"):
        kinesis.client.update_shard_count(StreamName="orders", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    shards = kinesis.client.list_shards(StreamName="orders")["Shards"]
    with pytest.raises(ClientError, match="bridged"):
        kinesis.client.merge_shards(StreamName="orders", ShardToMerge=shards[0]["ShardId"],
                                    AdjacentShardToMerge=shards[1]["ShardId"])
    assert kafka.partitions("orders") == kinesis.partitions("orders") == 2


def test_who_waits_is_woken_by_what_others_write(bridged):
    """A long poll of SQS that begins before the record is written ends with it, not with its time."""
    all_of = clients(bridged)
    all_of["kafka"].create("orders", 2)
    found = []
    waiter = threading.Thread(target=lambda: found.extend(all_of["sqs"].receive("orders", wait=20)))
    waiter.start()
    all_of["eventhubs"].write("orders", records_of("eventhubs", range(1)))
    waiter.join(15)
    assert found == records_of("eventhubs", range(1))


def test_projects_and_regions_see_the_same_stream_at_their_own_pace(bridged):
    all_of = clients(bridged)
    all_of["kafka"].create("orders", 2)
    other = PubSub(bridged.addresses, "two")
    for pubsub in (all_of["pubsub"], other):
        pubsub.subscribe("orders")
    written = records_of("kafka", range(8))
    all_of["kafka"].write("orders", written)
    for pubsub in (all_of["pubsub"], other):
        check(pubsub.project, pubsub.read("orders", len(written)), written)
    elsewhere = boto3.client("kinesis", endpoint_url=f"http://{bridged.addresses['kinesis']}", region_name="eu-west-1",
                             aws_access_key_id="any", aws_secret_access_key="any")
    assert len(elsewhere.list_shards(StreamName="orders")["Shards"]) == 2


def test_what_a_dialect_cannot_say_is_said_as_the_table_has_it(bridged):
    all_of = clients(bridged)
    all_of["kafka"].create("orders", 1)
    producer = Producer(all_of["kafka"].options)
    producer.produce("orders", b"\xff\x00", b"k")
    producer.produce("orders", None, b"k")
    producer.produce("orders", b"no key")
    assert producer.flush(30) == 0
    sqs = aws(bridged.addresses, "sqs")
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    bodies = {}

    def receive():
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        for message in answer.get("Messages", []):
            attributes = message.get("MessageAttributes", {})
            bodies[message["Body"]] = {name: value["StringValue"] for name, value in attributes.items()}
        return len(bodies) == 3

    eventually(receive, "three messages")
    assert bodies == {
        "/wA=": {"ssectl.value": "base64", "ssectl.key": "k"},
        "-": {"ssectl.value": "null", "ssectl.key": "k"},
        "no key": {},
    }
    kinesis = all_of["kinesis"].client
    shard = kinesis.list_shards(StreamName="orders")["Shards"][0]["ShardId"]
    start = kinesis.get_shard_iterator(StreamName="orders", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    found = kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
    assert [record["PartitionKey"][:7] for record in found] == ["k", "k", "no-key:"]
    assert found[0]["Data"] == b"\xff\x00"


ODD = [
    {"key": "k", "value": "plain", "headers": [["a", "1"], ["b", "2"]]},
    {"key": "k", "value": None, "headers": []},
    {"key": None, "value": {"base64": "/wA="}, "headers": [["z", "1"], ["a", None]]},
    {"key": {"base64": "/w=="}, "value": "", "headers": [["a", "1"], ["a", "2"]]},
]
"""Records as envelopes have them, most of which no cloud can say by itself."""


@pytest.mark.parametrize("writer", ["kafka", "kinesis", "pubsub", "sqs"])
def test_ssectl_shows_the_same_records_at_every_target(bridged, writer):
    """What `ssectl` writes at one target, nulls, bytes and times included, it reads at all of them."""
    clients(bridged)["kafka"].create("odd", 1)
    records = [{"timestamp": f"2026-01-01T00:00:0{number}.123Z", **record} for number, record in enumerate(ODD)]
    file = bridged.folder / "odd.ndjson"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))

    def ssectl(*arguments):
        ended = subprocess.run([bridged.ssectl, *arguments], capture_output=True, text=True, timeout=120,
                               env={**os.environ, "HOME": str(bridged.folder)})
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    ssectl("generate", "--from-envelope", str(file), "--to", f"{writer}://{bridged.addresses[writer]}/odd")
    for reader in ("kafka", "kinesis", "sqs", "eventhubs"):
        shown = ssectl("tail", f"{reader}://{bridged.addresses[reader]}/odd", "--format", "envelope").splitlines()
        shown = [{**{"headers": []}, **json.loads(line)} for line in shown]
        shown = [{name: record.get(name) for name in records[0]} for record in shown]
        assert sorted(map(json.dumps, shown)) == sorted(map(json.dumps, records)), reader


@pytest.mark.parametrize("service", DIALECTS)
def test_a_reset_of_one_service_deletes_the_streams_of_all(bridged, service):
    all_of = clients(bridged)
    all_of["kafka"].create("orders", 2)
    all_of["kafka"].write("orders", records_of("kafka", range(3)))
    requests.post(f"http://{bridged.addresses[service]}/_ssectl/reset", timeout=30).raise_for_status()
    assert not all_of["kinesis"].client.list_streams()["StreamNames"]
    all_of["sqs"].create("orders", None)
    assert all_of["kafka"].read("orders", 0) == []


STREAMS = """
kafka: {orders: {partitions: 4}}
kinesis: {orders: {shards: 2}, clicks: {shards: 2}}
pubsub: {project: one, topics: {orders: {messageRetentionDuration: 600s}}, subscriptions: {billing: {topic: orders}}}
sqs: {orders: {VisibilityTimeout: 7}, clicks.fifo: {FifoQueue: true}}
eventhubs: {orders: {partitions: 3}}
"""


def test_streams_may_be_declared_for_several_services(bridged):
    """The first service that declares a stream makes it; the others add their options."""
    bridged.stop()
    file = bridged.folder / "streams.yaml"
    file.write_text(STREAMS)
    for _ in range(2):
        bridged.start("--streams", file)
        all_of = clients(bridged)
        assert all_of["kafka"].partitions("orders") == all_of["eventhubs"].partitions("orders") == 4
        assert all_of["kafka"].partitions("clicks") == 2
        sqs = all_of["sqs"].client
        url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
        assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["VisibilityTimeout"] == "7"
        topic = all_of["pubsub"].publisher.get_topic(topic="projects/one/topics/orders")
        assert topic.message_retention_duration.total_seconds() == 600
        bridged.stop()


def test_a_directory_of_the_other_kind_is_refused(bridged):
    data = bridged.folder / "data"
    bridged.stop()
    other = subprocess.run([bridged.ssectl, "emulator", "--only", "kafka", "--kafka-port", "0", "--data-dir", data],
                           capture_output=True, text=True, timeout=60)
    assert other.returncode == 2 and "was written with `--bridge`" in other.stderr
    (bridged.folder / "plain" / "kafka").mkdir(parents=True)
    other = subprocess.run([bridged.ssectl, "emulator", "--bridge", "--data-dir", bridged.folder / "plain"],
                           capture_output=True, text=True, timeout=60)
    assert other.returncode == 2 and "was written without `--bridge`" in other.stderr
