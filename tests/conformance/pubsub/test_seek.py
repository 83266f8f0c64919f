"""Seek and snapshots."""

import time
from datetime import datetime, timedelta, timezone

import pytest
from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from support.pubsub import texts



def now(**offset):
    return datetime.now(timezone.utc) + timedelta(**offset)


def test_a_seek_into_the_past_replays_what_is_retained(subscriber, topic, subscription, publish, pull, ack, nothing):
    made = topic()
    reader = subscription(made, retain_acked_messages=True)
    publish(made, "a", "b")
    ack(reader, pull(reader, 2))
    nothing(reader)
    subscriber.seek(request={"subscription": reader, "time": now(minutes=-5)})
    assert sorted(texts(pull(reader, 2))) == ["a", "b"]


def test_a_seek_into_the_future_acknowledges_everything(subscriber, topic, subscription, publish, pull, nothing):
    made = topic()
    reader = subscription(made)
    publish(made, "a")
    subscriber.seek(request={"subscription": reader, "time": now(minutes=5)})
    nothing(reader, 1.5)
    publish(made, "b")
    assert texts(pull(reader)) == ["b"]


def test_a_seek_to_a_time_between_two_messages_parts_them(subscriber, topic, subscription, publish, pull, ack, nothing):
    made = topic()
    reader = subscription(made, retain_acked_messages=True)
    publish(made, "a")
    time.sleep(0.2)
    between = now()
    time.sleep(0.2)
    publish(made, "b")
    ack(reader, pull(reader, 2))
    subscriber.seek(request={"subscription": reader, "time": between})
    assert texts(pull(reader)) == ["b"]
    nothing(reader)


def test_what_is_not_retained_does_not_come_back(subscriber, topic, subscription, publish, pull, ack, nothing):
    made = topic()
    reader = subscription(made)
    publish(made, "a")
    ack(reader, pull(reader))
    subscriber.seek(request={"subscription": reader, "time": now(minutes=-5)})
    nothing(reader)


def test_a_topic_with_retention_replays_to_a_new_subscription(subscriber, topic, subscription, publish, pull):
    made = topic(message_retention_duration="3600s")
    publish(made, "a")
    reader = subscription(made)
    subscriber.seek(request={"subscription": reader, "time": now(minutes=-5)})
    assert texts(pull(reader)) == ["a"]


def test_a_snapshot_keeps_what_was_not_acknowledged(subscriber, project, topic, subscription, publish, pull, ack, nothing):
    made = topic()
    reader = subscription(made)
    publish(made, "a", "b")
    came = pull(reader, 2)
    ack(reader, [one for one in came if one.message.data == b"a"])
    name = f"{project}/snapshots/snap"
    subscriber.create_snapshot(name=name, subscription=reader)
    ack(reader, [one for one in came if one.message.data == b"b"])
    publish(made, "c")
    ack(reader, pull(reader))
    nothing(reader)
    subscriber.seek(request={"subscription": reader, "snapshot": name})
    assert sorted(texts(pull(reader, 2))) == ["b", "c"]


@pytest.mark.differs(google="gives only the subscription of the snapshot what is in it")
def test_another_subscription_can_use_a_snapshot(subscriber, project, topic, subscription, publish, pull):
    made = topic()
    reader = subscription(made)
    publish(made, "a")
    name = f"{project}/snapshots/snap"
    subscriber.create_snapshot(name=name, subscription=reader)
    other = subscription(made)
    subscriber.seek(request={"subscription": other, "snapshot": name})
    assert texts(pull(other)) == ["a"]


def test_snapshots_are_made_shown_listed_and_deleted(publisher, subscriber, project, topic, subscription):
    made = topic()
    reader = subscription(made)
    name = f"{project}/snapshots/snap"
    assert subscriber.create_snapshot(name=name, subscription=reader).topic == made
    with pytest.raises(AlreadyExists):
        subscriber.create_snapshot(name=name, subscription=reader)
    assert [one.name for one in subscriber.list_snapshots(project=project)] == [name]
    assert list(publisher.list_topic_snapshots(topic=made)) == [name]
    subscriber.delete_snapshot(snapshot=name)
    with pytest.raises(NotFound):
        subscriber.delete_snapshot(snapshot=name)


@pytest.mark.differs(google="has no UpdateSnapshot")
def test_labels_of_a_snapshot_are_updated(subscriber, project, topic, subscription):
    name = f"{project}/snapshots/snap"
    subscriber.create_snapshot(name=name, subscription=subscription(topic()))
    change = {"snapshot": {"name": name, "labels": {"a": "b"}}, "update_mask": {"paths": ["labels"]}}
    assert dict(subscriber.update_snapshot(request=change).labels) == {"a": "b"}
    assert dict(subscriber.get_snapshot(snapshot=name).labels) == {"a": "b"}


def test_a_snapshot_of_another_topic_is_refused(subscriber, project, topic, subscription):
    name = f"{project}/snapshots/snap"
    subscriber.create_snapshot(name=name, subscription=subscription(topic()))
    other = subscription(topic("other"))
    with pytest.raises(FailedPrecondition):
        subscriber.seek(request={"subscription": other, "snapshot": name})


def test_a_missing_snapshot_is_not_found(subscriber, project, topic, subscription):
    request = {"subscription": subscription(topic()), "snapshot": f"{project}/snapshots/none"}
    with pytest.raises(NotFound):
        subscriber.seek(request=request)
