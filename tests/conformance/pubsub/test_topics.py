"""Topics: names, options, lists, updates, deletion."""

import pytest
from google.api_core.exceptions import AlreadyExists, InvalidArgument, NotFound

NO_LABELS = "refuses labels in an update"


def test_a_topic_is_shown_as_it_was_made(publisher, topic):
    made = topic(labels={"team": "a-1"}, message_retention_duration="3600s")
    shown = publisher.get_topic(topic=made)
    assert (shown.name, dict(shown.labels), shown.message_retention_duration.seconds) == (made, {"team": "a-1"}, 3600)


def test_a_name_is_taken_once(publisher, topic):
    made = topic()
    with pytest.raises(AlreadyExists):
        publisher.create_topic(name=made)


def test_a_missing_topic_is_not_found(publisher, project):
    for call in (publisher.get_topic, publisher.delete_topic):
        with pytest.raises(NotFound):
            call(topic=f"{project}/topics/nothing")


@pytest.mark.parametrize("name", ["ab", "1bc", "google-x", "a b", "a/b", ""])
def test_a_bad_name_is_refused(publisher, project, name):
    with pytest.raises(InvalidArgument):
        publisher.create_topic(name=f"{project}/topics/{name}", retry=None, timeout=30)


def test_topics_are_listed_in_pages(publisher, project, topic):
    made = {topic(f"topic-{number}") for number in range(5)}
    page = publisher.list_topics(request={"project": project, "page_size": 2})
    assert len(next(iter(page.pages)).topics) == 2
    assert {one.name for one in publisher.list_topics(project=project)} == made


@pytest.mark.differs(google=NO_LABELS)
def test_labels_are_updated_by_a_mask(publisher, topic):
    made = topic(labels={"a": "1"}, message_retention_duration="3600s")
    change = {"topic": {"name": made, "labels": {"b": "2"}}, "update_mask": {"paths": ["labels"]}}
    publisher.update_topic(request=change)
    shown = publisher.get_topic(topic=made)
    assert (dict(shown.labels), shown.message_retention_duration.seconds) == ({"b": "2"}, 3600)


def test_an_update_needs_a_mask_of_known_fields(publisher, topic):
    made = topic()
    for paths in ([], ["nothing"], ["name"]):
        with pytest.raises(InvalidArgument):
            publisher.update_topic(request={"topic": {"name": made}, "update_mask": {"paths": paths}})


def test_retention_has_bounds(topic):
    for seconds in (599, 31 * 86400 + 1):
        with pytest.raises(InvalidArgument):
            topic(message_retention_duration=f"{seconds}s")


def test_a_deleted_topic_leaves_its_subscriptions(publisher, subscriber, topic, subscription, publish, pull):
    made = topic()
    left = subscription(made)
    publish(made, "a")
    publisher.delete_topic(topic=made)
    assert subscriber.get_subscription(subscription=left).topic == "_deleted-topic_"
    with pytest.raises(NotFound):
        publisher.get_topic(topic=made)


def test_what_was_not_acknowledged_outlives_the_topic(publisher, topic, subscription, publish, pull):
    made = topic()
    left = subscription(made)
    publish(made, "a")
    publisher.delete_topic(topic=made)
    assert [one.message.data for one in pull(left)] == [b"a"]


def test_a_topic_made_anew_has_new_subscriptions_only(publisher, topic, subscription, publish, nothing):
    made = topic()
    old = subscription(made)
    publisher.delete_topic(topic=made)
    assert topic() == made
    publish(made, "a")
    nothing(old)
    assert list(publisher.list_topic_subscriptions(topic=made)) == []


def test_subscriptions_of_a_topic_are_listed(publisher, topic, subscription):
    made = topic()
    assert {subscription(made), subscription(made)} == set(publisher.list_topic_subscriptions(topic=made))
