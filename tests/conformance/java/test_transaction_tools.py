"""Exactly-once copies by Apache Kafka's TransactionalMessageCopier, and kafka-transactions."""

import signal

import pytest
from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import OffsetSpec

from support.programs import run, start, tool_command
from support.records import Record
from support.wait import DEADLINE, eventually

COUNT = 2000


def end(target, topic):
    """How far read_committed consumers see."""
    partition = TopicPartition(topic, 0)
    asked = target.admin.list_offsets({partition: OffsetSpec.latest()}, isolation_level=IsolationLevel.READ_COMMITTED)
    return asked[partition].result(DEADLINE).offset


class Copier:
    """Copies one topic to another in small transactions; can be killed and started again."""

    def __init__(self, target, log, *arguments):
        self.target, self.log, self.arguments = target, log, arguments
        self.source, self.sink = target.topic(what="in"), target.topic(what="out")
        self.id, self.group = target.name("txn"), target.name("group")
        target.produce(self.source, [Record(None, b"%d" % i) for i in range(COUNT)], linger_ms=20)

    def start(self):
        return start(tool_command(
            "kafka-transactional-message-copier", "--broker-list", self.target.bootstrap,
            "--input-topic", self.source, "--input-partition", "0", "--output-topic", self.sink,
            "--transactional-id", self.id, "--consumer-group", self.group, "--transaction-size", "20",
            "--transaction-timeout", "10000", "--use-group-metadata", *self.arguments), log=self.log)

    def kill_after(self, offset):
        """Starts a copier and kills it when the sink has grown to `offset`."""
        process = self.start()
        eventually(lambda: end(self.target, self.sink) > offset or process.poll() is not None, "progress", pause=0)
        assert process.poll() is None, f"the copier ended early: {self.log.read_text()[-2000:]}"
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE)

    def finish(self):
        process = self.start()
        assert process.wait(90) == 0, self.log.read_text()[-2000:]

    def copied(self):
        return [r.value for r in self.target.read(self.sink, isolation_level="read_committed")]


def everything():
    return [b"%d" % i for i in range(COUNT)]


def test_every_message_is_copied_exactly_once_through_random_aborts(target, tmp_path):
    copier = Copier(target, tmp_path / "log", "--enable-random-aborts")
    copier.finish()
    eventually(lambda: copier.copied() == everything(), "every message once, in order")


@pytest.mark.parametrize("mode", [(), ("--group-mode",)], ids=["assigned", "subscribed"])
def test_every_message_is_copied_exactly_once_though_the_copier_is_killed(target, tmp_path, mode):
    copier = Copier(target, tmp_path / "log", "--enable-random-aborts", *mode)
    for offset in (300, 900):
        copier.kill_after(offset)
    copier.finish()
    eventually(lambda: copier.copied() == everything(), "every message once, in order")


def transactions(target, *arguments):
    return run(tool_command("kafka-transactions", "--bootstrap-server", target.bootstrap, *arguments))


def test_transactions_tool_lists_and_describes_transactions_and_producers(target):
    topic, name = target.topic(), target.name("txn")
    producer = target.producer(transactional_id=name)
    producer.init_transactions(DEADLINE)
    producer.begin_transaction()
    producer.produce(topic, b"open")
    producer.flush(DEADLINE)

    def states():
        rows = [line.split() for line in transactions(target, "list").lines]
        return {row[0]: row[3] for row in rows if len(row) == 4}

    assert states()[name] == "Ongoing"
    described = transactions(target, "describe", "--transactional-id", name).text
    assert "Ongoing" in described and f"{topic}-0" in described
    producers = transactions(target, "describe-producers", "--topic", topic, "--partition", "0").lines
    heading, row = (line.split() for line in producers)
    active = dict(zip(heading, row))
    assert (active["LastSequence"], active["CurrentTransactionStartOffset"]) == ("0", "0")
    producer.commit_transaction(DEADLINE)
    eventually(lambda: states()[name] == "CompleteCommit", "the transaction is complete", pause=0)


def test_transactions_tool_aborts_a_hanging_transaction_by_id(target):
    topic, name = target.topic(), target.name("txn")
    producer = target.producer(transactional_id=name)
    producer.init_transactions(DEADLINE)
    producer.begin_transaction()
    producer.produce(topic, b"open")
    producer.flush(DEADLINE)
    target.produce(topic, [Record(None, b"after")])
    transactions(target, "forceTerminateTransaction", "--transactionalId", name)
    eventually(lambda: [r.value for r in target.read(topic, isolation_level="read_committed")] == [b"after"],
               "the transaction is aborted")
