"""Leases: a message that was received is hidden, comes back, is deleted."""

import threading
import time

import pytest
from sqs.errors import refused
from support.wait import eventually


def test_a_received_message_is_hidden_until_its_time_is_over(sqs, queue, receive, count):
    url = queue(VisibilityTimeout=2)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    begun = time.monotonic()
    [first] = receive(url)
    assert receive(url) == [] and count(url) == (0, 1, 0)
    second = eventually(lambda: receive(url), "the message comes back")[0]
    assert time.monotonic() - begun > 1.8
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    first_times = {message["Attributes"]["ApproximateFirstReceiveTimestamp"] for message in (first, second)}
    assert len(first_times) == 1


def test_the_time_of_a_receive(sqs, queue, receive):
    url = queue(VisibilityTimeout=600)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    receive(url, VisibilityTimeout=1)
    assert eventually(lambda: receive(url), "the message comes back")


def test_deleted_messages_do_not_come_back(sqs, queue, receive, count):
    url = queue(VisibilityTimeout=0)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    [message] = receive(url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert receive(url) == [] and count(url) == (0, 0, 0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_a_message_given_back_comes_at_once(sqs, queue, receive):
    url = queue()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    [message] = receive(url)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert len(receive(url)) == 1


def test_a_lease_can_be_extended(sqs, queue, receive):
    url = queue(VisibilityTimeout=1)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    [message] = receive(url)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=30)
    assert receive(url, wait=2) == []


@pytest.mark.differs(moto="takes a negative time")
def test_not_longer_than_twelve_hours(sqs, queue, receive):
    url = queue()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    [message] = receive(url)
    for bad in (-1, 43201):
        with refused("InvalidParameterValue"):
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=bad)


@pytest.mark.differs(moto="says that the message is not in flight")
def test_changing_a_deleted_message_is_refused(sqs, queue, receive):
    url = queue()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    [message] = receive(url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    with refused("InvalidParameterValue", text="ReceiptHandle"):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=1)


@pytest.mark.differs(moto="takes it without a word", localstack="takes it without a word")
def test_changing_a_message_that_is_visible_is_refused(sqs, queue, receive):
    url = queue()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    [message] = receive(url, VisibilityTimeout=0)
    with refused("MessageNotInflight"):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=1)


@pytest.mark.parametrize("handle", ["x", "AAAA"])
def test_receipts_of_nowhere(sqs, queue, handle):
    url = queue()
    with refused("ReceiptHandleIsInvalid"):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    with refused("ReceiptHandleIsInvalid"):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=1)


def test_a_long_poll_ends_with_the_first_message(sqs, queue, receive):
    url = queue()
    begun = time.monotonic()
    sender = threading.Timer(1.0, sqs.send_message, kwargs={"QueueUrl": url, "MessageBody": "x"})
    sender.start()
    assert len(receive(url, wait=20)) == 1
    assert time.monotonic() - begun < 10
    sender.join()


def test_a_long_poll_ends_empty(sqs, queue, receive):
    url = queue(ReceiveMessageWaitTimeSeconds=2)
    begun = time.monotonic()
    answer = sqs.receive_message(QueueUrl=url)
    assert "Messages" not in answer
    assert 1.5 < time.monotonic() - begun < 10
    assert receive(url, wait=0) == []


def test_a_long_poll_sees_a_lease_end(sqs, queue, receive):
    url = queue(VisibilityTimeout=2)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    receive(url)
    begun = time.monotonic()
    assert len(receive(url, wait=20)) == 1
    assert time.monotonic() - begun < 10
