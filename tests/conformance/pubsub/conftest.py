"""Fixtures of the Pub/Sub suite: Google's own clients, names that nobody else uses, and the marker `differs`."""

import time
import uuid

import grpc
import pytest
import requests
from google.api_core.exceptions import DeadlineExceeded
from google.pubsub_v1 import PublisherClient, SchemaServiceClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.schema_service.transports import SchemaServiceGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport
from support.pubsub import texts


def pytest_configure(config):
    config.addinivalue_line("markers", "differs(server=reason, ...): servers that do otherwise than Google documents")


def pytest_collection_modifyitems(config, items):
    """What an independent server is known to get wrong is expected to fail there, and there alone."""
    server = config.getoption("--pubsub-server")
    for item in items:
        for marker in item.iter_markers("differs"):
            if server in marker.kwargs:
                item.add_marker(pytest.mark.xfail(reason=marker.kwargs[server], strict=True))


@pytest.fixture(scope="session")
def address(request):
    """HOST:PORT of the server under test."""
    address = request.config.getoption("--pubsub-address")
    if not address:
        pytest.exit("--pubsub-address HOST:PORT is needed; tests/conformance/pubsub.sh gives it", returncode=2)
    return address


@pytest.fixture(scope="session")
def channel(address):
    """A channel to it, without TLS, for messages of any size."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(address, options=options) as channel:
        yield channel


@pytest.fixture(scope="session")
def publisher(channel):
    return PublisherClient(transport=PublisherGrpcTransport(channel=channel))


@pytest.fixture(scope="session")
def subscriber(channel):
    return SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))


@pytest.fixture(scope="session")
def schemas(channel):
    return SchemaServiceClient(transport=SchemaServiceGrpcTransport(channel=channel))


@pytest.fixture
def project():
    """A project of the test's own."""
    return f"projects/p-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def topic(publisher, project):
    """Makes topics: `topic(labels={...})` returns the name."""

    def make(name="orders", **options):
        return publisher.create_topic(request={"name": f"{project}/topics/{name}", **options}).name

    return make


@pytest.fixture
def subscription(subscriber, project):
    """Makes subscriptions to a topic: `subscription(topic, filter=...)` returns the name."""
    count = iter(range(1000))

    def make(topic, **options):
        name = f"{project}/subscriptions/sub-{next(count)}"
        return subscriber.create_subscription(request={"name": name, "topic": topic, **options}).name

    return make


@pytest.fixture
def publish(publisher):
    """Publishes texts, with the same key and attributes, and returns the ids."""

    def publish(topic, *texts, key="", **attributes):
        messages = [{"data": text.encode(), "ordering_key": key, "attributes": attributes} for text in texts]
        return list(publisher.publish(request={"topic": topic, "messages": messages}).message_ids)

    return publish


@pytest.fixture
def pull(subscriber):
    """Pulls until there are as many messages, or for so many seconds; returns what came."""

    def pull(subscription, number=1, seconds=60, most=1000):
        came, end = [], time.monotonic() + seconds
        while len(came) < number and time.monotonic() < end:
            request = {"subscription": subscription, "max_messages": most}
            try:
                came += subscriber.pull(request=request, timeout=max(0.2, end - time.monotonic()), retry=None).received_messages
            except DeadlineExceeded:
                pass
        return came

    return pull


@pytest.fixture
def nothing(subscriber):
    """Asserts that there is nothing to pull for a moment."""

    def nothing(subscription, seconds=0.7):
        try:
            request = {"subscription": subscription, "max_messages": 10}
            came = subscriber.pull(request=request, timeout=seconds, retry=None).received_messages
        except DeadlineExceeded:
            came = []
        assert texts(came) == []

    return nothing


@pytest.fixture
def ack(subscriber):
    """Acknowledges what was pulled."""

    def ack(subscription, messages):
        ids = [message.ack_id for message in messages]
        subscriber.acknowledge(request={"subscription": subscription, "ack_ids": ids})

    return ack


@pytest.fixture
def deadline(subscriber):
    """Changes the deadline of what was pulled; 0 gives it back."""

    def deadline(subscription, messages, seconds):
        ids = [message.ack_id for message in messages]
        request = {"subscription": subscription, "ack_ids": ids, "ack_deadline_seconds": seconds}
        subscriber.modify_ack_deadline(request=request)

    return deadline


@pytest.fixture
def rest(address):
    """Asks by REST: `rest("GET", "projects/p/topics")` returns the status and the JSON."""

    def rest(method, path, body=None, **query):
        answer = requests.request(method, f"http://{address}/v1/{path}", json=body, params=query, timeout=30)
        return answer.status_code, answer.json()

    return rest

