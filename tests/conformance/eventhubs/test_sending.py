"""Sending: batches, keys, partitions, sizes."""

import pytest
from azure.eventhub import EventData
from azure.eventhub.exceptions import EventDataSendError, EventHubError


def test_a_batch_keeps_its_order_and_its_properties(namespace):
    hub = namespace.create()
    events = []
    for number in range(50):
        event = EventData(f"event {number}")
        event.properties = {"number": number, "text": "ä", "flag": True, "share": 0.5}
        event.message_id, event.correlation_id, event.content_type = f"m{number}", "c", "text/plain"
        events.append(event)
    namespace.send(hub, events)
    received = [event for _, event in namespace.receive(hub, 50)]
    assert [event.body_as_str() for event in received] == [f"event {number}" for number in range(50)]
    assert [event.sequence_number for event in received] == list(range(50))
    first = received[7]
    assert first.properties == {b"number": 7, b"text": "ä".encode(), b"flag": True, b"share": 0.5}
    assert (first.message_id, first.correlation_id, first.content_type) == ("m7", "c", "text/plain")


def test_any_bytes_survive(namespace):
    hub = namespace.create()
    body = bytes(range(256)) * 3
    namespace.send(hub, [body, b""])
    received = [b"".join(event.body) for _, event in namespace.receive(hub, 2)]
    assert received == [body, b""]


def test_events_of_one_key_go_to_one_partition_in_order(namespace):
    hub = namespace.create(partitions=8)
    for key in ["alpha", "key", "order-1"]:
        namespace.send(hub, [f"{key} 1", f"{key} 2"], partition_key=key)
        namespace.send(hub, [f"{key} 3"], partition_key=key)
    received = namespace.receive(hub, 9)
    assert len(received) == 9
    for key in ["alpha", "key", "order-1"]:
        own = [(partition, event.body_as_str()) for partition, event in received if event.partition_key == key.encode()]
        assert len({partition for partition, _ in own}) == 1
        assert [body for _, body in own] == [f"{key} {number}" for number in (1, 2, 3)]


@pytest.mark.parametrize("key, partition", [("alpha", "9"), ("key", "27"), ("order-1", "7"), ("thirteen bytes", "30")])
def test_keys_go_where_buffering_clients_put_them(namespace, key, partition):
    """The partition that the resolver of Microsoft's clients computes for 32 partitions."""
    hub = namespace.create(partitions=32)
    namespace.send(hub, ["x"], partition_key=key)
    [(found, _)] = namespace.receive(hub, 1)
    assert found == partition


def test_events_without_a_key_spread_over_the_partitions(namespace):
    hub = namespace.create(partitions=4)
    for number in range(8):
        namespace.send(hub, [str(number)])
    assert len({partition for partition, _ in namespace.receive(hub, 8)}) == 4


def test_events_go_to_the_partition_that_is_named(namespace):
    hub = namespace.create(partitions=4)
    namespace.send(hub, ["there"], partition_id="2")
    [(partition, event)] = namespace.receive(hub, 1)
    assert (partition, event.body_as_str()) == ("2", "there")


def test_a_partition_that_is_not_there_is_refused(namespace):
    hub = namespace.create(partitions=2)
    with pytest.raises(EventHubError):
        namespace.send(hub, ["nowhere"], partition_id="7")


def test_an_event_of_nearly_a_mebibyte_is_taken(namespace):
    hub = namespace.create()
    body = b"x" * (1024 * 1024 - 2000)
    with namespace.producer(hub) as producer:
        producer.send_event(EventData(body))
    [(_, event)] = namespace.receive(hub, 1)
    assert b"".join(event.body) == body


def test_more_than_a_mebibyte_is_refused(namespace):
    hub = namespace.create()
    with namespace.producer(hub) as producer, pytest.raises((ValueError, EventHubError, EventDataSendError)):
        producer.send_event(EventData(b"x" * (1024 * 1024 + 1)))
    with namespace.producer(hub) as producer:
        assert producer.create_batch().max_size_in_bytes == 1024 * 1024


def test_a_hub_that_cannot_be_is_refused(namespace):
    with pytest.raises(EventHubError):
        namespace.send("-not-a-name-", ["nowhere"])
