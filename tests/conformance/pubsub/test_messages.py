"""Publish, Pull, Acknowledge, ModifyAckDeadline."""

import time

import pytest
from support.pubsub import texts
from google.api_core.exceptions import DeadlineExceeded, InvalidArgument, NotFound


def test_a_message_comes_as_it_was_sent(publisher, topic, subscription, pull):
    made = topic()
    reader = subscription(made)
    before = time.time()
    message = {"data": bytes(range(256)), "attributes": {"a": "ä", "empty": ""}}
    answer = publisher.publish(request={"topic": made, "messages": [message]})
    came = pull(reader)[0].message
    assert (came.data, dict(came.attributes), came.message_id) == (message["data"], message["attributes"], answer.message_ids[0])
    assert before - 5 < came.publish_time.timestamp() < time.time() + 5


def test_ids_are_unique_and_in_the_order_of_the_messages(topic, subscription, publish, pull):
    made = topic()
    reader = subscription(made)
    ids = publish(made, *"abcdefghij") + publish(made, "k")
    assert len(set(ids)) == 11
    assert {one.message.message_id: one.message.data.decode() for one in pull(reader, 11)} == dict(zip(ids, "abcdefghijk"))


def test_each_subscription_gets_everything_from_its_beginning_on(topic, subscription, publish, pull, nothing):
    made = topic()
    first = subscription(made)
    publish(made, "a")
    second = subscription(made)
    publish(made, "b")
    assert sorted(texts(pull(first, 2))) == ["a", "b"]
    assert texts(pull(second)) == ["b"]
    nothing(second)


def test_what_is_acknowledged_does_not_come_again(topic, subscription, publish, pull, ack, nothing):
    made = topic()
    reader = subscription(made)
    publish(made, "a", "b")
    ack(reader, pull(reader, 2))
    nothing(reader, 11)


def test_a_message_comes_again_after_its_deadline(topic, subscription, publish, pull, nothing):
    made = topic()
    reader = subscription(made, ack_deadline_seconds=10)
    publish(made, "a")
    first, begun = pull(reader)[0], time.monotonic()
    nothing(reader)
    again = pull(reader, seconds=60)[0]
    assert again.message == first.message
    assert 8 < time.monotonic() - begun < 40


def test_a_message_comes_again_at_once_when_it_is_given_back(topic, subscription, publish, pull, deadline):
    made = topic()
    reader = subscription(made)
    publish(made, "a")
    begun = time.monotonic()
    deadline(reader, pull(reader), 0)
    assert texts(pull(reader)) == ["a"]
    assert time.monotonic() - begun < 5


def test_a_longer_deadline_holds(topic, subscription, publish, pull, deadline, nothing):
    made = topic()
    reader = subscription(made, ack_deadline_seconds=10)
    publish(made, "a")
    deadline(reader, pull(reader), 60)
    nothing(reader, 12)


def test_a_waiting_pull_gets_what_is_published(subscriber, topic, subscription, publish):
    from concurrent.futures import ThreadPoolExecutor

    made = topic()
    reader = subscription(made)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(subscriber.pull, subscription=reader, max_messages=1, timeout=30)
        time.sleep(0.3)
        publish(made, "a")
        begun = time.monotonic()
        assert texts(waiting.result().received_messages) == ["a"]
        assert time.monotonic() - begun < 15


def test_a_pull_that_shall_not_wait_does_not(subscriber, topic, subscription):
    reader = subscription(topic())
    begun = time.monotonic()
    with pytest.warns(DeprecationWarning):
        answer = subscriber.pull(request={"subscription": reader, "max_messages": 1, "return_immediately": True})
    assert len(answer.received_messages) == 0 and time.monotonic() - begun < 15


@pytest.mark.differs(google="answers without messages a little earlier")
def test_a_pull_ends_with_the_deadline_of_the_client(subscriber, topic, subscription):
    reader = subscription(topic())
    begun = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        subscriber.pull(subscription=reader, max_messages=1, timeout=1, retry=None)
    assert time.monotonic() - begun < 15


def test_a_pull_gets_no_more_than_it_asks_for(topic, subscription, publish, pull):
    made = topic()
    reader = subscription(made)
    publish(made, *"abcdef")
    assert len(pull(reader, most=2)) == 2


def test_an_empty_message_is_refused(publisher, topic):
    with pytest.raises(InvalidArgument, match="(?i)empty|must contain|non-empty"):
        publisher.publish(request={"topic": topic(), "messages": [{}]})


def test_a_message_of_attributes_alone_is_none_of_them(publisher, topic, subscription, pull):
    made = topic()
    reader = subscription(made)
    publisher.publish(request={"topic": made, "messages": [{"attributes": {"a": "b"}}]})
    assert dict(pull(reader)[0].message.attributes) == {"a": "b"}


@pytest.mark.parametrize(
    "message",
    [
        {"data": b"x", "attributes": {"k" * 257: "v"}},
        {"data": b"x", "attributes": {"k": "v" * 1025}},
        {"data": b"x", "attributes": {f"k{number}": "v" for number in range(101)}},
        {"data": b"x", "attributes": {"googclient": "v"}},
        {"data": b"x", "attributes": {"": "v"}},
        {"data": b"x", "ordering_key": "k" * 1025},
    ],
    ids=["key", "value", "count", "goog", "empty", "ordering-key"],
)
@pytest.mark.differs(google="checks few limits")
def test_limits_of_a_message_hold(publisher, topic, message):
    with pytest.raises(InvalidArgument):
        publisher.publish(request={"topic": topic(), "messages": [message]})


def test_a_request_has_between_1_and_1000_messages(publisher, topic):
    made = topic()
    for number in (0, 1001):
        with pytest.raises(InvalidArgument):
            publisher.publish(request={"topic": made, "messages": [{"data": b"x"}] * number})
    answer = publisher.publish(request={"topic": made, "messages": [{"data": b"x"}] * 1000})
    assert len(answer.message_ids) == 1000


def test_a_large_message_comes_whole(publisher, topic, subscription, pull):
    made = topic()
    reader = subscription(made)
    data = bytes(range(256)) * 35_000
    publisher.publish(request={"topic": made, "messages": [{"data": data}]})
    assert pull(reader)[0].message.data == data


def test_a_missing_topic_or_subscription_is_not_found(publisher, subscriber, project):
    with pytest.raises(NotFound):
        publisher.publish(request={"topic": f"{project}/topics/none", "messages": [{"data": b"x"}]})
    name = f"{project}/subscriptions/none"
    with pytest.raises(NotFound):
        subscriber.pull(subscription=name, max_messages=1, timeout=30, retry=None)
    with pytest.raises(NotFound):
        subscriber.acknowledge(subscription=name, ack_ids=["x"])


def test_a_pull_wants_at_least_one_message(subscriber, topic, subscription):
    reader = subscription(topic())
    with pytest.raises(InvalidArgument):
        subscriber.pull(subscription=reader, max_messages=0, timeout=30, retry=None)


def test_a_malformed_ack_id_is_refused(subscriber, topic, subscription):
    reader = subscription(topic())
    with pytest.raises(InvalidArgument, match="(?i)ack.?id"):
        subscriber.acknowledge(subscription=reader, ack_ids=["nonsense"])


@pytest.mark.differs(google="takes any")
def test_a_deadline_has_bounds(topic, subscription, publish, pull, deadline):
    made = topic()
    reader = subscription(made)
    publish(made, "a")
    came = pull(reader)
    for seconds in (-1, 601):
        with pytest.raises(InvalidArgument):
            deadline(reader, came, seconds)
