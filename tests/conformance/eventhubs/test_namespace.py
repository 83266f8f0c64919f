"""What is known of hubs, over AMQP and over HTTP."""

import time
import xml.etree.ElementTree as xml

import pytest
from azure.core.credentials import AccessToken, AzureSasCredential
from azure.eventhub import EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

CONNECT = "{http://schemas.microsoft.com/netservices/2010/10/servicebus/connect}"


def test_hub_and_partitions_are_described(namespace):
    hub = namespace.create(partitions=3)
    namespace.send(hub, ["a", "b"], partition_id="1")
    with namespace.producer(hub) as producer:
        about = producer.get_eventhub_properties()
        assert about["eventhub_name"] == hub and about["partition_ids"] == ["0", "1", "2"]
        assert abs(time.time() - about["created_at"].timestamp()) < 600
        used, unused = producer.get_partition_properties("1"), producer.get_partition_properties("0")
    assert not used["is_empty"] and used["last_enqueued_sequence_number"] == 1
    assert used["beginning_sequence_number"] == 0 and used["last_enqueued_offset"] == "1"
    assert unused["is_empty"] and unused["last_enqueued_sequence_number"] == -1


def test_a_partition_that_is_not_there_has_no_description(namespace):
    hub = namespace.create()
    with namespace.producer(hub) as producer, pytest.raises(EventHubError):
        producer.get_partition_properties("5")


def test_names_do_not_depend_on_case(namespace):
    hub = namespace.create()
    namespace.send(hub.upper(), ["x"])
    assert len(namespace.receive(hub, 1)) == 1


def test_a_hub_is_made_described_listed_and_deleted_over_http(namespace):
    hub = namespace.create(partitions=4)
    status, text = namespace.http("GET", hub)
    entry = xml.fromstring(text)
    assert status == 200 and entry.find(f".//{CONNECT}PartitionCount").text == "4"
    assert [number.text for number in entry.find(f".//{CONNECT}PartitionIds")] == ["0", "1", "2", "3"]
    status, _ = namespace.http("PUT", hub, "")
    assert status == 409
    status, text = namespace.http("GET", "$Resources/EventHubs")
    titles = [title.text for title in xml.fromstring(text).iter("{http://www.w3.org/2005/Atom}title")]
    assert status == 200 and hub in titles
    assert namespace.http("DELETE", hub)[0] == 200
    assert namespace.http("DELETE", hub)[0] == 404


def test_consumer_groups_are_made_listed_and_deleted_over_http(namespace):
    hub = namespace.create(groups=["readers"])
    status, text = namespace.http("GET", f"{hub}/ConsumerGroups")
    assert status == 200 and "$Default" in text and "readers" in text
    assert namespace.http("DELETE", f"{hub}/ConsumerGroups/readers")[0] == 200
    assert namespace.http("GET", f"{hub}/ConsumerGroups/readers")[0] == 404


def test_the_namespace_is_healthy(namespace):
    status, text = namespace.http("GET", "health")
    assert status == 200 and '"healthy"' in text


class Token:
    """A credential that gives always the same token."""

    def __init__(self, token):
        self.token = token

    def get_token(self, *_scopes, **_options):
        """The token, which claims to be good for an hour."""
        return AccessToken(self.token, int(time.time()) + 3600)


@pytest.mark.parametrize(
    "signature",
    [
        "SharedAccessSignature sr=sb%3A%2F%2Flocalhost&sig=c2ln&se=1000&skn=root",
        "SharedAccessSignature sig=c2ln",
        "nonsense",
    ],
)
def test_tokens_that_are_no_good_are_refused(namespace, signature):
    hub = namespace.create()
    producer = EventHubProducerClient(
        namespace.endpoint, hub, AzureSasCredential(signature), retry_total=0, use_tls=False
    )
    with producer, pytest.raises(EventHubError):
        producer.get_eventhub_properties()


def test_a_good_signature_is_taken(namespace):
    hub = namespace.create()
    signature = f"SharedAccessSignature sr=sb%3A%2F%2Fany%2F{hub}&sig=c2ln&se={int(time.time()) + 600}&skn=root"
    producer = EventHubProducerClient(
        namespace.endpoint, hub, AzureSasCredential(signature), retry_total=0, use_tls=False
    )
    with producer:
        assert producer.get_partition_ids() == ["0"]
