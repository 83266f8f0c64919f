"""Subscriptions: options, filters, dead letters, back-off, detaching."""

import time

import pytest
from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    GoogleAPICallError,
    InvalidArgument,
    NotFound,
)
from support.pubsub import texts

DAY = 86400


def test_a_subscription_has_the_documented_defaults(subscriber, topic, subscription):
    shown = subscriber.get_subscription(subscription=subscription(topic()))
    assert shown.ack_deadline_seconds == 10
    assert shown.message_retention_duration.days == 7
    assert not shown.enable_message_ordering and not shown.retain_acked_messages


@pytest.mark.differs(google="shows no state")
def test_a_subscription_is_active(subscriber, topic, subscription):
    shown = subscriber.get_subscription(subscription=subscription(topic()))
    assert shown.state.name == "ACTIVE"


@pytest.mark.differs(google="shows no expiration policy")
def test_a_subscription_expires_after_31_days_by_default(subscriber, topic, subscription):
    shown = subscriber.get_subscription(subscription=subscription(topic()))
    assert shown.expiration_policy.ttl.days == 31


def test_a_name_is_taken_once_and_the_topic_has_to_be_there(subscriber, project, topic, subscription):
    made = topic()
    reader = subscription(made)
    with pytest.raises(AlreadyExists):
        subscriber.create_subscription(name=reader, topic=made)
    with pytest.raises(NotFound):
        subscription(f"{project}/topics/none")


@pytest.mark.parametrize("seconds", [pytest.param(9, marks=pytest.mark.differs(google="takes less")), 601, -1])
def test_the_ack_deadline_is_between_10_and_600_seconds(topic, subscription, seconds):
    with pytest.raises(InvalidArgument):
        subscription(topic(), ack_deadline_seconds=seconds)


def test_an_update_changes_the_fields_of_the_mask_alone(subscriber, topic, subscription):
    reader = subscription(topic(), ack_deadline_seconds=20, retain_acked_messages=True)
    change = {"name": reader, "ack_deadline_seconds": 30, "retain_acked_messages": False}
    request = {"subscription": change, "update_mask": {"paths": ["ack_deadline_seconds"]}}
    shown = subscriber.update_subscription(request=request)
    assert (shown.ack_deadline_seconds, shown.retain_acked_messages) == (30, True)


@pytest.mark.parametrize("field", ["name", "topic", "filter", "enable_message_ordering", "nothing"])
def test_some_fields_never_change(subscriber, topic, subscription, field):
    reader = subscription(topic())
    request = {"subscription": {"name": reader}, "update_mask": {"paths": [field]}}
    with pytest.raises(InvalidArgument):
        subscriber.update_subscription(request=request)


FILTERS = {
    'attributes:lang': ["de", "en"],
    'attributes.lang = "de"': ["de"],
    'attributes.lang != "de"': ["en", "none"],
    'NOT attributes:lang': ["none"],
    '-attributes:lang': ["none"],
    'hasPrefix(attributes.lang, "e")': ["en"],
    'attributes.lang = "de" OR attributes.lang = "en"': ["de", "en"],
    'attributes:lang AND NOT attributes.lang = "de"': ["en"],
    '(attributes.lang = "de" OR attributes:none) AND attributes:lang': ["de"],
    'attributes."lang" = "de"': ["de"],
}


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.differs(google="keeps filters and ignores them (before gcloud 555)")
def test_a_filter_lets_through_what_it_says(topic, subscription, publish, pull, nothing, filter):
    made = topic()
    reader = subscription(made, filter=filter)
    publish(made, "de", lang="de")
    publish(made, "en", lang="en")
    publish(made, "none", other="x")
    assert sorted(texts(pull(reader, len(FILTERS[filter])))) == FILTERS[filter]
    nothing(reader)


@pytest.mark.parametrize("filter", ["x", "attributes.a = b", "attributes:a AND", 'attributes.a > "b"', "a" * 257])
@pytest.mark.differs(google="keeps filters and ignores them (before gcloud 555)")
def test_a_bad_filter_is_refused(topic, subscription, filter):
    with pytest.raises(InvalidArgument):
        subscription(topic(), filter=filter)


def test_a_message_that_nobody_can_use_goes_to_the_dead_letters(project, topic, subscription, publish, pull, deadline, nothing):
    made, dead = topic(), topic("dead")
    policy = {"dead_letter_topic": dead, "max_delivery_attempts": 5}
    reader, graveyard = subscription(made, dead_letter_policy=policy), subscription(dead)
    publish(made, "a", lang="de")
    for attempt in range(1, 6):
        came = pull(reader, seconds=60)
        assert came[0].delivery_attempt == attempt
        deadline(reader, came, 0)
    nothing(reader)
    buried = pull(graveyard, seconds=60)[0].message
    assert buried.data == b"a" and buried.attributes["lang"] == "de"


def test_a_dead_letter_tells_where_it_comes_from(project, topic, subscription, publish, pull, deadline, nothing):
    made, dead = topic(), topic("dead")
    reader = subscription(made, dead_letter_policy={"dead_letter_topic": dead, "max_delivery_attempts": 5})
    graveyard = subscription(dead)
    publish(made, "a")
    for _ in range(5):
        deadline(reader, pull(reader, seconds=60), 0)
    nothing(reader)
    told = dict(pull(graveyard, seconds=60)[0].message.attributes)
    assert told["CloudPubSubDeadLetterSourceDeliveryCount"] == "5"
    assert told["CloudPubSubDeadLetterSourceSubscription"] == reader.rsplit("/", 1)[1]
    assert told["CloudPubSubDeadLetterSourceSubscriptionProject"] == project.split("/")[1]
    assert told["CloudPubSubDeadLetterSourceTopicPublishTime"]


@pytest.mark.parametrize("attempts", [4, 101])
def test_dead_letters_take_5_to_100_attempts(topic, subscription, attempts):
    policy = {"dead_letter_topic": topic("dead"), "max_delivery_attempts": attempts}
    with pytest.raises(GoogleAPICallError):
        subscription(topic(), dead_letter_policy=policy)


@pytest.mark.differs(google="has no back-off")
def test_a_retry_policy_lets_a_message_wait(topic, subscription, publish, pull, deadline, nothing):
    made = topic()
    reader = subscription(made, retry_policy={"minimum_backoff": "2s", "maximum_backoff": "4s"})
    publish(made, "a")
    begun = time.monotonic()
    deadline(reader, pull(reader), 0)
    assert texts(pull(reader, seconds=60)) == ["a"]
    assert time.monotonic() - begun >= 1.9


@pytest.mark.differs(google="has no DetachSubscription")
def test_a_detached_subscription_gives_nothing(publisher, subscriber, topic, subscription, publish):
    made = topic()
    reader = subscription(made)
    publish(made, "a")
    publisher.detach_subscription(request={"subscription": reader})
    assert subscriber.get_subscription(subscription=reader).detached
    with pytest.raises(FailedPrecondition):
        subscriber.pull(subscription=reader, max_messages=1, timeout=30, retry=None)


@pytest.mark.parametrize(
    "options",
    [
        {"message_retention_duration": "599s"},
        {"message_retention_duration": f"{31 * DAY + 1}s"},
        pytest.param({"expiration_policy": {"ttl": "3600s"}}, marks=pytest.mark.differs(google="takes any")),
        {"retry_policy": {"minimum_backoff": "700s"}},
        {"retry_policy": {"minimum_backoff": "10s", "maximum_backoff": "5s"}},
    ],
    ids=["short", "long", "ttl", "back-off", "order"],
)
def test_options_have_bounds(topic, subscription, options):
    with pytest.raises(InvalidArgument):
        subscription(topic(), **options)


@pytest.mark.parametrize("field", ["bigquery_config", "cloud_storage_config"])
@pytest.mark.differs(google="keeps them and does nothing")
def test_what_cannot_be_done_is_refused(topic, subscription, field):
    config = {"bigquery_config": {"table": "p.d.t"}, "cloud_storage_config": {"bucket": "b"}}
    with pytest.raises(GoogleAPICallError):
        subscription(topic(), **{field: config[field]})


def test_a_deleted_subscription_is_not_found(subscriber, topic, subscription):
    reader = subscription(topic())
    subscriber.delete_subscription(subscription=reader)
    for call in (subscriber.get_subscription, subscriber.delete_subscription):
        with pytest.raises(NotFound):
            call(subscription=reader)


def test_subscriptions_are_listed(subscriber, project, topic, subscription):
    made = topic()
    readers = {subscription(made) for _ in range(3)}
    request = {"project": project, "page_size": 2}
    assert {one.name for one in subscriber.list_subscriptions(request=request)} == readers
