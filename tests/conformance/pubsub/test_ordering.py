"""Ordering keys."""

import pytest
from support.pubsub import texts


def drain(pull, ack, reader, number, seconds=60):
    """Pulls and acknowledges so many messages; returns them in the order in which they came."""
    came = []
    while len(came) < number:
        batch = pull(reader, 1, seconds)
        if not batch:
            break
        ack(reader, batch)
        came += texts(batch)
    return came


def test_messages_of_a_key_come_in_order(topic, subscription, publish, pull, ack):
    made = topic()
    reader = subscription(made, enable_message_ordering=True)
    sent = [str(number) for number in range(50)]
    for text in sent:
        publish(made, text, key="k")
    assert drain(pull, ack, reader, 50) == sent


def test_keys_do_not_wait_for_each_other(topic, subscription, publish, pull):
    made = topic()
    reader = subscription(made, enable_message_ordering=True)
    publish(made, "a", key="a")
    held = pull(reader)
    publish(made, "b", key="b")
    assert texts(held) == ["a"] and texts(pull(reader)) == ["b"]


def test_a_key_waits_for_its_acknowledgements(topic, subscription, publish, pull, ack, nothing):
    made = topic()
    reader = subscription(made, enable_message_ordering=True)
    publish(made, "1", key="k")
    first = pull(reader)
    publish(made, "2", key="k")
    nothing(reader)
    ack(reader, first)
    assert texts(pull(reader)) == ["2"]


@pytest.mark.differs(google="gives 1, 2, 0 after 0 was given back")
def test_what_follows_a_message_that_comes_again_comes_again_behind_it(topic, subscription, publish, pull, ack, deadline):
    made = topic()
    reader = subscription(made, enable_message_ordering=True)
    publish(made, "0", "1", "2", key="k")
    first = pull(reader)
    deadline(reader, first[:1], 0)
    assert drain(pull, ack, reader, 3) == ["0", "1", "2"]


def test_without_the_option_keys_are_only_shown(topic, subscription, publish, pull):
    made = topic()
    reader = subscription(made)
    publish(made, "1", key="k")
    held = pull(reader)
    publish(made, "2", key="k")
    assert held[0].message.ordering_key == "k" and texts(pull(reader)) == ["2"]
