"""Batches: entry by entry, and the rules of the whole."""

import pytest
from sqs.errors import refused


def entries(number, **more):
    return [{"Id": f"e{at}", "MessageBody": f"m{at}", **more} for at in range(number)]


def test_a_batch_of_ten_goes_through(sqs, queue, receive, count):
    url = queue()
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries(10))
    assert [entry["Id"] for entry in sent["Successful"]] == [f"e{at}" for at in range(10)]
    assert not sent.get("Failed")
    messages = receive(url)
    assert {message["Body"] for message in messages} <= {f"m{at}" for at in range(10)}
    handles = [{"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]} for at, message in enumerate(messages)]
    changed = sqs.change_message_visibility_batch(
        QueueUrl=url, Entries=[{**entry, "VisibilityTimeout": 60} for entry in handles]
    )
    assert len(changed["Successful"]) == len(messages)
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=handles)
    assert [entry["Id"] for entry in deleted["Successful"]] == [entry["Id"] for entry in handles]
    assert sum(count(url)) == 10 - len(messages)


@pytest.mark.parametrize(
    ("batch", "shape"),
    [
        ([], "EmptyBatchRequest"),
        (entries(11), "TooManyEntriesInBatchRequest"),
        ([*entries(1), *entries(1)], "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "MessageBody": "x"}], "InvalidBatchEntryId"),
        ([{"Id": "x" * 81, "MessageBody": "x"}], "InvalidBatchEntryId"),
    ],
)
def test_rules_of_the_whole(sqs, queue, batch, shape):
    with refused(shape):
        sqs.send_message_batch(QueueUrl=queue(), Entries=batch)


def test_total_size(sqs, queue):
    url = queue()
    half = "x" * (1 << 19)
    batch = [{"Id": "a", "MessageBody": half}, {"Id": "b", "MessageBody": half}]
    assert len(sqs.send_message_batch(QueueUrl=url, Entries=batch)["Successful"]) == 2
    with refused("BatchRequestTooLong"):
        sqs.send_message_batch(QueueUrl=url, Entries=[*batch, {"Id": "c", "MessageBody": "x"}])


@pytest.mark.differs(moto="refuses the whole batch, or accepts control characters")
def test_a_bad_entry_fails_alone(sqs, queue, receive):
    url = queue()
    batch = [{"Id": "good", "MessageBody": "x"}, {"Id": "bad", "MessageBody": "\x00"}]
    sent = sqs.send_message_batch(QueueUrl=url, Entries=batch)
    assert [entry["Id"] for entry in sent["Successful"]] == ["good"]
    [failed] = sent["Failed"]
    assert (failed["Id"], failed["SenderFault"], failed["Code"]) == ("bad", True, "InvalidMessageContents")
    assert [message["Body"] for message in receive(url)] == ["x"]


def test_bad_receipts_fail_alone(sqs, queue, receive):
    url = queue()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    [message] = receive(url)
    batch = [{"Id": "good", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "bad", "ReceiptHandle": "x"}]
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=batch)
    assert [entry["Id"] for entry in deleted["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"]) for entry in deleted["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]


def test_attributes_and_delays_of_entries(sqs, queue, receive):
    url = queue()
    attribute = {"a": {"DataType": "String", "StringValue": "1"}}
    batch = [
        {"Id": "a", "MessageBody": "x", "MessageAttributes": attribute},
        {"Id": "b", "MessageBody": "y", "DelaySeconds": 600},
    ]
    sent = sqs.send_message_batch(QueueUrl=url, Entries=batch)["Successful"]
    assert ["MD5OfMessageAttributes" in entry for entry in sent] == [True, False]
    [message] = receive(url)
    assert message["MessageAttributes"] == attribute
