"""Fixtures of the Kinesis suite: a client of AWS's own SDK, streams that nobody else uses, and the marker `differs`."""

import time
import uuid

import boto3
import pytest
from botocore.config import Config


def pytest_configure(config):
    config.addinivalue_line("markers", "differs(server=reason, ...): servers that do otherwise than AWS documents")


def pytest_collection_modifyitems(config, items):
    """What an independent server is known to get wrong is expected to fail there, and there alone."""
    server = config.getoption("--aws-server").replace("-", "_")
    for item in items:
        for marker in item.iter_markers("differs"):
            if server in marker.kwargs:
                item.add_marker(pytest.mark.xfail(reason=marker.kwargs[server], strict=True))


@pytest.fixture(scope="session")
def endpoint(request):
    """URL of the server under test."""
    url = request.config.getoption("--aws-endpoint")
    if not url:
        pytest.exit("--aws-endpoint URL is needed; tests/conformance/kinesis.sh gives it", returncode=2)
    return url


@pytest.fixture(scope="session")
def client_of(endpoint):
    """Makes clients that do not retry, so that every error is seen."""

    def client_of(region="us-east-1"):
        return boto3.client(
            "kinesis",
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=20, read_timeout=60),
        )

    return client_of


@pytest.fixture(scope="session")
def kinesis(client_of):
    """A client of Kinesis."""
    return client_of()


@pytest.fixture
def name():
    """Makes names that were never used."""
    return lambda: f"t-{uuid.uuid4().hex[:16]}"


@pytest.fixture
def active(kinesis):
    """Waits until a stream is ACTIVE and returns its summary."""

    def active(stream):
        end = time.monotonic() + 120
        while True:
            summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
            if summary["StreamStatus"] == "ACTIVE":
                return summary
            assert time.monotonic() < end, summary
            time.sleep(0.05)

    return active


@pytest.fixture
def stream(kinesis, name, active):
    """Makes streams, and deletes them after the test: `stream(2)` returns the name."""
    made = []

    def make(shards=1):
        made.append(name())
        kinesis.create_stream(StreamName=made[-1], ShardCount=shards)
        active(made[-1])
        return made[-1]

    yield make
    for stream in made:
        try:
            kinesis.delete_stream(StreamName=stream, EnforceConsumerDeletion=True)
        except kinesis.exceptions.ResourceNotFoundException:
            pass


@pytest.fixture
def arn(kinesis):
    """The ARN of a stream."""
    return lambda stream: kinesis.describe_stream(StreamName=stream)["StreamDescription"]["StreamARN"]


@pytest.fixture
def shards(kinesis):
    """The shards of a stream, by id."""
    return lambda stream: kinesis.list_shards(StreamName=stream)["Shards"]


@pytest.fixture
def iterator(kinesis):
    """An iterator of a shard: `iterator(stream, shard, "LATEST")`."""

    def iterator(stream, shard="shardId-000000000000", kind="TRIM_HORIZON", **more):
        answer = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType=kind, **more)
        return answer["ShardIterator"]

    return iterator


@pytest.fixture
def read(kinesis, iterator):
    """All records of a shard that are there now, or from an iterator on."""

    def read(stream, shard="shardId-000000000000", kind="TRIM_HORIZON", **more):
        place, records, empty = iterator(stream, shard, kind, **more), [], 0
        while place and empty < 10:
            answer = kinesis.get_records(ShardIterator=place)
            records += answer["Records"]
            place = answer.get("NextShardIterator")
            if not answer["Records"] and answer["MillisBehindLatest"] == 0:
                break
            empty = 0 if answer["Records"] else empty + 1
        return records

    return read
