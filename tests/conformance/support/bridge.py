"""One class per service, over its official client: create a stream, count its partitions, write records, read all of them.

A record is a key, a value and headers, all of them text. `read` gives records in the order in which each partition or key has
them, and ends when there are as many as are expected; more of them would be seen, because readers look once more.
"""

import hashlib
import threading
import time
import uuid
from dataclasses import dataclass, field

import boto3
import grpc
import requests
from azure.eventhub import EventData, EventHubConsumerClient, EventHubProducerClient
from botocore.config import Config
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from google.api_core.exceptions import DeadlineExceeded
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

PATIENCE = 120.0
"""Seconds until records that have not come count as lost."""
QUIET = 1.0
"""Seconds for which readers look for records too many."""


@dataclass(frozen=True)
class Record:
    """What every dialect can say, one way or the other."""

    key: str
    value: str
    headers: tuple = field(default=())


def gather(poll, count):
    """Calls `poll`, which returns records, until there are `count`, and a little longer."""
    records, deadline = [], time.monotonic() + PATIENCE
    while len(records) < count:
        assert time.monotonic() < deadline, f"{len(records)} of {count} records came: {records[-3:]}"
        records += poll()
    end = time.monotonic() + QUIET
    while time.monotonic() < end:
        records += poll()
    return records


class Kafka:
    def __init__(self, addresses):
        self.options = {"bootstrap.servers": addresses["kafka"]}

    def create(self, name, partitions):
        admin = AdminClient(self.options)
        admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)

    def partitions(self, name):
        admin = AdminClient(self.options)
        topic = admin.list_topics(name, timeout=30).topics[name]
        assert topic.error is None, topic.error
        return len(topic.partitions)

    def delete(self, name):
        admin = AdminClient(self.options)
        admin.delete_topics([name])[name].result(30)

    def write(self, name, records, producer=None):
        producer = producer or Producer(self.options)
        failures = []
        for record in records:
            producer.produce(name, record.value, record.key, headers=list(record.headers),
                             on_delivery=lambda error, _: error and failures.append(error))
        assert producer.flush(60) == 0 and not failures, failures

    def transact(self, name, records, commits):
        """Writes in a transaction that is committed or aborted."""
        producer = Producer({**self.options, "transactional.id": uuid.uuid4().hex})
        producer.init_transactions(30)
        producer.begin_transaction()
        self.write(name, records, producer)
        (producer.commit_transaction if commits else producer.abort_transaction)(30)

    def read(self, name, count):
        consumer = Consumer({**self.options, "group.id": uuid.uuid4().hex, "isolation.level": "read_committed"})
        numbers = range(self.partitions(name))
        consumer.assign([TopicPartition(name, number, OFFSET_BEGINNING) for number in numbers])

        def poll():
            messages = consumer.consume(500, 0.2)
            assert all(message.error() is None for message in messages)
            return [self.record(message) for message in messages]

        try:
            return gather(poll, count)
        finally:
            consumer.close()

    @staticmethod
    def record(message):
        headers = [(name, value.decode()) for name, value in message.headers() or []]
        return Record(message.key().decode(), message.value().decode(), tuple(sorted(headers)))


def aws(addresses, service):
    """A client of boto3."""
    return boto3.client(service, endpoint_url=f"http://{addresses[service]}", region_name="us-east-1",
                        aws_access_key_id="any", aws_secret_access_key="any",
                        config=Config(retries={"max_attempts": 0}, parameter_validation=True))


class Kinesis:
    """Kinesis has no headers: records that have some are aggregated records of one, with tags."""

    def __init__(self, addresses):
        self.client = aws(addresses, "kinesis")

    def create(self, name, partitions):
        self.client.create_stream(StreamName=name, ShardCount=partitions)

    def partitions(self, name):
        return len(self.client.list_shards(StreamName=name)["Shards"])

    def delete(self, name):
        self.client.delete_stream(StreamName=name)

    def write(self, name, records):
        for record in records:
            data = aggregated(record) if record.headers else record.value.encode()
            self.client.put_record(StreamName=name, PartitionKey=record.key, Data=data)

    def read(self, name, count):
        shards = [shard["ShardId"] for shard in self.client.list_shards(StreamName=name)["Shards"]]
        start = {"StreamName": name, "ShardIteratorType": "TRIM_HORIZON"}
        iterators = {shard: self.client.get_shard_iterator(ShardId=shard, **start)["ShardIterator"] for shard in shards}

        def poll():
            records = []
            for shard, iterator in iterators.items():
                answer = self.client.get_records(ShardIterator=iterator)
                iterators[shard] = answer["NextShardIterator"]
                records += [self.record(found) for found in answer["Records"]]
            return records

        return gather(poll, count)

    @staticmethod
    def record(found):
        value, tags = disaggregated(found["Data"])
        return Record(found["PartitionKey"], value.decode(), tuple(sorted(tags)))


MAGIC = b"\xf3\x89\x9a\xc2"
"""What an aggregated record of the Kinesis Producer Library begins with."""


def varint(number):
    """An unsigned number as protobuf has it."""
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def block(number, content):
    """A field of protobuf that has a length."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def fields(message):
    """The fields of a protobuf message: numbers, and contents or numbers."""
    place = 0

    def number():
        nonlocal place
        value, shift = 0, 0
        while True:
            byte = message[place]
            value, shift, place = value | (byte & 127) << shift, shift + 7, place + 1
            if byte < 128:
                return value

    while place < len(message):
        tag = number()
        value = number()
        if tag & 7 == 2:
            value, place = message[place : place + value], place + value
        yield tag >> 3, value


def aggregated(record):
    """An aggregated record of one, by `aggregation-format.md` of the library."""
    tags = b"".join(block(4, block(1, name.encode()) + block(2, value.encode())) for name, value in record.headers)
    message = block(1, record.key.encode()) + block(3, b"\x08\x00" + block(3, record.value.encode()) + tags)
    return MAGIC + message + hashlib.md5(message).digest()


def disaggregated(data):
    """The value and the tags of such a record; of any other one its data and no tags."""
    if not data.startswith(MAGIC) or hashlib.md5(data[4:-16]).digest() != data[-16:]:
        return data, []
    [user] = [content for number, content in fields(data[4:-16]) if number == 3]
    value = next(content for number, content in fields(user) if number == 3)
    tags = [dict(fields(content)) for number, content in fields(user) if number == 4]
    return value, [(tag[1].decode(), tag[2].decode()) for tag in tags]


class EventHubs:
    def __init__(self, addresses):
        self.options = {
            "conn_str": f"Endpoint=sb://{addresses['eventhubs']};SharedAccessKeyName=any;SharedAccessKey=any;"
            "UseDevelopmentEmulator=true;",
            "retry_total": 0,
        }
        self.url = f"http://{addresses['eventhubs']}"

    def create(self, name, partitions):
        requests.put(f"{self.url}/{name}", data=f"<PartitionCount>{partitions}</PartitionCount>", timeout=30).raise_for_status()

    def partitions(self, name):
        with EventHubConsumerClient.from_connection_string(
            **self.options, consumer_group="$Default", eventhub_name=name
        ) as client:
            return len(client.get_partition_ids())

    def delete(self, name):
        requests.delete(f"{self.url}/{name}", timeout=30).raise_for_status()

    def write(self, name, records):
        with EventHubProducerClient.from_connection_string(**self.options, eventhub_name=name) as client:
            for record in records:
                event = EventData(record.value)
                event.properties = dict(record.headers)
                client.send_batch([event], partition_key=record.key)

    def read(self, name, count):
        client = EventHubConsumerClient.from_connection_string(
            **self.options, consumer_group="$Default", eventhub_name=name
        )
        records, lock = [], threading.Lock()

        def on_event(_, event):
            if event is not None:
                with lock:
                    records.append(self.record(event))

        def poll():
            time.sleep(0.05)
            with lock:
                new = records[:]
                records.clear()
            return new

        receive = {"on_event": on_event, "starting_position": "-1", "starting_position_inclusive": True}
        thread = threading.Thread(target=client.receive, kwargs=receive, daemon=True)
        thread.start()
        try:
            return gather(poll, count)
        finally:
            client.close()
            thread.join(30)

    @staticmethod
    def record(event):
        text = lambda value: value.decode() if isinstance(value, bytes) else value  # noqa: E731
        headers = [(text(name), text(value)) for name, value in (event.properties or {}).items()]
        return Record(event.partition_key.decode(), event.body_as_str(), tuple(sorted(headers)))


class PubSub:
    """The project does not matter: each has the topic."""

    def __init__(self, addresses, project="one"):
        channel = grpc.insecure_channel(addresses["pubsub"])
        self.publisher = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        self.subscriber = SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))
        self.project = project

    def topic(self, name):
        return f"projects/{self.project}/topics/{name}"

    def subscription(self, name):
        return f"projects/{self.project}/subscriptions/{name}"

    def create(self, name, partitions):
        """A topic has no number of partitions: it gets what `--partitions` says."""
        self.publisher.create_topic(name=self.topic(name))

    def partitions(self, name):
        """Whether it is there is all that can be asked."""
        self.publisher.get_topic(topic=self.topic(name))
        return None

    def delete(self, name):
        self.publisher.delete_topic(topic=self.topic(name))

    def subscribe(self, name):
        """From here on."""
        self.subscriber.create_subscription(request={
            "name": self.subscription(name), "topic": self.topic(name), "enable_message_ordering": True,
            "ack_deadline_seconds": 10})

    def write(self, name, records):
        for record in records:
            message = {"data": record.value.encode(), "ordering_key": record.key, "attributes": dict(record.headers)}
            self.publisher.publish(topic=self.topic(name), messages=[message])

    def pull(self, name, most=100):
        """Leases messages and acknowledges them."""
        subscription = self.subscription(name)
        try:
            answer = self.subscriber.pull(request={"subscription": subscription, "max_messages": most}, timeout=1)
        except DeadlineExceeded:
            return []
        messages = answer.received_messages
        if messages:
            ids = [message.ack_id for message in messages]
            self.subscriber.acknowledge(subscription=subscription, ack_ids=ids)
        return [self.record(message.message) for message in messages]

    def read(self, name, count):
        return gather(lambda: self.pull(name), count)

    @staticmethod
    def record(message):
        return Record(message.ordering_key, message.data.decode(), tuple(sorted(message.attributes.items())))


class Sqs:
    """The FIFO queue of the stream, whose groups are the keys."""

    def __init__(self, addresses):
        self.client = aws(addresses, "sqs")

    def create(self, name, partitions):
        """A queue has no number of partitions: it gets what `--partitions` says."""
        self.client.create_queue(QueueName=name)

    def partitions(self, name):
        """Whether it is there is all that can be asked."""
        self.client.get_queue_url(QueueName=name)
        return None

    def delete(self, name):
        self.client.delete_queue(QueueUrl=self.client.get_queue_url(QueueName=name)["QueueUrl"])

    def url(self, name):
        return self.client.get_queue_url(QueueName=f"{name}.fifo")["QueueUrl"]

    def write(self, name, records):
        for record in records:
            attributes = {name: {"StringValue": value, "DataType": "String"} for name, value in record.headers}
            self.client.send_message(
                QueueUrl=self.url(name), MessageBody=record.value, MessageGroupId=record.key,
                MessageDeduplicationId=uuid.uuid4().hex, MessageAttributes=attributes)

    def receive(self, name, wait=0):
        """Leases messages and deletes them."""
        url = self.url(name)
        wanted = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}
        answer = self.client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait, **wanted)
        messages = answer.get("Messages", [])
        if messages:
            entries = [{"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                       for number, message in enumerate(messages)]
            assert not self.client.delete_message_batch(QueueUrl=url, Entries=entries).get("Failed")
        return [self.record(message) for message in messages]

    def read(self, name, count):
        return gather(lambda: self.receive(name), count)

    @staticmethod
    def record(message):
        attributes = message.get("MessageAttributes", {})
        headers = [(name, value["StringValue"]) for name, value in attributes.items()]
        return Record(message["Attributes"]["MessageGroupId"], message["Body"], tuple(sorted(headers)))


DIALECTS = {"kafka": Kafka, "kinesis": Kinesis, "eventhubs": EventHubs, "pubsub": PubSub, "sqs": Sqs}


def clients(bridged):
    """A client of each service."""
    return {name: dialect(bridged.addresses) for name, dialect in DIALECTS.items()}
