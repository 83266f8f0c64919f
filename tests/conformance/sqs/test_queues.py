"""Queues: create, find, list, change, delete; tags and permissions."""

import json

import pytest
from sqs.conftest import client_of
from sqs.errors import refused


def attributes(sqs, url, *names):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names or ["All"])).get("Attributes", {})


def test_url_and_arn_name_the_queue(sqs, queue, name, arn):
    chosen = name()
    url = queue(queue_name=chosen)
    assert url.endswith(f"/{chosen}")
    assert sqs.get_queue_url(QueueName=chosen)["QueueUrl"] == url
    assert arn(url).startswith("arn:aws:sqs:us-east-1:") and arn(url).endswith(f":{chosen}")


def test_create_again_with_the_same_attributes_is_fine(sqs, queue, name):
    chosen = name()
    url = queue(queue_name=chosen, VisibilityTimeout=40)
    assert queue(queue_name=chosen, VisibilityTimeout=40) == url
    assert sqs.create_queue(QueueName=chosen)["QueueUrl"] == url


@pytest.mark.differs(moto="does not say which attribute")
def test_create_again_with_other_attributes_is_refused(sqs, queue, name):
    chosen = name()
    queue(queue_name=chosen, VisibilityTimeout=40)
    with refused("QueueNameExists", text="VisibilityTimeout"):
        sqs.create_queue(QueueName=chosen, Attributes={"VisibilityTimeout": "41"})


@pytest.mark.parametrize("bad", ["", "with space", "a/b", "x" * 81, "é"])
def test_bad_names_are_refused(sqs, bad):
    with refused("InvalidParameterValue", "MissingParameter"):
        sqs.create_queue(QueueName=bad)


@pytest.mark.differs(moto="makes a standard queue of that name")
def test_the_suffix_is_for_fifo(sqs, name):
    with refused("InvalidParameterValue"):
        sqs.create_queue(QueueName=name(".fifo"))


def test_fifo_needs_its_suffix(sqs, name):
    with refused("InvalidParameterValue", text=".fifo"):
        sqs.create_queue(QueueName=name(), Attributes={"FifoQueue": "true"})


def test_a_queue_that_is_not_there(sqs, name, queue):
    with refused("QueueDoesNotExist"):
        sqs.get_queue_url(QueueName=name())
    url = queue()
    sqs.delete_queue(QueueUrl=url)
    with refused("QueueDoesNotExist"):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    with refused("QueueDoesNotExist"):
        attributes(sqs, url)


@pytest.mark.differs(moto="tells the default size of 256 KiB and no encryption by SQS")
def test_defaults(sqs, queue):
    found = attributes(sqs, queue())
    expected = {
        "DelaySeconds": "0",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "VisibilityTimeout": "30",
        "SqsManagedSseEnabled": "true",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
    }
    assert expected.items() <= found.items()
    assert {"QueueArn", "CreatedTimestamp", "LastModifiedTimestamp"} <= found.keys()
    assert found["CreatedTimestamp"].isdigit()
    assert not {"Policy", "RedrivePolicy", "FifoQueue", "KmsMasterKeyId"} & found.keys()


def test_defaults_of_fifo(sqs, queue):
    found = attributes(sqs, queue(fifo=True))
    expected = {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "false",
        "DeduplicationScope": "queue",
        "FifoThroughputLimit": "perQueue",
    }
    assert expected.items() <= found.items()


def test_only_what_is_asked_for(sqs, queue):
    url = queue()
    assert attributes(sqs, url, "VisibilityTimeout").keys() == {"VisibilityTimeout"}
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)
    with refused("InvalidAttributeName"):
        attributes(sqs, url, "Colour")


def test_set_attributes(sqs, queue, arn):
    url = queue()
    statement = {"Effect": "Allow", "Principal": "*", "Action": "SQS:SendMessage", "Resource": arn(url)}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7", "DelaySeconds": "3", "Policy": policy})
    found = attributes(sqs, url)
    assert (found["VisibilityTimeout"], found["DelaySeconds"]) == ("7", "3")
    assert json.loads(found["Policy"]) == json.loads(policy)


def test_an_empty_policy_removes_it(sqs, queue):
    url = queue(Policy=json.dumps({"Version": "2012-10-17", "Statement": []}))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Policy" not in attributes(sqs, url)


@pytest.mark.differs(moto="does not check the values of attributes")
@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("VisibilityTimeout", "43201"),
        ("VisibilityTimeout", "-1"),
        ("VisibilityTimeout", "x"),
        ("DelaySeconds", "901"),
        ("MaximumMessageSize", "1023"),
        ("MaximumMessageSize", "1048577"),
        ("MessageRetentionPeriod", "59"),
        ("MessageRetentionPeriod", "1209601"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("SqsManagedSseEnabled", "maybe"),
        ("Policy", "{"),
    ],
)
def test_bad_values_are_refused(sqs, queue, name, attribute, value):
    with refused("InvalidAttributeValue", text=attribute):
        sqs.create_queue(QueueName=name(), Attributes={attribute: value})
    with refused("InvalidAttributeValue", text=attribute):
        sqs.set_queue_attributes(QueueUrl=queue(), Attributes={attribute: value})


@pytest.mark.differs(moto="takes any name")
def test_unknown_attributes_are_refused(sqs, name):
    with refused("InvalidAttributeName", text="Colour"):
        sqs.create_queue(QueueName=name(), Attributes={"Colour": "red"})


@pytest.mark.differs(moto="lets a standard queue have attributes of FIFO queues")
def test_standard_queues_have_no_fifo_attributes(sqs, name):
    for attribute, value in [("FifoQueue", "false"), ("ContentBasedDeduplication", "true")]:
        with refused("InvalidAttributeName", text=attribute):
            sqs.create_queue(QueueName=name(), Attributes={attribute: value})


def test_list_by_prefix_and_page(sqs, queue, name):
    prefix = name()
    urls = sorted(queue(queue_name=f"{prefix}-{number}") for number in range(5))
    assert sqs.list_queues(QueueNamePrefix=prefix)["QueueUrls"] == urls
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=prefix, PaginationConfig={"PageSize": 2})
    pages = [page.get("QueueUrls", []) for page in pages]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sum(pages, []) == urls
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=name())


def test_tags(sqs, queue, name):
    chosen = name()
    url = sqs.create_queue(QueueName=chosen, tags={"team": "a"})["QueueUrl"]
    queue(queue_name=chosen)
    sqs.tag_queue(QueueUrl=url, Tags={"team": "b", "cost": "", "é": "1"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "b", "cost": "", "é": "1"}
    sqs.untag_queue(QueueUrl=url, TagKeys=["cost", "é", "none"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "b"}


def test_permissions_are_statements_of_the_policy(sqs, queue, arn):
    url = queue()
    sqs.add_permission(QueueUrl=url, Label="share", AWSAccountIds=["123456789012"], Actions=["SendMessage"])
    statements = json.loads(attributes(sqs, url)["Policy"])["Statement"]
    assert [(one["Sid"], one["Effect"], one["Resource"]) for one in statements] == [("share", "Allow", arn(url))]
    sqs.remove_permission(QueueUrl=url, Label="share")
    with refused("InvalidParameterValue"):
        sqs.remove_permission(QueueUrl=url, Label="share")


def test_purge_empties_the_queue(sqs, queue, receive, count):
    url = queue()
    for number in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    assert len(receive(url, 2)) == 2
    sqs.purge_queue(QueueUrl=url)
    assert count(url) == (0, 0, 0)
    sqs.send_message(QueueUrl=url, MessageBody="after")
    assert [message["Body"] for message in receive(url)] == ["after"]


@pytest.mark.differs(localstack="has the rule switched off")
def test_two_purges_within_a_minute_are_refused(sqs, queue):
    url = queue()
    sqs.purge_queue(QueueUrl=url)
    with refused("PurgeQueueInProgress"):
        sqs.purge_queue(QueueUrl=url)


def test_regions_are_apart(endpoint, queue, name):
    chosen = name()
    queue(queue_name=chosen)
    with refused("QueueDoesNotExist"):
        client_of("sqs", endpoint, "eu-west-1").get_queue_url(QueueName=chosen)


def test_caller_identity(sts, arn, queue):
    identity = sts.get_caller_identity()
    assert identity["Account"] in arn(queue())
    assert identity["Arn"].startswith("arn:aws:")
