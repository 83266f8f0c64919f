"""REST with JSON, on the same port."""

import base64

import pytest


def data(text):
    return base64.b64encode(text.encode()).decode()


def test_a_message_goes_in_and_out_by_rest(rest, project):
    topic, reader = f"{project}/topics/orders", f"{project}/subscriptions/reader"
    assert rest("PUT", topic, {})[0] == 200
    assert rest("PUT", reader, {"topic": topic, "ackDeadlineSeconds": 20})[1]["ackDeadlineSeconds"] == 20
    messages = [{"data": data("hi"), "attributes": {"a": "b"}, "orderingKey": "k"}]
    ids = rest("POST", f"{topic}:publish", {"messages": messages})[1]["messageIds"]
    status, answer = rest("POST", f"{reader}:pull", {"maxMessages": 10})
    (came,) = answer["receivedMessages"]
    assert status == 200 and came["message"]["messageId"] == ids[0]
    assert came["message"]["data"] == data("hi") and came["message"]["attributes"] == {"a": "b"}
    assert came["message"]["orderingKey"] == "k" and came["message"]["publishTime"].endswith("Z")
    assert rest("POST", f"{reader}:acknowledge", {"ackIds": [came["ackId"]]}) == (200, {})


def test_errors_are_those_of_google(rest, project):
    status, answer = rest("GET", f"{project}/topics/nothing")
    assert status == 404 and answer["error"]["code"] == 404 and answer["error"]["status"] == "NOT_FOUND"
    rest("PUT", f"{project}/topics/orders", {})
    assert rest("PUT", f"{project}/topics/orders", {})[1]["error"]["status"] == "ALREADY_EXISTS"
    assert rest("PUT", f"{project}/topics/x", {})[1]["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.differs(google="knows no enumerations as numbers")
def test_enumerations_are_numbers_when_asked_for(rest, project):
    answer = rest("PUT", f"{project}/topics/orders", {}, **{"$alt": "json;enum-encoding=int"})[1]
    assert answer["state"] == 1


def test_lists_come_in_pages(rest, project):
    for number in range(3):
        rest("PUT", f"{project}/topics/topic-{number}", {})
    page = rest("GET", f"{project}/topics", pageSize=2)[1]
    rest_of_it = rest("GET", f"{project}/topics", pageSize=2, pageToken=page["nextPageToken"])[1]
    names = [topic["name"] for topic in page["topics"] + rest_of_it["topics"]]
    assert names == [f"{project}/topics/topic-{number}" for number in range(3)]


@pytest.mark.differs(google="refuses labels in an update")
def test_an_update_takes_a_mask_in_json(rest, project):
    topic, reader = f"{project}/topics/orders", f"{project}/subscriptions/reader"
    rest("PUT", topic, {})
    rest("PUT", reader, {"topic": topic})
    change = {"subscription": {"ackDeadlineSeconds": 33, "labels": {"a": "b"}}, "updateMask": "ackDeadlineSeconds,labels"}
    status, answer = rest("PATCH", reader, change)
    assert (status, answer["ackDeadlineSeconds"], answer["labels"]) == (200, 33, {"a": "b"})


def test_a_body_that_is_no_json_is_refused(address, project):
    import requests

    answer = requests.put(f"http://{address}/v1/{project}/topics/orders", data="{", timeout=10)
    assert answer.status_code == 400


def test_an_unknown_field_is_refused(rest, project):
    assert rest("PUT", f"{project}/topics/orders", {"nothing": 1})[0] == 400
