"""StreamingPull, as it is on the wire and through Google's client for subscribers."""

import queue
import threading

import grpc
import pytest
from google.api_core.exceptions import InvalidArgument, NotFound
from google.cloud import pubsub_v1
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport


class Stream:
    """One stream of the wire; its requests are sent with `say`."""

    def __init__(self, subscriber, subscription, **first):
        self.requests = queue.Queue()
        self.say(subscription=subscription, stream_ack_deadline_seconds=first.pop("seconds", 10), **first)
        self.answers = subscriber.streaming_pull(requests=iter(self.requests.get, None), timeout=60, retry=None)

    def say(self, **request):
        self.requests.put(request)

    def messages(self, number):
        """So many messages, however many answers they take."""
        came = []
        while len(came) < number:
            came += next(iter(self.answers)).received_messages
        return came

    def close(self):
        self.requests.put(None)
        self.answers.cancel()


@pytest.fixture
def stream(subscriber):
    opened = []

    def open(subscription, **first):
        opened.append(Stream(subscriber, subscription, **first))
        return opened[-1]

    yield open
    for one in opened:
        one.close()


@pytest.fixture
def clients(address):
    """The publisher and the subscriber that people use."""
    publisher = pubsub_v1.PublisherClient(
        publisher_options=pubsub_v1.types.PublisherOptions(enable_message_ordering=True),
        transport=PublisherGrpcTransport(channel=grpc.insecure_channel(address)),
    )
    subscriber = pubsub_v1.SubscriberClient(transport=SubscriberGrpcTransport(channel=grpc.insecure_channel(address)))
    yield publisher, subscriber
    subscriber.close()


def test_messages_come_and_are_acknowledged_on_the_stream(topic, subscription, publish, stream, nothing):
    made = topic()
    reader = subscription(made)
    opened = stream(reader)
    publish(made, "a", "b")
    came = opened.messages(2)
    opened.say(ack_ids=[one.ack_id for one in came])
    nothing(reader, 12)


def test_a_stream_says_what_its_subscription_promises(topic, subscription, publish, stream):
    made = topic()
    opened = stream(subscription(made, enable_message_ordering=True))
    publish(made, "a")
    answer = next(iter(opened.answers))
    assert answer.subscription_properties.message_ordering_enabled
    assert not answer.subscription_properties.exactly_once_delivery_enabled


@pytest.mark.differs(google="ignores flow control")
def test_a_stream_holds_no_more_messages_than_it_may(topic, subscription, publish, stream, nothing, pull):
    made = topic()
    reader = subscription(made)
    opened = stream(reader, max_outstanding_messages=2, seconds=60)
    publish(made, *"abcde")
    first = opened.messages(2)
    assert len(first) == 2
    assert len(pull(reader, 3)) == 3
    nothing(reader)


@pytest.mark.differs(google="ignores flow control")
def test_messages_are_shared_among_streams(topic, subscription, publish, stream):
    made = topic()
    reader = subscription(made)
    first = stream(reader, max_outstanding_messages=1, seconds=60)
    second = stream(reader, max_outstanding_messages=1, seconds=60)
    publish(made, "a", "b")
    came = first.messages(1) + second.messages(1)
    assert {one.message.data for one in came} == {b"a", b"b"}


@pytest.mark.differs(google="lets the stream wait")
def test_a_stream_of_nothing_fails(subscriber, project):
    request = {"subscription": f"{project}/subscriptions/none", "stream_ack_deadline_seconds": 10}
    with pytest.raises(NotFound):
        for _ in subscriber.streaming_pull(requests=iter([request]), timeout=30, retry=None):
            pass


def test_the_deadline_of_a_stream_has_bounds(subscriber, topic, subscription):
    request = {"subscription": subscription(topic()), "stream_ack_deadline_seconds": 5}
    with pytest.raises(InvalidArgument):
        for _ in subscriber.streaming_pull(requests=iter([request]), timeout=30, retry=None):
            pass


def test_a_stream_ends_with_its_subscription(subscriber, topic, subscription, stream):
    reader = subscription(topic())
    opened = stream(reader)
    threading.Timer(0.5, subscriber.delete_subscription, kwargs={"subscription": reader}).start()
    with pytest.raises(NotFound):
        opened.messages(1)


def test_five_thousand_messages_reach_the_callback(clients, topic, subscription):
    publisher, subscriber = clients
    made = topic()
    reader = subscription(made)
    sent = {publisher.publish(made, str(number).encode()) for number in range(5000)}
    sent = {future.result(30) for future in sent}
    came, done = set(), threading.Event()

    def callback(message):
        came.add(message.message_id)
        message.ack()
        if len(came) >= 5000:
            done.set()

    pulling = subscriber.subscribe(reader, callback)
    assert done.wait(60) and came == sent
    pulling.cancel()
    pulling.result(30)


def test_the_callback_sees_a_key_in_order(clients, topic, subscription):
    publisher, subscriber = clients
    made = topic()
    reader = subscription(made, enable_message_ordering=True)
    for number in range(300):
        publisher.publish(made, str(number).encode(), ordering_key=f"k{number % 3}").result(30)
    came, done = {}, threading.Event()

    def callback(message):
        came.setdefault(message.ordering_key, []).append(int(message.data))
        message.ack()
        if sum(map(len, came.values())) >= 300:
            done.set()

    pulling = subscriber.subscribe(reader, callback)
    assert done.wait(60)
    assert came == {f"k{key}": list(range(key, 300, 3)) for key in range(3)}
    pulling.cancel()
    pulling.result(30)


def test_exactly_once_acknowledgements_are_confirmed(clients, topic, subscription, publish):
    _, subscriber = clients
    made = topic()
    reader = subscription(made, enable_exactly_once_delivery=True)
    publish(made, "a")
    confirmed = queue.Queue()
    pulling = subscriber.subscribe(reader, lambda message: confirmed.put(message.ack_with_response()))
    assert confirmed.get(timeout=20).result(20).name == "SUCCESS"
    pulling.cancel()
    pulling.result(30)


def test_an_ack_id_that_has_expired_fails_with_exactly_once_delivery(subscriber, topic, subscription, publish, pull, ack):
    made = topic()
    reader = subscription(made, enable_exactly_once_delivery=True, ack_deadline_seconds=10)
    publish(made, "a")
    first = pull(reader)
    again = pull(reader, seconds=60)
    with pytest.raises(InvalidArgument) as failed:
        ack(reader, first)
    info = failed.value.details[0]
    assert dict(info.metadata) == {first[0].ack_id: "PERMANENT_FAILURE_INVALID_ACK_ID"}
    ack(reader, again)
