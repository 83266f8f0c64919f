"""Dead-letter queues and moving messages back."""

import json

import pytest
from sqs.errors import refused
from support.wait import eventually


@pytest.fixture
def pair(queue, arn):
    """A queue whose messages go to another one after a number of receives."""

    def pair(receives=1, fifo=False, **attributes):
        dead = queue(fifo=fifo)
        policy = json.dumps({"deadLetterTargetArn": arn(dead), "maxReceiveCount": receives})
        return queue(fifo=fifo, RedrivePolicy=policy, VisibilityTimeout=0, **attributes), dead

    return pair


def test_a_message_goes_after_its_receives(sqs, pair, receive, arn):
    url, dead = pair(receives=2)
    attribute = {"a": {"DataType": "String", "StringValue": "1"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=attribute)
    assert len(receive(url)) == 1 and len(receive(url)) == 1
    [message] = eventually(lambda: receive(url) or receive(dead), "the message moves")
    assert (message["Body"], message["MessageId"]) == ("x", sent["MessageId"])
    assert message["MessageAttributes"] == attribute
    assert receive(url) == []


@pytest.mark.differs(moto="has no DeadLetterQueueSourceArn")
def test_dead_letters_say_where_they_come_from(sqs, pair, receive, arn):
    url, dead = pair()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    receive(url)
    [message] = eventually(lambda: receive(url) or receive(dead), "the message moves")
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == arn(url)


def test_fifo_dead_letters_keep_their_group(sqs, pair, receive):
    url, dead = pair(fifo=True)
    for number in range(2):
        sqs.send_message(QueueUrl=url, MessageBody=str(number), MessageGroupId="g", MessageDeduplicationId=str(number))
    receive(url, 1)
    [message] = eventually(lambda: receive(url, 1) and receive(dead), "the first message moves")
    assert (message["Body"], message["Attributes"]["MessageGroupId"]) == ("0", "g")


@pytest.mark.differs(moto="does not check all of it")
@pytest.mark.parametrize(
    "change",
    [
        {"maxReceiveCount": 0},
        {"maxReceiveCount": 1001},
        {"maxReceiveCount": None},
        {"deadLetterTargetArn": None},
        {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:none-of-that-name"},
    ],
)
def test_bad_policies_are_refused(sqs, queue, arn, change):
    policy = {"deadLetterTargetArn": arn(queue()), "maxReceiveCount": 3, **change}
    policy = {key: value for key, value in policy.items() if value is not None}
    with refused("InvalidParameterValue", text="RedrivePolicy"):
        sqs.set_queue_attributes(QueueUrl=queue(), Attributes={"RedrivePolicy": json.dumps(policy)})


@pytest.mark.differs(moto="lets the kinds differ", localstack="lets the kinds differ")
def test_both_are_of_one_kind(sqs, queue, arn):
    policy = json.dumps({"deadLetterTargetArn": arn(queue()), "maxReceiveCount": 3})
    with refused("InvalidParameterValue"):
        sqs.set_queue_attributes(QueueUrl=queue(fifo=True), Attributes={"RedrivePolicy": policy})


@pytest.mark.differs(moto="ignores RedriveAllowPolicy", localstack="ignores RedriveAllowPolicy")
def test_a_queue_can_refuse_dead_letters(sqs, queue, arn):
    dead = queue(RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
    policy = json.dumps({"deadLetterTargetArn": arn(dead), "maxReceiveCount": 3})
    with refused("InvalidParameterValue"):
        sqs.set_queue_attributes(QueueUrl=queue(), Attributes={"RedrivePolicy": policy})


def test_sources_are_listed(sqs, pair, queue):
    url, dead = pair()
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    assert sqs.list_dead_letter_source_queues(QueueUrl=url).get("queueUrls", []) == []


MOVES = pytest.mark.differs(moto="has no move tasks")


def bury(sqs, receive, url, dead, number):
    """Has so many messages become dead letters."""
    for at in range(number):
        sqs.send_message(QueueUrl=url, MessageBody=f"m{at}")
    seen = 0
    while seen < number:
        seen += len(receive(url))

    def are_dead():
        receive(url)
        counts = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])
        return int(counts["Attributes"]["ApproximateNumberOfMessages"]) == number

    eventually(are_dead, "all messages are dead letters")


@MOVES
def test_messages_move_back(sqs, pair, receive, arn):
    url, dead = pair()
    bury(sqs, receive, url, dead, 12)
    handle = sqs.start_message_move_task(SourceArn=arn(dead))["TaskHandle"]
    assert handle

    def ended():
        [task] = sqs.list_message_move_tasks(SourceArn=arn(dead))["Results"]
        return task if task["Status"] == "COMPLETED" else None

    task = eventually(ended, "the task ends")
    assert task["ApproximateNumberOfMessagesMoved"] == 12
    assert task["SourceArn"] == arn(dead)
    bodies = set()
    while messages := receive(url):
        bodies |= {message["Body"] for message in messages}
    assert bodies == {f"m{at}" for at in range(12)}


@MOVES
def test_messages_move_to_another_queue(sqs, pair, queue, receive, arn):
    url, dead = pair()
    bury(sqs, receive, url, dead, 3)
    other = queue()
    sqs.start_message_move_task(SourceArn=arn(dead), DestinationArn=arn(other))
    seen = set()

    def all_there():
        seen.update(message["Body"] for message in receive(other))
        return len(seen) == 3

    eventually(all_there, "all messages are there")


@MOVES
def test_a_task_can_be_cancelled(sqs, pair, receive, arn):
    url, dead = pair()
    bury(sqs, receive, url, dead, 10)
    handle = sqs.start_message_move_task(SourceArn=arn(dead), MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    with refused("InvalidParameterValue", "UnsupportedOperation", text="already"):
        sqs.start_message_move_task(SourceArn=arn(dead))
    assert sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] < 10

    def cancelled():
        [task] = sqs.list_message_move_tasks(SourceArn=arn(dead))["Results"]
        return task["Status"] == "CANCELLED"

    eventually(cancelled, "the task ends")


@MOVES
def test_only_dead_letters_move(sqs, queue, arn):
    with refused("InvalidParameterValue", text="Dead Letter Queue"):
        sqs.start_message_move_task(SourceArn=arn(queue()))
    with refused("ResourceNotFoundException"):
        sqs.start_message_move_task(SourceArn=arn(queue()) + "-none")
