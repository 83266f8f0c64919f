"""Idempotent and transactional producers at the protocol level: repeated, reordered and outdated batches."""

import pytest
from kafka.protocol.producer import AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest

from support.wait import eventually
from support.wire import Wire, batch, produce

INVALID_REQUEST, OUT_OF_ORDER_SEQUENCE, INVALID_EPOCH = 42, 45, 47
INVALID_TXN_STATE, INVALID_PRODUCER_ID_MAPPING, INVALID_TIMEOUT = 48, 49, 50
CONCURRENT_TRANSACTIONS, PRODUCER_FENCED, UNKNOWN_TOPIC_OR_PARTITION = 51, 90, 3


@pytest.fixture
def wire(target):
    with Wire(target.bootstrap) as connection:
        yield connection


def init(wire, transactional_id=None, timeout_ms=60_000, producer_id=-1, epoch=-1):
    return wire.ask(InitProducerIdRequest[4](transactional_id=transactional_id, transaction_timeout_ms=timeout_ms,
                                             producer_id=producer_id, producer_epoch=epoch))


class Sender:
    """Sends batches of two records under one producer id."""

    def __init__(self, wire, topic):
        self.wire, self.topic, self.id = wire, topic, init(wire).producer_id

    def send(self, sequence, epoch=0, count=2):
        records = batch([b"%d" % sequence] * count, producer_id=self.id, epoch=epoch, sequence=sequence)
        return produce(self.wire, self.topic, records)


@pytest.fixture
def sender(target, wire):
    return Sender(wire, target.topic())


def test_producer_ids_are_unique(wire):
    ids = [init(wire).producer_id for _ in range(20)]
    assert len(set(ids)) == 20 and min(ids) >= 0


def test_repeated_batch_is_answered_with_its_first_offset_and_stored_once(target, sender):
    assert [sender.send(s).base_offset for s in (0, 2, 4)] == [0, 2, 4]
    for sequence in (4, 0, 2):
        again = sender.send(sequence)
        assert (again.error_code, again.base_offset) == (0, sequence)
    assert len(target.read(sender.topic)) == 6


def test_last_five_batches_are_remembered(sender):
    for sequence in range(0, 14, 2):
        sender.send(sequence)
    for sequence in (4, 6, 8, 10, 12):
        assert (sender.send(sequence).error_code, sender.send(sequence).base_offset) == (0, sequence)
    assert sender.send(0).error_code == OUT_OF_ORDER_SEQUENCE


def test_gap_in_the_sequence_is_refused(target, sender):
    sender.send(0)
    assert sender.send(10).error_code == OUT_OF_ORDER_SEQUENCE
    assert sender.send(0, count=1).error_code == OUT_OF_ORDER_SEQUENCE
    assert sender.send(2).base_offset == 2
    assert len(target.read(sender.topic)) == 4


def test_new_epoch_begins_at_sequence_zero_and_ends_the_old_one(sender):
    sender.send(0)
    assert sender.send(5, epoch=1).error_code == OUT_OF_ORDER_SEQUENCE
    assert sender.send(0, epoch=1).error_code == 0
    assert sender.send(2, epoch=0).error_code == INVALID_EPOCH


def test_partitions_have_sequences_of_their_own(target, wire):
    topic, producer = target.topic(partitions=2), init(wire).producer_id
    for partition in (0, 1):
        records = batch([b"x"], producer_id=producer, epoch=0, sequence=0)
        assert produce(wire, topic, records, partition=partition).base_offset == 0


class Transaction:
    """A transactional producer of which every request can be sent with a wrong epoch or id."""

    def __init__(self, wire, name, topic):
        self.wire, self.name, self.topic, self.sequence = wire, name, topic, 0
        self.begin_session()

    def begin_session(self):
        found = eventually(lambda: (r := init(self.wire, self.name)).error_code != CONCURRENT_TRANSACTIONS and r,
                           "the transaction before is finished")
        assert found.error_code == 0
        self.id, self.epoch, self.sequence = found.producer_id, found.producer_epoch, 0

    def add(self, topic=None, partition=0, epoch=None, producer_id=None):
        request = AddPartitionsToTxnRequest[3]
        topics = [request.AddPartitionsToTxnTopic(name=topic or self.topic, partitions=[partition])]

        def ask():
            found = self.wire.ask(request(
                v3_and_below_transactional_id=self.name, v3_and_below_producer_id=producer_id or self.id,
                v3_and_below_producer_epoch=self.epoch if epoch is None else epoch, v3_and_below_topics=topics))
            return found.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code

        return self._settled(ask)

    def send(self, epoch=None):
        records = batch([b"x"], producer_id=self.id, epoch=self.epoch if epoch is None else epoch,
                        sequence=self.sequence, transactional=True)
        answer = produce(self.wire, self.topic, records, transactional_id=self.name)
        self.sequence += answer.error_code == 0
        return answer.error_code

    def end(self, committed=True, epoch=None):
        request = EndTxnRequest[3]
        return self._settled(lambda: self.wire.ask(request(
            transactional_id=self.name, producer_id=self.id,
            producer_epoch=self.epoch if epoch is None else epoch, committed=committed)).error_code)

    @staticmethod
    def _settled(ask):
        """Asks again while the end of the transaction before is still being written."""
        codes = []

        def answered():
            codes.append(ask())
            return codes[-1] != CONCURRENT_TRANSACTIONS

        eventually(answered, "the transaction before is finished")
        return codes[-1]


@pytest.fixture
def transaction(target, wire):
    return Transaction(wire, target.name("txn"), target.topic())


def test_requests_of_another_epoch_or_producer_are_refused(transaction):
    assert transaction.add() == 0
    assert transaction.add(epoch=transaction.epoch + 3) == PRODUCER_FENCED
    assert transaction.add(producer_id=transaction.id + 1_000_000) == INVALID_PRODUCER_ID_MAPPING
    assert transaction.end(epoch=transaction.epoch + 3) == PRODUCER_FENCED
    assert transaction.end() == 0


def test_older_session_is_fenced_everywhere(transaction):
    assert (transaction.add(), transaction.send(), transaction.end()) == (0, 0, 0)
    old = transaction.epoch
    transaction.begin_session()
    assert transaction.epoch > old
    assert transaction.send(epoch=old) == INVALID_EPOCH
    assert transaction.add(epoch=old) == PRODUCER_FENCED
    assert transaction.end(epoch=old) == PRODUCER_FENCED
    assert init(transaction.wire, transaction.name, producer_id=transaction.id, epoch=old).error_code == PRODUCER_FENCED


def test_unknown_partition_cannot_join_a_transaction(target, transaction):
    assert transaction.add(target.name()) == UNKNOWN_TOPIC_OR_PARTITION
    assert transaction.add(partition=5) == UNKNOWN_TOPIC_OR_PARTITION


def test_transaction_that_did_not_begin_cannot_end(transaction):
    assert transaction.end(True) == INVALID_TXN_STATE
    assert transaction.end(False) == INVALID_TXN_STATE


def test_repeated_commit_is_fine_and_abort_after_commit_is_refused(transaction):
    assert (transaction.add(), transaction.send(), transaction.end()) == (0, 0, 0)
    assert transaction.end() == 0
    assert transaction.end(False) == INVALID_TXN_STATE


def test_transactional_write_to_a_partition_outside_the_transaction_is_refused(target, transaction):
    assert transaction.send() == INVALID_TXN_STATE
    assert target.read(transaction.topic) == []


def test_unusable_transaction_settings_are_refused(target, wire):
    assert init(wire, target.name(), timeout_ms=-5).error_code == INVALID_TIMEOUT
    assert init(wire, "").error_code == INVALID_REQUEST
