"""AMQP over WebSocket: Microsoft's client for Python, and what is refused."""

import threading

import pytest
import websocket
from azure.eventhub import EventData, EventHubConsumerClient, EventHubProducerClient, TransportType


@pytest.fixture(params=["ws", "wss"])
def options(request, namespace):
    """Options of clients: without TLS, and with it."""
    # Only a custom endpoint keeps its port there.
    common = {
        "transport_type": TransportType.AmqpOverWebsocket,
        "custom_endpoint_address": f"sb://{namespace.endpoint}",
        "retry_total": 0,
    }
    if request.param == "ws":
        return common | {"conn_str": namespace.connection_string}
    return common | {"conn_str": namespace.secure_connection_string, "connection_verify": str(namespace.certificate)}


def test_the_python_client_sends_and_receives(namespace, options):
    hub = namespace.create()
    with EventHubProducerClient.from_connection_string(eventhub_name=hub, **options) as producer:
        assert producer.get_eventhub_properties()["partition_ids"] == ["0"]
        batch = producer.create_batch()
        for number in range(100):
            batch.add(EventData(str(number)))
        producer.send_batch(batch)
        # Longer than a frame of AMQP.
        producer.send_event(EventData(b"x" * 500_000))
    events, enough = [], threading.Event()

    def on_event(_context, event):
        events.append(event)
        if len(events) == 101:
            enough.set()

    consumer = EventHubConsumerClient.from_connection_string(consumer_group="$Default", eventhub_name=hub, **options)
    receive = lambda: consumer.receive(on_event, starting_position="-1")
    thread = threading.Thread(target=receive, daemon=True)
    thread.start()
    assert enough.wait(60), f"{len(events)} events"
    consumer.close()
    thread.join(20)
    assert [event.body_as_str() for event in events[:100]] == [str(number) for number in range(100)]
    assert events[100].body_as_str() == "x" * 500_000


def test_other_protocols_and_other_requests_are_refused(namespace):
    url = f"ws://{namespace.endpoint}/$servicebus/websocket"
    for protocols in [["mqtt"], []]:
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            websocket.create_connection(url, subprotocols=protocols, timeout=20)
        assert refused.value.status_code == 400
    assert namespace.http("GET", "$servicebus/websocket")[0] == 400


def test_the_protocol_is_that_of_a_plain_connection(namespace):
    url = f"ws://{namespace.endpoint}/$servicebus/websocket"
    socket = websocket.create_connection(url, subprotocols=["amqp"], timeout=20)
    assert socket.subprotocol == "amqp"
    # Where a message ends means nothing.
    socket.send_binary(b"AMQP\x03")
    socket.ping("still there")
    socket.send_binary(b"\x01\x00\x00")
    opcodes = []
    while not opcodes or opcodes[-1][0] != websocket.ABNF.OPCODE_BINARY:
        opcodes.append(socket.recv_data(control_frame=True))
    assert (websocket.ABNF.OPCODE_PONG, b"still there") in opcodes
    assert opcodes[-1][1].startswith(b"AMQP\x03\x01\x00\x00")
    socket.send("text is no AMQP")
    with pytest.raises(websocket.WebSocketConnectionClosedException):
        while True:
            socket.recv()
