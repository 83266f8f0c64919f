"""Fixtures of the SQS suite: clients of AWS's own SDKs, queues that nobody else uses, and the marker `differs`."""

import os
import uuid

import boto3
import pytest
from botocore.config import Config
from sqs.javascript import JavaScriptClient

CLIENTS = ("boto3", "javascript")
"""The clients that every test goes through, unless its module names others."""


def pytest_configure(config):
    config.addinivalue_line("markers", "differs(server=reason, ...): servers that do otherwise than AWS documents")


def pytest_generate_tests(metafunc):
    if "sqs" in metafunc.fixturenames:
        clients = getattr(metafunc.module, "CLIENTS", CLIENTS)
        metafunc.parametrize("sqs", clients, indirect=True, scope="session")


def pytest_collection_modifyitems(config, items):
    """What an independent server is known to get wrong is expected to fail there, and there alone."""
    server = config.getoption("--aws-server")
    for item in items:
        for marker in item.iter_markers("differs"):
            if server in marker.kwargs:
                item.add_marker(pytest.mark.xfail(reason=marker.kwargs[server], strict=True))


@pytest.fixture(scope="session")
def endpoint(request):
    """URL of the server under test."""
    url = request.config.getoption("--aws-endpoint")
    if not url:
        pytest.exit("--aws-endpoint URL is needed; tests/conformance/sqs.sh gives it", returncode=2)
    return url


def client_of(service, endpoint, region="us-east-1"):
    """A client that does not retry, so that every error is seen."""
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=20, read_timeout=60)
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )


@pytest.fixture(scope="session")
def sqs(endpoint, request):
    """A client of SQS, which is called as boto3's is."""
    boto = client_of("sqs", endpoint)
    if request.param == "boto3":
        yield boto
        return
    if not os.environ.get("SQS_JS"):
        pytest.fail("SQS_JS is not set; tests/conformance/sqs.sh gives it", pytrace=False)
    client = JavaScriptClient(os.environ["SQS_JS"], endpoint, boto.exceptions)
    yield client
    client.close()


@pytest.fixture(scope="session")
def sts(endpoint):
    """A client of STS."""
    return client_of("sts", endpoint)


@pytest.fixture
def name():
    """Makes names that were never used."""
    return lambda suffix="": f"t-{uuid.uuid4().hex[:16]}{suffix}"


@pytest.fixture
def queue(sqs, name):
    """Makes queues, and deletes them after the test: `queue(VisibilityTimeout=5)` returns the URL."""
    made = []

    def make(fifo=False, queue_name=None, **attributes):
        values = {key: str(value) for key, value in attributes.items()}
        if fifo:
            values["FifoQueue"] = "true"
        queue_name = queue_name or name(".fifo" if fifo else "")
        made.append(sqs.create_queue(QueueName=queue_name, Attributes=values)["QueueUrl"])
        return made[-1]

    yield make
    for url in made:
        try:
            sqs.delete_queue(QueueUrl=url)
        except sqs.exceptions.QueueDoesNotExist:
            pass


@pytest.fixture
def arn(sqs):
    """The ARN of a queue."""
    return lambda url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


@pytest.fixture
def receive(sqs):
    """Receives with a short wait, every attribute asked for."""

    def receive(url, number=10, wait=0, **more):
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=number,
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            **more,
        )
        return answer.get("Messages", [])

    return receive


@pytest.fixture
def count(sqs):
    """How many messages a queue says it has: visible, in flight, delayed."""
    names = [f"ApproximateNumberOfMessages{what}" for what in ("", "NotVisible", "Delayed")]

    def count(url):
        values = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return tuple(int(values[name]) for name in names)

    return count
