"""The vendors' own Python clients: each makes a stream, writes lines to it and reads them back, as fast as it is meant to.

They batch as far as the service allows, and have several requests under way. Every `write` returns when all is
acknowledged, every `read` when the last of `count` records is there.
"""

import itertools
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import boto3
from azure.eventhub import EventData, EventHubConsumerClient, EventHubProducerClient
from botocore.config import Config
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from google.cloud import pubsub_v1
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport
from grpc import insecure_channel

DEADLINE = 300
"""Seconds until what was written must have been read."""
PARTITIONS = 4
REQUESTS = 8
"""Requests under way at once, for clients that have one under way per thread; what ssectl has by default."""


class Kafka:
    """confluent-kafka, which batches and pipelines by itself."""

    name = "confluent-kafka"

    def __init__(self, address: str):
        self._servers = {"bootstrap.servers": address}
        self._admin = AdminClient(self._servers)

    def create(self, stream: str) -> None:
        # Made-up events are older than brokers keep any.
        keep = {"retention.ms": "-1"}
        topic = NewTopic(stream, num_partitions=PARTITIONS, replication_factor=1, config=keep)
        self._admin.create_topics([topic])[stream].result(30)

    def write(self, stream: str, lines: Sequence[bytes]) -> None:
        failed = []
        delivered = lambda error, _: failed.append(error) if error else None
        producer = Producer({**self._servers, "queue.buffering.max.messages": 1_000_000})
        for line in lines:
            producer.produce(stream, line, on_delivery=delivered)
            producer.poll(0)
        if producer.flush(DEADLINE) or failed:
            raise RuntimeError(f"{self.name} could not deliver: {failed[:1]}")

    def read(self, stream: str, count: int) -> list[bytes]:
        # With a longer queue than usual librdkafka does not pause a second whenever it is full.
        own = {"group.id": stream, "enable.auto.commit": False, "queued.min.messages": 10_000_000}
        consumer = Consumer({**self._servers, **own})
        consumer.assign([TopicPartition(stream, partition, 0) for partition in range(PARTITIONS)])
        found, end = [], time.monotonic() + DEADLINE
        while len(found) < count and time.monotonic() < end:
            found += [message.value() for message in consumer.consume(10_000, timeout=0.1)]
        consumer.close()
        return found


class PubSub:
    """google-cloud-pubsub: its batching publisher, and streaming pull."""

    name = "google-cloud-pubsub"

    def __init__(self, address: str):
        batches = pubsub_v1.types.BatchSettings(max_messages=1000)
        self._publisher = pubsub_v1.PublisherClient(
            batches, transport=PublisherGrpcTransport(channel=insecure_channel(address))
        )
        self._subscriber = pubsub_v1.SubscriberClient(
            transport=SubscriberGrpcTransport(channel=insecure_channel(address))
        )

    def create(self, stream: str) -> None:
        topic, subscription = f"projects/bench/topics/{stream}", f"projects/bench/subscriptions/{stream}"
        self._publisher.create_topic(request={"name": topic})
        wanted = {"name": subscription, "topic": topic, "ack_deadline_seconds": 60}
        self._subscriber.create_subscription(request=wanted)

    def write(self, stream: str, lines: Sequence[bytes]) -> None:
        topic = f"projects/bench/topics/{stream}"
        for sent in [self._publisher.publish(topic, line) for line in lines]:
            sent.result(DEADLINE)

    def read(self, stream: str, count: int) -> list[bytes]:
        found, all_there = [], threading.Event()

        def take(message) -> None:
            found.append(message.data)
            message.ack()
            if len(found) >= count:
                all_there.set()

        flow = pubsub_v1.types.FlowControl(max_messages=10_000)
        pulling = self._subscriber.subscribe(f"projects/bench/subscriptions/{stream}", take, flow_control=flow)
        all_there.wait(DEADLINE)
        pulling.cancel()
        pulling.result()
        return found


class Kinesis:
    """boto3: requests of 500 records, and a reader for each shard."""

    name = "boto3"

    def __init__(self, address: str):
        self._client = aws("kinesis", address)

    def create(self, stream: str) -> None:
        self._client.create_stream(StreamName=stream, ShardCount=PARTITIONS)
        self._client.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})

    def write(self, stream: str, lines: Sequence[bytes]) -> None:
        with ThreadPoolExecutor(REQUESTS) as pool:
            list(pool.map(lambda batch: self._put(stream, batch), batches(lines, 500)))

    def _put(self, stream: str, lines: Sequence[bytes]) -> None:
        records = [{"Data": line, "PartitionKey": str(hash(line))} for line in lines]
        while records:
            results = self._client.put_records(StreamName=stream, Records=records)["Records"]
            records = [record for record, result in zip(records, results) if "ErrorCode" in result]

    def read(self, stream: str, count: int) -> list[bytes]:
        shards = [shard["ShardId"] for shard in self._client.list_shards(StreamName=stream)["Shards"]]
        with ThreadPoolExecutor(len(shards)) as pool:
            return list(itertools.chain(*pool.map(lambda shard: self._shard(stream, shard), shards)))

    def _shard(self, stream: str, shard: str) -> list[bytes]:
        found = []
        first = self._client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        place, at_end = first["ShardIterator"], False
        while not at_end:
            answer = self._client.get_records(ShardIterator=place, Limit=10_000)
            found += [record["Data"] for record in answer["Records"]]
            place, at_end = answer["NextShardIterator"], answer["MillisBehindLatest"] == 0 and not answer["Records"]
        return found


class Sqs:
    """boto3: requests of ten messages; what is received is deleted."""

    name = "boto3"

    def __init__(self, address: str):
        self._client = aws("sqs", address)
        self._urls: dict[str, str] = {}

    def create(self, stream: str) -> None:
        wanted = {"VisibilityTimeout": "120"}
        self._urls[stream] = self._client.create_queue(QueueName=stream, Attributes=wanted)["QueueUrl"]

    def write(self, stream: str, lines: Sequence[bytes]) -> None:
        with ThreadPoolExecutor(REQUESTS) as pool:
            list(pool.map(lambda batch: self._send(stream, batch), batches(lines, 10)))

    def _send(self, stream: str, lines: Sequence[bytes]) -> None:
        entries = [{"Id": str(number), "MessageBody": line.decode()} for number, line in enumerate(lines)]
        answer = self._client.send_message_batch(QueueUrl=self._urls[stream], Entries=entries)
        if answer.get("Failed"):
            raise RuntimeError(f"the queue refuses a message: {answer['Failed'][0]}")

    def read(self, stream: str, count: int) -> list[bytes]:
        found: list[bytes] = []
        with ThreadPoolExecutor(REQUESTS) as pool:
            list(pool.map(lambda _: self._drain(stream, count, found), range(REQUESTS)))
        return found

    def _drain(self, stream: str, count: int, found: list[bytes]) -> None:
        """Takes messages until all are there; without long polls, which would go on when they are."""
        url, end = self._urls[stream], time.monotonic() + DEADLINE
        while len(found) < count and time.monotonic() < end:
            messages = self._client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages")
            if not messages:
                continue
            found += [message["Body"].encode() for message in messages]
            done = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
            self._client.delete_message_batch(QueueUrl=url, Entries=done)


class EventHubs:
    """azure-eventhub: batches as large as may be, and a receiver for each partition."""

    name = "azure-eventhub"

    def __init__(self, address: str):
        self._address = address
        self._login = (
            f"Endpoint=sb://{address};SharedAccessKeyName=RootManageSharedAccessKey;"
            "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;"
        )

    def create(self, stream: str) -> None:
        body = (
            '<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml"><EventHubDescription '
            'xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect">'
            f"<PartitionCount>{PARTITIONS}</PartitionCount></EventHubDescription></content></entry>"
        )
        url = f"http://{self._address}/{stream}?api-version=2014-01"
        urllib.request.urlopen(urllib.request.Request(url, body.encode(), method="PUT"), timeout=30).close()

    def write(self, stream: str, lines: Sequence[bytes]) -> None:
        with EventHubProducerClient.from_connection_string(self._login, eventhub_name=stream) as producer:
            batch = producer.create_batch()
            for line in lines:
                try:
                    batch.add(EventData(line))
                except ValueError:  # full
                    producer.send_batch(batch)
                    batch = producer.create_batch()
                    batch.add(EventData(line))
            producer.send_batch(batch)

    def read(self, stream: str, count: int) -> list[bytes]:
        found, all_there = [], threading.Event()

        def take(_, events) -> None:
            found.extend(b"".join(event.body) for event in events)
            if len(found) >= count:
                all_there.set()

        consumer = EventHubConsumerClient.from_connection_string(self._login, "$Default", eventhub_name=stream)
        options = {"starting_position": "-1", "max_batch_size": 1000, "prefetch": 3000}
        reader = threading.Thread(target=lambda: consumer.receive_batch(take, **options), daemon=True)
        reader.start()
        all_there.wait(DEADLINE)
        consumer.close()
        reader.join(30)
        return found


def aws(service: str, address: str):
    """A client of a service of AWS at an address."""
    return boto3.client(
        service,
        endpoint_url=f"http://{address}",
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
        config=Config(max_pool_connections=2 * REQUESTS, read_timeout=DEADLINE),
    )


def batches(lines: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    """The lines in groups."""
    return (lines[first : first + size] for first in range(0, len(lines), size))


CLIENTS = {"kafka": Kafka, "pubsub": PubSub, "kinesis": Kinesis, "sqs": Sqs, "eventhubs": EventHubs}
