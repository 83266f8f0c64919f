"""kafka-consumer-groups, and Apache Kafka's own verifiable consumer under each of its assignors."""

import json
import re
import signal
from collections import defaultdict
from datetime import datetime, timezone

import pytest
from confluent_kafka import TopicPartition

from support.members import Group
from support.programs import start, tool, tool_command
from support.records import RECENT, Record
from support.wait import eventually

ASSIGNORS = ("RangeAssignor", "RoundRobinAssignor", "StickyAssignor", "CooperativeStickyAssignor")


def groups(target, *arguments, **options):
    return tool(target, "kafka-consumer-groups", *arguments, **options)


def table(result):
    """The rows of a table that the tool printed, as dictionaries."""
    lines = [re.split(r"\s+", line.strip()) for line in result.lines if line.strip()]
    heading = next(i for i, line in enumerate(lines) if line[0] == "GROUP")
    return [dict(zip(lines[heading], line)) for line in lines[heading + 1:]]


@pytest.fixture
def committed(target):
    """A group without members that has read 4 of 10 records of partition 0 and none of partition 1."""
    topic, group = target.topic(partitions=2), target.name("group")
    target.produce(topic, [Record(None, b"x", timestamp=RECENT + i * 1000, partition=p)
                           for i in range(10) for p in (0, 1)])
    consumer = target.consumer(group_id=group)
    consumer.commit(offsets=[TopicPartition(topic, 0, 4), TopicPartition(topic, 1, 0)], asynchronous=False)
    consumer.close()
    return group, topic


def test_lag_is_what_is_left_to_read(target, committed):
    group, topic = committed
    rows = {row["PARTITION"]: row for row in table(groups(target, "--describe", "--group", group))}
    assert {p: (r["CURRENT-OFFSET"], r["LOG-END-OFFSET"], r["LAG"]) for p, r in rows.items()} == {
        "0": ("4", "10", "6"), "1": ("0", "10", "10")}


def test_members_and_state_of_a_running_group_are_described_and_it_is_protected(target):
    topic = target.topic(partitions=2)
    group = Group(target, topic, client_id="the-client")
    consumer = group.join()
    group.balanced(2)
    consumer.commit(offsets=[TopicPartition(topic, 0, 0)], asynchronous=False)
    member, = table(groups(target, "--describe", "--group", group.id, "--members"))
    assert (member["CLIENT-ID"], member["#PARTITIONS"]) == ("the-client", "2")
    assert re.search(r"range\s+Stable\s+1", groups(target, "--describe", "--group", group.id, "--state").text)
    assert group.id in groups(target, "--list").lines
    deletion = groups(target, "--delete", "--group", group.id, code=None)
    assert "GroupNotEmptyException" in deletion.said
    reset = groups(target, "--reset-offsets", "--group", group.id, "--topic", topic, "--to-earliest", "--execute",
                   code=None)
    assert "inactive" in reset.said
    group.close()


def test_offsets_are_reset_every_way(target, committed):
    group, topic = committed
    when = datetime.fromtimestamp((RECENT + 2500) / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    for how, expected in (
        (["--to-earliest"], "0"), (["--to-latest"], "10"), (["--to-offset", "7"], "7"), (["--shift-by", "-2"], "5"),
        (["--to-offset", "99"], "10"), (["--to-datetime", when], "3"),
    ):
        rows = table(groups(target, "--reset-offsets", "--group", group, "--topic", f"{topic}:0", *how, "--execute"))
        assert [(r["PARTITION"], r["NEW-OFFSET"]) for r in rows] == [("0", expected)], how
    rows = {row["PARTITION"]: row for row in table(groups(target, "--describe", "--group", group))}
    assert (rows["0"]["CURRENT-OFFSET"], rows["1"]["CURRENT-OFFSET"]) == ("3", "0")


def test_dry_run_changes_nothing(target, committed):
    group, topic = committed
    groups(target, "--reset-offsets", "--group", group, "--topic", topic, "--to-latest", "--dry-run")
    rows = table(groups(target, "--describe", "--group", group))
    assert sorted(row["CURRENT-OFFSET"] for row in rows) == ["0", "4"]


def test_offsets_and_group_are_deleted(target, committed):
    group, topic = committed
    groups(target, "--delete-offsets", "--group", group, "--topic", f"{topic}:1")
    assert [row["CURRENT-OFFSET"] for row in table(groups(target, "--describe", "--group", group))
            if row["PARTITION"] == "0"] == ["4"]
    assert "successful" in groups(target, "--delete", "--group", group).text
    gone = groups(target, "--describe", "--group", group, code=None)
    assert re.search("not found|does not exist", gone.said)


class VerifiableConsumers:
    """Verifiable consumers of one group; follows their events through files."""

    def __init__(self, target, topic, assignor, directory):
        self.target, self.topic, self.assignor, self.directory = target, topic, assignor, directory
        self.group = target.name("group")
        self.processes = []

    def add(self, *arguments, session_ms=6000):
        process = start(tool_command(
            "kafka-verifiable-consumer", "--bootstrap-server", self.target.bootstrap, "--topic", self.topic,
            "--group-id", self.group, "--session-timeout", session_ms, "--verbose",
            "--assignment-strategy", f"org.apache.kafka.clients.consumer.{self.assignor}", *arguments),
            log=self.directory / f"consumer-{len(self.processes)}")
        self.processes.append(process)
        return process

    def events(self, number):
        lines = (self.directory / f"consumer-{number}").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def shares(self):
        """Partitions of each consumer that still runs, from its assignment and revocation events."""
        found = []
        for number, process in enumerate(self.processes):
            if process.poll() is None:
                mine = set()
                for event in self.events(number):
                    changed = {p["partition"] for p in event.get("partitions", []) if isinstance(p, dict)}
                    if event["name"] == "partitions_assigned":
                        mine |= changed
                    elif event["name"] == "partitions_revoked":
                        mine -= changed
                found.append(mine)
        return found

    def balanced(self, *sizes):
        def right():
            shares = self.shares()
            return sorted(map(len, shares)) == sorted(sizes) and len(set().union(*shares)) == sum(sizes)

        eventually(right, f"consumers share partitions as {sizes}", deadline=60, pause=0.2)

    def read(self):
        """Every (partition, offset) that any consumer has read, with its value."""
        seen = defaultdict(set)
        for number in range(len(self.processes)):
            for event in self.events(number):
                if event["name"] == "record_data":
                    seen[(event["partition"], event["offset"])].add(event["value"])
        return seen

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)


@pytest.fixture
def consumers(target, tmp_path):
    made = []

    def make(topic, assignor):
        made.append(VerifiableConsumers(target, topic, assignor, tmp_path))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.mark.parametrize("assignor", ASSIGNORS)
def test_java_consumers_rebalance_and_read_everything(target, consumers, assignor):
    topic = target.topic(partitions=4)
    target.produce(topic, [Record(None, b"%d" % i, partition=i % 4) for i in range(400)])
    group = consumers(topic, assignor)
    group.add()
    group.balanced(4)
    second = group.add()
    group.balanced(2, 2)
    second.send_signal(signal.SIGKILL)
    group.balanced(4)
    target.produce(topic, [Record(None, b"%d" % i, partition=i % 4) for i in range(400, 800)])
    eventually(lambda: len(group.read()) == 800, "all 800 records")


def test_static_java_consumer_keeps_its_partitions_over_a_restart(target, consumers):
    group = consumers(target.topic(partitions=4), "RangeAssignor")
    group.add("--group-instance-id", "one", session_ms=45_000)
    second = group.add("--group-instance-id", "two", session_ms=45_000)
    group.balanced(2, 2)
    before = group.shares()[1]
    assignments = sum(e["name"] == "partitions_assigned" for e in group.events(0))
    second.send_signal(signal.SIGKILL)
    second.wait(30)
    group.add("--group-instance-id", "two", session_ms=45_000)
    eventually(lambda: group.shares()[-1] == before, "the restarted consumer has its partitions again", pause=0.2)
    assert sum(e["name"] == "partitions_assigned" for e in group.events(0)) == assignments
