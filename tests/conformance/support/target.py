"""The broker under test, seen through confluent-kafka: the neutral client that prepares and inspects."""

import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from support.records import Record
from support.wait import DEADLINE, eventually

_QUIET = {"log_level": 0}


class Target:
    """Makes clients for one bootstrap address and names nobody else uses."""

    def __init__(self, bootstrap, test_name="test", **common):
        self.bootstrap = bootstrap
        self.common = {"bootstrap.servers": bootstrap, **_QUIET, **dotted(common)}
        self._stem = "".join(c if c.isalnum() else "-" for c in test_name.removeprefix("test_"))[:60].strip("-")
        self._topics = []
        self._admin = None

    @property
    def admin(self):
        """An AdminClient, made on first use."""
        if self._admin is None:
            self._admin = AdminClient(self.common)
        return self._admin

    def name(self, what=""):
        """A name for a topic, group or transactional id that is used only once."""
        return "-".join(filter(None, (self._stem, what, uuid.uuid4().hex[:8])))

    def topic(self, partitions=1, what="", **config):
        """Creates a topic and returns its name; `retention_ms=1` sets `retention.ms`."""
        name = self.name(what)
        config = {key: str(value) for key, value in dotted(config).items()}
        new = NewTopic(name, num_partitions=partitions, replication_factor=1, config=config)
        self.admin.create_topics([new])[name].result(DEADLINE)
        self.adopt(name)
        eventually(lambda: len(self.partitions(name)) == partitions, f"topic {name} has {partitions} partitions")
        return name

    def adopt(self, name):
        """Has a topic that something else made deleted after the test."""
        self._topics.append(name)

    def partitions(self, topic):
        """The partition numbers of a topic; empty when it does not exist. Never creates it."""
        listed = self.admin.list_topics(timeout=DEADLINE).topics.get(topic)
        return sorted(listed.partitions) if listed and listed.error is None else []

    def clean_up(self):
        """Deletes the topics this target made; a topic that is gone already is fine."""
        if self._topics:
            for future in self.admin.delete_topics(self._topics).values():
                try:
                    future.result(DEADLINE)
                except KafkaException as error:
                    if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                        raise

    def producer(self, **config):
        """A Producer; `linger_ms=5` sets `linger.ms`."""
        return Producer(self._config(config))

    def consumer(self, **config):
        """A Consumer in a group of its own, reading from the beginning, unless told otherwise."""
        defaults = {
            "group.id": self.name("group"),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
        return Consumer({**defaults, **self._config(config)})

    def _config(self, config):
        return {**self.common, **dotted(config)}

    def produce(self, topic, records, **config):
        """Sends records in order and returns where the broker says they are: [(partition, offset)]."""
        producer = self.producer(**config)
        places = []

        def delivered(error, message):
            assert error is None, f"delivery failed: {error}"
            places.append((message.partition(), message.offset()))

        for record in records:
            optional = {} if record.timestamp is None else {"timestamp": record.timestamp}
            producer.produce(topic, record.value, record.key, record.partition, delivered,
                             headers=list(record.headers), **optional)
            producer.poll(0)
        assert producer.flush(DEADLINE) == 0, "not everything was acknowledged"
        return places

    def read(self, topic, start=0, **config):
        """Every record of a topic from offset `start` of each partition to its end, partition by partition.

        Also those of open and aborted transactions, unless `isolation_level` says otherwise.
        """
        partitions = self.partitions(topic)
        assert partitions, f"topic {topic} does not exist"
        consumer = self.consumer(**{"isolation.level": "read_uncommitted", "fetch.wait.max.ms": 50, **dotted(config)})
        consumer.assign([TopicPartition(topic, p, start) for p in partitions])
        found = {p: [] for p in partitions}
        for message in until_end(consumer, len(partitions)):
            found[message.partition()].append(record_of(message))
        consumer.close()
        return [record for partition in partitions for record in found[partition]]


def dotted(config):
    """Keyword arguments as Kafka's property names; call-backs (`stats_cb`) are spelled with an underscore there."""
    return {key if key.endswith("_cb") else key.replace("_", "."): value for key, value in config.items()}


def until_end(consumer, partitions):
    """Yields the messages of an assigned consumer until `partitions` of them were read to their end."""
    ended = set()
    while len(ended) < partitions:
        for message in eventually(lambda: consumer.consume(10_000, timeout=0.05), "the next message or the end"):
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add((message.topic(), message.partition()))
            else:
                raise KafkaException(error)


def record_of(message):
    """A client's message as a Record."""
    return Record(
        message.key(),
        message.value(),
        tuple(message.headers() or ()),
        message.timestamp()[1],
        message.partition(),
        message.offset(),
    )
