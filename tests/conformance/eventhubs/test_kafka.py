"""The Kafka endpoint: the same hubs through a client of Kafka."""

import uuid

import confluent_kafka as kafka
import pytest
from azure.eventhub import EventData


def options(namespace, **more):
    return {
        "bootstrap.servers": namespace.endpoint,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "$ConnectionString",
        "sasl.password": namespace.connection_string,
        **more,
    }


def consume(namespace, hub, count):
    """The first records of a hub."""
    group = f"g-{uuid.uuid4().hex[:8]}"
    consumer = kafka.Consumer(options(namespace, **{"group.id": group, "auto.offset.reset": "earliest"}))
    consumer.subscribe([hub])
    records = []
    for _ in range(300):
        record = consumer.poll(0.1)
        if record is not None and record.error() is None:
            records.append(record)
        if len(records) == count:
            break
    consumer.close()
    return records


def test_events_are_records(namespace):
    hub = namespace.create()
    event = EventData(b"\x00 body")
    event.properties = {"text": "t", "number": 7}
    namespace.send(hub, ["first", event], partition_key="key")
    first, second = consume(namespace, hub, 2)
    assert (first.offset(), first.key(), first.value()) == (0, b"key", b"first")
    assert (second.offset(), second.value()) == (1, b"\x00 body")
    assert second.headers() == [("text", b"t"), ("number", b"7")]


def test_records_are_events(namespace):
    hub = namespace.create()
    producer = kafka.Producer(options(namespace, **{"compression.type": "gzip"}))
    for number in range(3):
        producer.produce(hub, key="key", value=f"record {number}", headers={"h": b"v"})
    assert producer.flush(20) == 0
    received = [event for _, event in namespace.receive(hub, 3)]
    assert [event.body_as_str() for event in received] == [f"record {number}" for number in range(3)]
    assert [event.sequence_number for event in received] == [0, 1, 2]
    assert received[0].partition_key == b"key" and received[0].properties == {b"h": b"v"}


def test_an_idempotent_producer_writes_once_and_in_order(namespace):
    hub = namespace.create()
    # One record to a request and many requests under way: only sequence numbers keep their order.
    terms = {"enable.idempotence": True, "batch.num.messages": 1, "max.in.flight.requests.per.connection": 5}
    producer = kafka.Producer(options(namespace, **terms))
    for number in range(200):
        producer.produce(hub, value=str(number))
    assert producer.flush(60) == 0
    received = [event for _, event in namespace.receive(hub, 200)]
    assert [event.body_as_str() for event in received] == [str(number) for number in range(200)]
    assert namespace.receive(hub, 1, start=199, timeout=1) == []


def test_readers_see_committed_transactions_alone(namespace):
    """As in the Premium tier; AMQP knows no transactions, and reads what was aborted too."""
    hub = namespace.create()
    producer = kafka.Producer(options(namespace, **{"transactional.id": f"t-{uuid.uuid4().hex}"}))
    producer.init_transactions(60)
    for value, end in [("aborted", producer.abort_transaction), ("kept", producer.commit_transaction)]:
        producer.begin_transaction()
        producer.produce(hub, value=value)
        assert producer.flush(60) == 0
        end(60)
    assert [record.value() for record in consume(namespace, hub, 1)] == [b"kept"]
    received = [event.body_as_str() for _, event in namespace.receive(hub, 2)]
    assert received == ["aborted", "kept"]


def test_a_wrong_user_stays_outside(namespace):
    producer = kafka.Producer(options(namespace, **{"sasl.username": "somebody"}))
    with pytest.raises(kafka.KafkaException):
        producer.list_topics(timeout=3)
