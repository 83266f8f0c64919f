"""Messages: what is sent is received, digests, attributes, limits, delay."""

import hashlib
import struct
import time

import pytest
from sqs.errors import refused
from support.wait import eventually


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def attributes_md5(attributes):
    """The digest of message attributes, as the developer guide describes it."""
    digest = hashlib.md5()

    def add(data):
        digest.update(struct.pack(">I", len(data)) + data)

    for key in sorted(attributes):
        value = attributes[key]
        add(key.encode())
        add(value["DataType"].encode())
        is_binary = value["DataType"].startswith("Binary")
        digest.update(b"\x02" if is_binary else b"\x01")
        add(value["BinaryValue"] if is_binary else value["StringValue"].encode())
    return digest.hexdigest()


ATTRIBUTES = {
    "city": {"DataType": "String", "StringValue": "Zürich"},
    "city.zip": {"DataType": "Number.int", "StringValue": "8001"},
    "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff\x80"},
}


@pytest.mark.parametrize("body", ["hello", "<a>&amp;\"'\r\n\t</a>", "é\u20ac\U0001f600\ufffd", " ", "{\"a\": 1}"])
def test_bodies_come_back(sqs, queue, receive, body):
    url = queue()
    sent = sqs.send_message(QueueUrl=url, MessageBody=body)
    assert sent["MD5OfMessageBody"] == md5(body)
    [message] = receive(url)
    assert message["Body"] == body
    assert message["MessageId"] == sent["MessageId"]
    assert message["MD5OfBody"] == md5(body)


def test_attributes_come_back_with_their_digest(sqs, queue, receive):
    url = queue()
    sent = sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=ATTRIBUTES)
    assert sent["MD5OfMessageAttributes"] == attributes_md5(ATTRIBUTES)
    [message] = receive(url)
    assert message["MessageAttributes"] == ATTRIBUTES
    assert message["MD5OfMessageAttributes"] == attributes_md5(ATTRIBUTES)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], set()),
        (["city"], {"city"}),
        (["city.*"], {"city", "city.zip"}),
        ([".*"], set(ATTRIBUTES)),
        (["none", "raw"], {"raw"}),
    ],
)
def test_attributes_that_are_asked_for(sqs, queue, asked, expected):
    url = queue()
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=ATTRIBUTES)
    [message] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=asked)["Messages"]
    assert message.get("MessageAttributes", {}).keys() == expected
    chosen = {key: ATTRIBUTES[key] for key in expected}
    assert message.get("MD5OfMessageAttributes") == (attributes_md5(chosen) if chosen else None)


@pytest.mark.differs(moto="gives no digest of system attributes")
def test_system_attributes(sqs, queue, receive):
    url = queue(VisibilityTimeout=0)
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}
    before = int(time.time() * 1000) - 2000
    sent = sqs.send_message(QueueUrl=url, MessageBody="x", MessageSystemAttributes=trace)
    assert sent["MD5OfMessageSystemAttributes"] == attributes_md5(trace)
    receive(url)
    [message] = receive(url)
    found = message["Attributes"]
    assert found["ApproximateReceiveCount"] == "2"
    assert found["AWSTraceHeader"] == trace["AWSTraceHeader"]["StringValue"]
    assert before <= int(found["SentTimestamp"]) <= int(found["ApproximateFirstReceiveTimestamp"])
    assert found["SenderId"]
    assert not {"SequenceNumber", "MessageGroupId"} & found.keys()


def test_system_attributes_by_either_parameter(sqs, queue):
    url = queue(VisibilityTimeout=0)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    [old] = sqs.receive_message(QueueUrl=url, AttributeNames=["SentTimestamp"])["Messages"]
    assert old["Attributes"].keys() == {"SentTimestamp"}
    [new] = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["SenderId"])["Messages"]
    assert new["Attributes"].keys() == {"SenderId"}
    [none] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert "Attributes" not in none


def test_greatest_message(sqs, queue, receive):
    url = queue()
    sqs.send_message(QueueUrl=url, MessageBody="x" * (1 << 20))
    assert [len(message["Body"]) for message in receive(url)] == [1 << 20]
    with refused("InvalidParameterValue", text="bytes"):
        sqs.send_message(QueueUrl=url, MessageBody="x" * ((1 << 20) + 1))


@pytest.mark.differs(moto="does not count attributes")
def test_attributes_count_for_the_size(sqs, queue):
    url = queue(MaximumMessageSize=1024)
    attribute = {"n": {"DataType": "String", "StringValue": "v" * 17}}
    sqs.send_message(QueueUrl=url, MessageBody="x" * 1000, MessageAttributes=attribute)
    with refused("InvalidParameterValue"):
        sqs.send_message(QueueUrl=url, MessageBody="x" * 1001, MessageAttributes=attribute)


@pytest.mark.differs(moto="takes them")
def test_empty_messages_are_refused(sqs, queue):
    with refused("MissingParameter", "InvalidParameterValue"):
        sqs.send_message(QueueUrl=queue(), MessageBody="")


@pytest.mark.differs(moto="accepts control characters")
@pytest.mark.parametrize("body", ["a\x00", "\x08", "\x1f", "\ufffe", "\uffff"])
def test_characters_that_are_not_allowed(sqs, queue, body):
    with refused("InvalidMessageContents"):
        sqs.send_message(QueueUrl=queue(), MessageBody=body)


UNCHECKED = pytest.mark.differs(moto="does not check it")


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        pytest.param(*("a", {"DataType": "String", "StringValue": ""}), marks=UNCHECKED),
        ("a", {"DataType": "Text", "StringValue": "x"}),
        pytest.param(*("a", {"DataType": "Number", "StringValue": "x"}), marks=UNCHECKED),
        pytest.param(*("AWS.a", {"DataType": "String", "StringValue": "x"}), marks=UNCHECKED),
        pytest.param(*("a..b", {"DataType": "String", "StringValue": "x"}), marks=UNCHECKED),
        ("a b", {"DataType": "String", "StringValue": "x"}),
    ],
)
def test_bad_attributes_are_refused(sqs, queue, attribute, value):
    with refused("InvalidParameterValue"):
        sqs.send_message(QueueUrl=queue(), MessageBody="x", MessageAttributes={attribute: value})


@pytest.mark.differs(moto="takes any number of attributes")
def test_more_than_ten_attributes_are_refused(sqs, queue):
    many = {f"a{number}": {"DataType": "String", "StringValue": "x"} for number in range(11)}
    with refused("InvalidParameterValue"):
        sqs.send_message(QueueUrl=queue(), MessageBody="x", MessageAttributes=many)


def test_delay_of_a_message(sqs, queue, receive, count):
    url = queue()
    sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=2)
    sqs.send_message(QueueUrl=url, MessageBody="now")
    assert [message["Body"] for message in receive(url)] == ["now"]
    assert count(url) == (0, 1, 1)
    assert [message["Body"] for message in receive(url, wait=10)] == ["late"]


def test_delay_of_the_queue(sqs, queue, receive):
    url = queue(DelaySeconds=2)
    begun = time.monotonic()
    sqs.send_message(QueueUrl=url, MessageBody="late")
    sqs.send_message(QueueUrl=url, MessageBody="now", DelaySeconds=0)
    assert [message["Body"] for message in receive(url)] == ["now"]
    assert eventually(lambda: receive(url), "the message comes")[0]["Body"] == "late"
    assert time.monotonic() - begun > 1.5


@pytest.mark.parametrize(
    "delay", [pytest.param(-1, marks=pytest.mark.differs(moto="takes a negative delay")), 901]
)
def test_bad_delays_are_refused(sqs, queue, delay):
    with refused("InvalidParameterValue", text="DelaySeconds"):
        sqs.send_message(QueueUrl=queue(), MessageBody="x", DelaySeconds=delay)


@pytest.mark.parametrize(
    "parameters",
    [{"MaxNumberOfMessages": 0}, {"MaxNumberOfMessages": 11}, {"WaitTimeSeconds": 21}, {"WaitTimeSeconds": -1}],
)
def test_bad_receives_are_refused(sqs, queue, parameters):
    with refused("InvalidParameterValue", text=next(iter(parameters))):
        sqs.receive_message(QueueUrl=queue(), **parameters)


def test_every_message_comes_once(sqs, queue, receive):
    url = queue()
    sent = {sqs.send_message(QueueUrl=url, MessageBody=str(number))["MessageId"] for number in range(50)}
    seen = []
    while messages := receive(url):
        seen += [message["MessageId"] for message in messages]
    assert len(seen) == 50 and set(seen) == sent


def test_fair_queues_take_a_group(sqs, queue, receive):
    url = queue()
    for number in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=str(number), MessageGroupId="tenant")
    # No order, and no lock: these are not FIFO.
    assert {receive(url, 1)[0]["Attributes"]["MessageGroupId"] for _ in range(3)} == {"tenant"}


@pytest.mark.differs(moto="takes them")
def test_dedup_ids_are_for_fifo(sqs, queue):
    with refused("InvalidParameterValue", text="MessageDeduplicationId"):
        sqs.send_message(QueueUrl=queue(), MessageBody="x", MessageDeduplicationId="d")
