"""Receiving: where to start, consumer groups, owner levels, metrics."""

import datetime
import threading
import time

import pytest
from azure.eventhub.exceptions import ConnectionLostError, EventHubError

NUMBERS = [str(number) for number in range(10)]


def bodies(received):
    return [event.body_as_str() for _, event in received]


@pytest.fixture(scope="module")
def hub(namespace):
    """A hub with ten events."""
    name = namespace.create(groups=["other"])
    namespace.send(name, NUMBERS)
    return name


@pytest.mark.parametrize(
    "start, inclusive, expected",
    [("-1", False, 0), (4, False, 5), (4, True, 4), ("4", False, 5), ("4", True, 4), ("@latest", False, 10)],
)
def test_start_positions(namespace, hub, start, inclusive, expected):
    if expected == 10:
        assert namespace.receive(hub, 1, start=start, timeout=1) == []
        return
    received = namespace.receive(hub, 10 - expected, start=start, starting_position_inclusive=inclusive)
    assert bodies(received) == NUMBERS[expected:]


def test_start_at_a_time(namespace):
    hub = namespace.create()
    namespace.send(hub, ["before"])
    [(_, before)] = namespace.receive(hub, 1)
    deadline = time.time() + 10
    while datetime.datetime.now(datetime.timezone.utc) <= before.enqueued_time + datetime.timedelta(milliseconds=5):
        assert time.time() < deadline
        time.sleep(0.005)
    namespace.send(hub, ["after"])
    assert bodies(namespace.receive(hub, 1, start=before.enqueued_time)) == ["after"]
    start = before.enqueued_time - datetime.timedelta(seconds=5)
    assert bodies(namespace.receive(hub, 2, start=start)) == ["before", "after"]


def test_every_group_gets_every_event(namespace, hub):
    assert bodies(namespace.receive(hub, 10, group="other")) == NUMBERS
    assert bodies(namespace.receive(hub, 10)) == NUMBERS


def test_an_unknown_group_is_refused(namespace, hub):
    with pytest.raises(EventHubError) as refused:
        namespace.receive(hub, 1, group="unknown", timeout=5)
    assert "amqp:not-found" in str(refused.value)


def test_an_unknown_partition_is_refused(namespace, hub):
    # The client looks first which ones there are.
    with pytest.raises((EventHubError, ValueError)):
        namespace.receive(hub, 1, partition="9", timeout=5)


def test_new_events_come_to_who_waits(namespace):
    hub = namespace.create()
    received = []
    thread = threading.Thread(target=lambda: received.extend(namespace.receive(hub, 1)))
    thread.start()
    namespace.send(hub, ["news"])
    thread.join(30)
    assert bodies(received) == ["news"]


def test_a_higher_owner_level_takes_over(namespace):
    hub = namespace.create()
    errors, started, stolen = [], threading.Event(), threading.Event()

    def on_error(_context, error):
        errors.append(error)
        stolen.set()

    low = namespace.consumer(hub)
    run = lambda: low.receive(
        lambda *_: started.set(), partition_id="0", starting_position="-1", owner_level=1, on_error=on_error
    )
    namespace.send(hub, ["one"])
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(20)
    assert bodies(namespace.receive(hub, 1, partition="0", owner_level=2)) == ["one"]
    assert stolen.wait(20)
    low.close()
    thread.join(20)
    assert isinstance(errors[0], ConnectionLostError) and "amqp:link:stolen" in str(errors[0])


def test_who_has_no_owner_level_gives_way(namespace):
    hub = namespace.create()
    namespace.send(hub, ["one"])
    started = threading.Event()
    owner = namespace.consumer(hub)
    run = lambda: owner.receive(lambda *_: started.set(), partition_id="0", starting_position="-1", owner_level=5)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(20)
    for level in (None, 4):
        with pytest.raises(EventHubError) as refused:
            namespace.receive(hub, 1, partition="0", timeout=5, owner_level=level)
        assert "amqp:link:stolen" in str(refused.value)
    owner.close()
    thread.join(20)


def test_metrics_come_with_the_events(namespace, hub):
    seen = []
    consumer = namespace.consumer(hub)

    def on_event(context, event):
        if event is not None and not seen:
            seen.append(context.last_enqueued_event_properties)
            threading.Thread(target=consumer.close).start()

    consumer.receive(
        on_event, partition_id="0", starting_position="-1", track_last_enqueued_event_properties=True
    )
    assert (seen[0]["sequence_number"], seen[0]["offset"]) == (9, "9")
    assert seen[0]["enqueued_time"] is not None


def test_a_deleted_hub_is_gone(namespace):
    hub = namespace.create()
    namespace.send(hub, ["one"])
    assert namespace.http("DELETE", hub)[0] == 200
    assert namespace.http("GET", hub)[0] == 404
