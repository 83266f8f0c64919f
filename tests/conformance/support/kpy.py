"""Shorthand for the tests of kafka-python."""

from contextlib import closing

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from support.records import Record
from support.wait import DEADLINE, eventually


class Clients:
    """Makes kafka-python clients for a target; `api_version` clamps them to an old broker's protocol."""

    def __init__(self, target, **common):
        self.target = target
        self.common = {"bootstrap_servers": target.bootstrap, **common}

    def producer(self, **config):
        """A KafkaProducer, closed at the end of a `with` block."""
        return closing(KafkaProducer(**{**self.common, **config}))

    def consumer(self, *topics, **config):
        """A KafkaConsumer without a group that reads from the beginning; closed at the end of a `with` block."""
        return closing(self.open_consumer(*topics, **config))

    def open_consumer(self, *topics, **config):
        """The same, to be closed by the caller."""
        # A group leader that has not heard of the topic yet assigns nothing until its metadata is refreshed.
        defaults = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "metadata_max_age_ms": 1000}
        return KafkaConsumer(*topics, **{**defaults, **self.common, **config})

    def admin(self, **config):
        """A KafkaAdminClient, closed at the end of a `with` block."""
        return closing(KafkaAdminClient(**{**self.common, **config}))

    def produce(self, topic, records, **config):
        """Sends records in order; returns where the broker says they are: [(partition, offset)]."""
        with self.producer(**config) as producer:
            futures = [
                producer.send(topic, r.value, r.key, list(r.headers), r.partition, r.timestamp) for r in records]
            producer.flush(DEADLINE)
            found = [future.get(DEADLINE) for future in futures]
        return [(place.partition, place.offset) for place in found]

    def read(self, topic, count, partitions=1, **config):
        """The first `count` records of a topic, partition by partition."""
        with self.consumer(**config) as consumer:
            consumer.assign([TopicPartition(topic, p) for p in range(partitions)])
            found = []
            eventually(lambda: found.extend(poll(consumer)) or len(found) >= count, f"{count} records", pause=0)
        return sorted(found, key=lambda r: (r.partition, r.offset))


def poll(consumer, timeout_ms=50):
    """Whatever one call of `poll` brings, as Records."""
    return [
        Record(m.key, m.value, tuple(m.headers), m.timestamp, m.partition, m.offset)
        for messages in consumer.poll(timeout_ms=timeout_ms, max_records=10_000).values() for m in messages]
