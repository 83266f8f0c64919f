"""Clients that keep a broker busy while it is killed and started again, and know afterwards what must be there."""

import threading
from collections import Counter, defaultdict

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from support.target import until_end
from support.wait import DEADLINE

PATIENT = {"reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 100, "retry.backoff.ms": 10,
           "message.timeout.ms": 60_000, "linger.ms": 1}
"""Client settings with which a broker that is away for a moment is only waited for."""

KEYS, PARTITIONS = 32, 4

_AWAY = {KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN, KafkaError._WAIT_COORD,
         KafkaError.REQUEST_TIMED_OUT, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR,
         KafkaError.COORDINATOR_LOAD_IN_PROGRESS}


class Load(threading.Thread):
    """Works until `finish`; `done` counts what the broker has acknowledged."""

    def __init__(self, target, topic):
        super().__init__(daemon=True)
        self.target, self.topic = target, topic
        self.done = 0
        self.fault = None
        self._ending = threading.Event()

    def run(self):
        try:
            self.work()
        except Exception as error:  # reported by `finish`: a thread cannot raise into another
            self.fault = error

    def finish(self):
        """Lets the load end what it has begun."""
        self._ending.set()
        self.join(2 * DEADLINE)
        assert not self.is_alive(), f"{self.name} does not end"
        assert self.fault is None, f"{self.name}: {type(self.fault).__name__}: {self.fault}"

    def stored(self, **config):
        """What the topic holds: {key: values in order}."""
        consumer = self.target.consumer(**config)
        consumer.assign([TopicPartition(self.topic, p, 0) for p in range(PARTITIONS)])
        found = defaultdict(list)
        for message in until_end(consumer, PARTITIONS):
            found[message.key()].append(int(message.value()))
        consumer.close()
        return found


class Sequence(Load):
    """Sends 1, 2, 3, ... under each of several keys; `config` says with which guarantees."""

    def __init__(self, target, topic, name, exactly_once, **config):
        super().__init__(target, topic)
        self.name, self.exactly_once, self.config = name, exactly_once, config
        self.acked = defaultdict(list)

    def work(self):
        producer = self.target.producer(**PATIENT, **self.config)
        failed = []

        def delivered(error, message):
            if error is not None:
                failed.append(error)
            else:
                self.acked[message.key()].append(int(message.value()))
                self.done += 1

        number = 0
        while not self._ending.is_set() and not failed:
            number += 1
            for key in range(KEYS):
                producer.produce(self.topic, b"%d" % number, b"%d" % key, on_delivery=delivered)
            while len(producer) > 1000 and not self._ending.is_set():
                producer.poll(0.01)
            producer.poll(0)
            self._ending.wait(0.002)  # steady work, not all the broker can do: it has to be read back
        assert producer.flush(DEADLINE) == 0, "messages were left unacknowledged"
        assert not failed, f"delivery failed: {failed[0]}"

    def check(self):
        """Every acknowledged record is there, in order; once, if the producer was idempotent."""
        stored = self.stored()
        for key, acked in self.acked.items():
            lost = set(acked) - set(stored[key])
            assert not lost, f"{self.name}: {len(lost)} acknowledged records of key {key} are lost, first {min(lost)}"
            once = list(dict.fromkeys(stored[key]))
            assert once == sorted(once), f"{self.name}: records of key {key} changed their order"
            if self.exactly_once:
                assert stored[key] == once, f"{self.name}: {len(stored[key]) - len(once)} duplicates of key {key}"
        return f"{self.done} {self.name} records"


class Transactions(Load):
    """Transactions of eight records over all partitions; every fifth is aborted."""

    name = "transactional"

    def work(self):
        self.outcome = {}
        self.producer = self._begin_session()
        number = 0
        while not self._ending.is_set():
            number += 1
            self.outcome[number] = "unknown"
            self.outcome[number] = self._one(number)
            self.done += self.outcome[number] == "committed"

    def _begin_session(self):
        producer = self.target.producer(**PATIENT, transactional_id=f"{self.topic}-writer")
        self._retried(producer.init_transactions)
        return producer

    def _one(self, number):
        try:
            self.producer.begin_transaction()
            for i in range(2 * PARTITIONS):
                self.producer.produce(self.topic, b"%d" % number, b"t", partition=i % PARTITIONS)
            if number % 5 == 0:
                self._retried(self.producer.abort_transaction)
                return "aborted"
            self._retried(self.producer.commit_transaction)
            return "committed"
        except KafkaException as error:
            if error.args[0].txn_requires_abort():
                self._retried(self.producer.abort_transaction)
                return "aborted"
            self.producer = self._begin_session()
            return "unknown"

    @staticmethod
    def _retried(call):
        for _ in range(20):
            try:
                return call(DEADLINE)
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise
        raise AssertionError("a transaction neither commits nor aborts")

    def check(self):
        """Each transaction is there as a whole or not at all, as the producer was told."""
        seen = Counter(self.stored(isolation_level="read_committed")[b"t"])
        whole = 2 * PARTITIONS
        allowed = {"committed": (whole,), "aborted": (0,), "unknown": (0, whole)}
        for number, outcome in self.outcome.items():
            assert seen[number] in allowed[outcome], (
                f"transaction {number} ({outcome}): {seen[number]} of {whole} records are visible")
        return f"{self.done} transactions"


class Commits(Load):
    """Commits offsets 1, 2, 3, ... of a group and now and then reads what the broker has."""

    name = "commits"

    def work(self):
        partition = TopicPartition(self.topic, 0)
        self.group = self.target.name("group")
        consumer = self.target.consumer(group_id=self.group, **{k: v for k, v in PATIENT.items() if "backoff" in k})
        number = 0
        while not self._ending.is_set():
            try:
                consumer.commit(offsets=[TopicPartition(self.topic, 0, number + 1)], asynchronous=False)
                number = self.done = number + 1
                if number % 20 == 0:
                    found = consumer.committed([partition], timeout=DEADLINE)[0].offset
                    assert found == number, f"offset {number} was committed, {found} came back"
            except KafkaException as error:
                if not error.args[0].retriable() and error.args[0].code() not in _AWAY:
                    raise
        consumer.close()

    def check(self):
        """The last acknowledged commit is what a new consumer reads."""
        consumer = self.target.consumer(group_id=self.group)
        found = consumer.committed([TopicPartition(self.topic, 0)], timeout=DEADLINE)[0].offset
        consumer.close()
        assert found in (self.done, self.done + 1), f"offset {self.done} was committed, {found} came back"
        return f"{self.done} commits"
