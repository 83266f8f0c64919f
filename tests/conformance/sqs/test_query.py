"""The query protocol, which older SDKs speak: forms in, XML out."""

import hashlib
import urllib.error
import urllib.parse
import urllib.request
from xml.etree import ElementTree

import pytest

SPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"
CLIENTS = ["boto3"]
CREDENTIAL = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0"


@pytest.fixture
def call(endpoint):
    """Sends a form; returns the status and the XML."""

    def call(action, url=None, signed=True, **fields):
        fields = {key.replace("_", "."): str(value) for key, value in fields.items()}
        form = urllib.parse.urlencode({"Action": action, "Version": "2012-11-05", **fields}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if signed:
            headers["Authorization"] = CREDENTIAL
        request = urllib.request.Request(url or endpoint, form, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, ElementTree.fromstring(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, ElementTree.fromstring(error.read())

    return call


def texts(root, name):
    return [element.text for element in root.iter(f"{SPACE}{name}")]


def test_a_message_through_forms(call, queue, name):
    chosen = name()
    _, created = call("CreateQueue", QueueName=chosen, Attribute_1_Name="VisibilityTimeout", Attribute_1_Value=5)
    assert created.tag == f"{SPACE}CreateQueueResponse" and texts(created, "RequestId")
    [url] = texts(created, "QueueUrl")
    assert queue(queue_name=chosen) == url
    attribute = {
        "MessageAttribute_1_Name": "a",
        "MessageAttribute_1_Value_StringValue": "1",
        "MessageAttribute_1_Value_DataType": "Number",
    }
    status, sent = call("SendMessage", QueueUrl=url, MessageBody="<é>\r\n", DelaySeconds=0, **attribute)
    assert status == 200
    assert texts(sent, "MD5OfMessageBody") == [hashlib.md5("<é>\r\n".encode()).hexdigest()]
    _, received = call(
        "ReceiveMessage", QueueUrl=url, AttributeName_1="All", MessageAttributeName_1="All", MaxNumberOfMessages=10
    )
    assert texts(received, "Body") == ["<é>\r\n"]
    assert "SentTimestamp" in texts(received, "Name")
    assert texts(received, "StringValue") == ["1"]
    [handle] = texts(received, "ReceiptHandle")
    assert call("DeleteMessage", QueueUrl=url, ReceiptHandle=handle)[0] == 200


def test_the_url_can_be_the_queue(call, queue):
    url = queue(VisibilityTimeout=7)
    _, found = call("GetQueueAttributes", url=url, AttributeName_1="VisibilityTimeout")
    assert (texts(found, "Name"), texts(found, "Value")) == (["VisibilityTimeout"], ["7"])


def test_batches(call, queue):
    url = queue()
    fields = {
        "SendMessageBatchRequestEntry_1_Id": "a",
        "SendMessageBatchRequestEntry_1_MessageBody": "1",
        "SendMessageBatchRequestEntry_2_Id": "b",
        "SendMessageBatchRequestEntry_2_MessageBody": "2",
    }
    _, sent = call("SendMessageBatch", QueueUrl=url, **fields)
    assert [entry.find(f"{SPACE}Id").text for entry in sent.iter(f"{SPACE}SendMessageBatchResultEntry")] == ["a", "b"]


def test_tags_and_lists(call, queue, name):
    chosen = name()
    url = queue(queue_name=chosen)
    assert call("TagQueue", QueueUrl=url, Tag_1_Key="k", Tag_1_Value="v")[0] == 200
    _, tags = call("ListQueueTags", QueueUrl=url)
    assert (texts(tags, "Key"), texts(tags, "Value")) == (["k"], ["v"])
    assert texts(call("ListQueues", QueueNamePrefix=chosen)[1], "QueueUrl") == [url]


def test_errors_are_xml(call, name):
    status, error = call("GetQueueUrl", QueueName=name())
    assert (status, texts(error, "Code")) == (400, ["AWS.SimpleQueueService.NonExistentQueue"])
    assert texts(error, "Type") == ["Sender"] and texts(error, "RequestId") != []


@pytest.mark.differs(moto="answers with another error", localstack="answers with 501")
def test_unknown_actions(call):
    status, error = call("Dance")
    assert (status, texts(error, "Code")) == (400, ["InvalidAction"])


@pytest.mark.differs(moto="serves anybody", localstack="serves anybody")
def test_who_signs_nothing_is_refused(call):
    status, error = call("ListQueues", signed=False)
    assert (status, texts(error, "Code")) == (403, ["MissingAuthenticationToken"])
