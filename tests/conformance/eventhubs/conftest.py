"""Fixtures of the Event Hubs suite: hubs that nobody else uses, and clients of Microsoft's own SDK."""

import ssl
import threading
import urllib.error
import urllib.request
import uuid

import pytest
from azure.eventhub import EventData, EventHubConsumerClient, EventHubProducerClient

ENTRY = (
    '<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml">'
    '<EventHubDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect">'
    "<MessageRetentionInDays>1</MessageRetentionInDays><PartitionCount>{}</PartitionCount>"
    "</EventHubDescription></content></entry>"
)


class Namespace:
    """The namespace under test."""

    def __init__(self, endpoint, certificate):
        self.endpoint = endpoint
        #: The file with the certificate that the server shows, which signs itself.
        self.certificate = certificate

    @property
    def connection_string(self):
        """Without TLS, as for Microsoft's own emulator."""
        return (
            f"Endpoint=sb://{self.endpoint};SharedAccessKeyName=RootManageSharedAccessKey;"
            "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;"
        )

    @property
    def secure_connection_string(self):
        """With TLS, as for the service."""
        return (
            f"Endpoint=sb://{self.endpoint};SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE"
        )

    def http(self, method, path, body=None):
        """Status and body of a request to the management API."""
        data = body.encode() if body is not None else None
        request = urllib.request.Request(f"http://{self.endpoint}/{path}?api-version=2014-01", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def create(self, partitions=1, groups=()):
        """Makes a hub of a new name."""
        name = f"t-{uuid.uuid4().hex[:16]}"
        status, _ = self.http("PUT", name, ENTRY.format(partitions))
        assert status == 201
        for group in groups:
            status, _ = self.http("PUT", f"{name}/ConsumerGroups/{group}", "")
            assert status == 201
        return name

    def producer(self, hub, **options):
        """A producer that does not try again, so that every error is seen."""
        return EventHubProducerClient.from_connection_string(
            self.connection_string, eventhub_name=hub, retry_total=0, **options
        )

    def consumer(self, hub, group="$Default", **options):
        """The same for a consumer."""
        return EventHubConsumerClient.from_connection_string(
            self.connection_string, group, eventhub_name=hub, retry_total=0, **options
        )

    def send(self, hub, bodies, **options):
        """Sends events as one batch."""
        with self.producer(hub) as producer:
            batch = producer.create_batch(**options)
            for body in bodies:
                batch.add(body if isinstance(body, EventData) else EventData(body))
            producer.send_batch(batch)

    def receive(self, hub, count, group="$Default", partition=None, start="-1", timeout=20, **options):
        """The next `count` events with their partitions, or fewer if no more come in time."""
        events, enough, errors = [], threading.Event(), []

        def on_event(context, event):
            if event is not None and len(events) < count:
                events.append((context.partition_id, event))
                if len(events) == count:
                    enough.set()

        def on_error(_context, error):
            errors.append(error)
            enough.set()

        consumer = self.consumer(hub, group)
        receive = lambda: consumer.receive(
            on_event, partition_id=partition, starting_position=start, on_error=on_error, **options
        )
        thread = threading.Thread(target=receive, daemon=True)
        thread.start()
        enough.wait(timeout)
        consumer.close()
        thread.join(20)
        if errors and len(events) < count:
            raise errors[0]
        return events


@pytest.fixture(scope="session")
def namespace(request, tmp_path_factory):
    """The namespace under test."""
    endpoint = request.config.getoption("--eventhubs-endpoint")
    if not endpoint:
        pytest.exit("--eventhubs-endpoint HOST:PORT is needed; eventhubs.sh gives it", returncode=2)
    host, port = endpoint.rsplit(":", 1)
    certificate = tmp_path_factory.mktemp("server") / "certificate.pem"
    certificate.write_text(ssl.get_server_certificate((host, int(port))))
    return Namespace(endpoint, certificate)
