"""FIFO queues: order, groups, deduplication."""

import pytest
from sqs.errors import refused
from support.wait import eventually


@pytest.fixture
def send(sqs):
    def send(url, body, group="g", dedup=None, **more):
        extra = {"MessageDeduplicationId": dedup} if dedup else {}
        return sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group, **extra, **more)

    return send


def bodies(messages):
    return [message["Body"] for message in messages]


def delete(sqs, url, messages):
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def fifo(queue):
    return lambda **attributes: queue(fifo=True, ContentBasedDeduplication="true", **attributes)


def test_order_within_a_group(sqs, fifo, send, receive):
    url = fifo()
    for number in range(25):
        send(url, str(number))
    seen = []
    while messages := receive(url):
        seen += bodies(messages)
        delete(sqs, url, messages)
    assert seen == [str(number) for number in range(25)]


@pytest.mark.differs(moto="has no SequenceNumber in what is received")
def test_sequence_numbers_grow(fifo, send, receive):
    url = fifo()
    sent = [send(url, str(number))["SequenceNumber"] for number in range(3)]
    assert sent == sorted(sent, key=int) and len(set(sent)) == 3
    assert [message["Attributes"]["SequenceNumber"] for message in receive(url)] == sent


def test_system_attributes(fifo, send, receive):
    url = fifo()
    send(url, "x", group="orders", dedup="id-1")
    [message] = receive(url)
    found = message["Attributes"]
    assert (found["MessageGroupId"], found["MessageDeduplicationId"]) == ("orders", "id-1")


def test_a_group_is_locked_while_one_of_it_is_in_flight(sqs, fifo, send, receive):
    url = fifo()
    for group in "ab":
        for number in range(2):
            send(url, f"{group}{number}", group=group)
    [first] = receive(url, 1)
    assert first["Body"] == "a0"
    others = receive(url)
    assert bodies(others) == ["b0", "b1"]
    assert receive(url) == []
    delete(sqs, url, [first])
    assert bodies(receive(url)) == ["a1"]


def test_a_message_that_comes_back_is_first_again(sqs, fifo, send, receive):
    url = fifo()
    for number in range(3):
        send(url, str(number))
    [first] = receive(url, 1)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    assert bodies(receive(url)) == ["0", "1", "2"]


@pytest.mark.differs(moto="takes them")
def test_expired_receipts_are_refused(sqs, fifo, send, receive):
    url = fifo(VisibilityTimeout=1)
    send(url, "x")
    [message] = receive(url)

    def is_back():
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return counts["Attributes"]["ApproximateNumberOfMessages"] == "1"

    eventually(is_back, "the lease ends")
    with refused("InvalidParameterValue", text="expired"):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


@pytest.mark.differs(moto="gives a duplicate an id of its own")
def test_duplicates_are_dropped(sqs, queue, send, receive):
    url = queue(fifo=True)
    first = send(url, "one", dedup="d")
    again = send(url, "two", dedup="d")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    messages = receive(url)
    assert bodies(messages) == ["one"]
    delete(sqs, url, messages)
    send(url, "three", dedup="d")
    assert receive(url) == []


@pytest.mark.differs(moto="does not know the group as a scope")
def test_the_scope_of_deduplication_can_be_the_group(queue, send, receive):
    url = queue(fifo=True, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    send(url, "a", group="a", dedup="d")
    send(url, "b", group="b", dedup="d")
    send(url, "c", group="b", dedup="d")
    assert sorted(bodies(receive(url))) == ["a", "b"]


def test_content_based_deduplication(fifo, send, receive):
    url = fifo()
    first, second = send(url, "same"), send(url, "same")
    assert first["MD5OfMessageBody"] == second["MD5OfMessageBody"]
    send(url, "other")
    assert bodies(receive(url)) == ["same", "other"]


def test_what_a_message_needs(sqs, queue):
    url = queue(fifo=True)
    with refused("MissingParameter", text="MessageGroupId"):
        sqs.send_message(QueueUrl=url, MessageBody="x", MessageDeduplicationId="d")
    with refused("InvalidParameterValue", text="MessageDeduplicationId"):
        sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g")


def test_no_delay_of_a_message(fifo, send):
    with refused("InvalidParameterValue", text="DelaySeconds"):
        send(fifo(), "x", DelaySeconds=1)


def test_delay_of_the_queue(fifo, send, receive):
    url = fifo(DelaySeconds=1)
    send(url, "x")
    assert receive(url) == []
    assert eventually(lambda: bodies(receive(url)), "the message comes") == ["x"]


@pytest.mark.differs(moto="ignores ReceiveRequestAttemptId")
def test_a_receive_can_be_tried_again(fifo, send, receive):
    url = fifo()
    for number in range(3):
        send(url, str(number))
    first = receive(url, 2, ReceiveRequestAttemptId="attempt")
    again = receive(url, 2, ReceiveRequestAttemptId="attempt")
    assert bodies(again) == bodies(first) == ["0", "1"]
    assert [message["ReceiptHandle"] for message in again] == [message["ReceiptHandle"] for message in first]


@pytest.mark.differs(moto="its sequence numbers do not grow within a batch")
def test_batches_keep_their_order(sqs, queue, receive):
    url = queue(fifo=True)
    batch = [
        {"Id": str(at), "MessageBody": str(at), "MessageGroupId": "g", "MessageDeduplicationId": str(at)}
        for at in range(10)
    ]
    sent = sqs.send_message_batch(QueueUrl=url, Entries=batch)["Successful"]
    numbers = [int(entry["SequenceNumber"]) for entry in sent]
    assert numbers == sorted(numbers)
    assert bodies(receive(url)) == [str(at) for at in range(10)]
