"""Registered consumers and SubscribeToShard."""

import threading
import time
from contextlib import closing

import pytest

from .errors import refused

pytestmark = [pytest.mark.differs(kinesalite="has no registered consumers")]

SHARD = "shardId-000000000000"


@pytest.fixture
def register(kinesis):
    """Registers a consumer and waits until it is ACTIVE; returns its ARN."""

    def register(stream_arn, name):
        answer = kinesis.register_stream_consumer(StreamARN=stream_arn, ConsumerName=name)["Consumer"]
        assert answer["ConsumerStatus"] in ("CREATING", "ACTIVE")
        end = time.monotonic() + 120
        while True:
            found = kinesis.describe_stream_consumer(ConsumerARN=answer["ConsumerARN"])["ConsumerDescription"]
            if found["ConsumerStatus"] == "ACTIVE":
                return answer["ConsumerARN"]
            assert time.monotonic() < end
            time.sleep(0.05)

    return register


@pytest.fixture
def consumer(stream, arn, register):
    """A stream with a consumer: its name, its ARN, the ARN of the consumer."""
    made = stream()
    return made, arn(made), register(arn(made), "c")


def subscribe(kinesis, consumer, shard=SHARD, **position):
    """Subscribes; the stream of events ends with the block."""
    position = position or {"Type": "TRIM_HORIZON"}
    answer = kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard, StartingPosition=position)
    return closing(answer["EventStream"])


def take(events, number):
    """That many records from the events, and the last event."""
    records = []
    for event in events:
        event = event["SubscribeToShardEvent"]
        records += [record["Data"] for record in event["Records"]]
        if len(records) >= number:
            return records, event
    return records, None


@pytest.mark.differs(moto="has ARNs without the time")
def test_a_consumer_is_registered_once(kinesis, consumer, active):
    stream, stream_arn, consumer_arn = consumer
    assert consumer_arn.startswith(f"{stream_arn}/consumer/c:")
    with refused("ResourceInUseException"):
        kinesis.register_stream_consumer(StreamARN=stream_arn, ConsumerName="c")
    assert active(stream)["ConsumerCount"] == 1
    listed = kinesis.list_stream_consumers(StreamARN=stream_arn)["Consumers"]
    assert [one["ConsumerARN"] for one in listed] == [consumer_arn]
    by_name = kinesis.describe_stream_consumer(StreamARN=stream_arn, ConsumerName="c")["ConsumerDescription"]
    assert by_name["ConsumerARN"] == consumer_arn and by_name["StreamARN"] == stream_arn
    kinesis.deregister_stream_consumer(ConsumerARN=consumer_arn)
    end = time.monotonic() + 120
    while kinesis.list_stream_consumers(StreamARN=stream_arn)["Consumers"]:
        assert time.monotonic() < end
        time.sleep(0.05)
    with refused("ResourceNotFoundException"):
        kinesis.describe_stream_consumer(ConsumerARN=consumer_arn)


@pytest.mark.differs(kinesis_local="loses the last one")
def test_consumers_are_listed_in_pages(kinesis, stream, arn):
    made = arn(stream())
    for number in range(5):
        kinesis.register_stream_consumer(StreamARN=made, ConsumerName=f"c{number}")
    pages = kinesis.get_paginator("list_stream_consumers").paginate(StreamARN=made, PaginationConfig={"PageSize": 2})
    assert [one["ConsumerName"] for page in pages for one in page["Consumers"]] == [f"c{number}" for number in range(5)]


@pytest.mark.differs(moto="deletes it with its consumers", kinesis_local="deletes it with its consumers")
def test_a_stream_with_consumers_is_deleted_only_if_that_is_meant(kinesis, consumer):
    with refused("ResourceInUseException"):
        kinesis.delete_stream(StreamName=consumer[0])
    kinesis.delete_stream(StreamName=consumer[0], EnforceConsumerDeletion=True)


@pytest.mark.differs(moto="has no SubscribeToShard", kinesis_local="sends no initial response")
def test_records_are_pushed(kinesis, consumer):
    stream, _, consumer_arn = consumer
    kinesis.put_records(StreamName=stream, Records=[{"Data": b"%d" % one, "PartitionKey": "k"} for one in range(100)])
    with subscribe(kinesis, consumer_arn) as events:
        records, event = take(events, 100)
        assert records == [b"%d" % one for one in range(100)]
        assert event["MillisBehindLatest"] == 0 and event["ContinuationSequenceNumber"]
        later = threading.Timer(0.3, lambda: kinesis.put_record(StreamName=stream, Data=b"later", PartitionKey="k"))
        later.start()
        begun = time.monotonic()
        assert take(events, 1)[0] == [b"later"]
        assert time.monotonic() - begun < 4, "it is pushed, not found by the next sign of life"


@pytest.mark.differs(moto="has no SubscribeToShard", kinesis_local="sends no initial response")
def test_a_subscription_goes_on_where_another_ended(kinesis, consumer, register):
    stream, stream_arn, consumer_arn = consumer
    kinesis.put_records(StreamName=stream, Records=[{"Data": b"%d" % one, "PartitionKey": "k"} for one in range(3)])
    with subscribe(kinesis, consumer_arn) as events:
        _, event = take(events, 3)
    kinesis.put_record(StreamName=stream, Data=b"3", PartitionKey="k")
    with refused("ResourceInUseException"):
        subscribe(kinesis, consumer_arn)
    other = register(stream_arn, "d")
    start = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": event["ContinuationSequenceNumber"]}
    with subscribe(kinesis, other, **start) as events:
        assert take(events, 1)[0] == [b"3"]


@pytest.mark.differs(moto="has no SubscribeToShard", kinesis_local="sends no initial response")
def test_the_end_of_a_shard_names_its_children(kinesis, consumer):
    stream, _, consumer_arn = consumer
    kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
    with subscribe(kinesis, consumer_arn) as events:
        assert take(events, 1)[0] == [b"x"]
        kinesis.split_shard(StreamName=stream, ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
        last = [event["SubscribeToShardEvent"] for event in events][-1]
        assert [child["ShardId"] for child in last["ChildShards"]] == ["shardId-000000000001", "shardId-000000000002"]


@pytest.mark.differs(moto="has no SubscribeToShard", kinesis_local="sends no initial response")
def test_what_cannot_be_subscribed_to(kinesis, consumer):
    _, _, consumer_arn = consumer
    with refused("ResourceNotFoundException"):
        subscribe(kinesis, consumer_arn, "shardId-000000000009")
    with refused("ResourceNotFoundException"):
        subscribe(kinesis, consumer_arn.replace("/consumer/c:", "/consumer/none:"))
