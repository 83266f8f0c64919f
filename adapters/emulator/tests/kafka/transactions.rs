//! Transactions: what becomes visible when, and who may go on.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, DescribeProducersRequest, DescribeTransactionsRequest, GroupId,
    InitProducerIdRequest, ListTransactionsRequest, OffsetFetchRequest, ProducerId,
    TransactionalId, TxnOffsetCommitRequest,
};
use ssectl_emulator::kafka::{Config, Emulator};
use ssectl_emulator::store::ManualClock;

use super::client::*;
use super::producer::Producer;

/// Offsets as part of a transaction.
impl Producer {
    fn commit_offset(&mut self, offset: i64) -> i16 {
        let request = AddOffsetsToTxnRequest::default()
            .with_transactional_id(self.wire_id())
            .with_producer_id(ProducerId(self.producer_id))
            .with_producer_epoch(self.epoch)
            .with_group_id(GroupId(text("g")));
        assert_eq!(self.client.call(3, &request).error_code, 0);
        self.send_offset(offset)
    }

    fn send_offset(&mut self, offset: i64) -> i16 {
        let partition = TxnOffsetCommitRequestPartition::default().with_committed_offset(offset);
        let topic = TxnOffsetCommitRequestTopic::default()
            .with_name(topic_name("t"))
            .with_partitions(vec![partition]);
        let request = TxnOffsetCommitRequest::default()
            .with_transactional_id(self.wire_id())
            .with_group_id(GroupId(text("g")))
            .with_producer_id(ProducerId(self.producer_id))
            .with_producer_epoch(self.epoch)
            .with_generation_id(-1)
            .with_topics(vec![topic]);
        self.client.call(3, &request).topics[0].partitions[0].error_code
    }
}

/// The group's offset and the error that comes with it.
fn group_offset(client: &mut Client, require_stable: bool) -> (i64, i16) {
    let topic = OffsetFetchRequestTopics::default()
        .with_name(topic_name("t"))
        .with_partition_indexes(vec![0]);
    let asked = OffsetFetchRequestGroup::default()
        .with_group_id(GroupId(text("g")))
        .with_topics(Some(vec![topic]));
    let request = OffsetFetchRequest::default()
        .with_groups(vec![asked])
        .with_require_stable(require_stable);
    let response = client.call(8, &request);
    let found = &response.groups[0].topics[0].partitions[0];
    (found.committed_offset, found.error_code)
}

fn start_with_topic() -> (Emulator, Client) {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 2, &[]);
    (emulator, client)
}

#[test]
fn committed_records_are_seen_and_aborted_ones_are_not() {
    let (emulator, mut client) = start_with_topic();
    let mut producer = Producer::init(&emulator, "tx", 60_000);
    for (value, commit) in [
        ("one", true),
        ("two", false),
        ("three", true),
        ("four", false),
    ] {
        assert_eq!(producer.add("t", &[0]), [0]);
        assert_eq!(producer.write("t", 0, value), None);
        let seen = client.values("t", 0, true);
        assert!(
            !seen.iter().any(|seen| seen == value),
            "an open transaction is not seen"
        );
        assert_eq!(producer.end(commit), None);
        assert_eq!(producer.end(commit), None, "the same end again is no error");
    }
    assert_eq!(client.values("t", 0, true), ["one", "three"]);
    assert_eq!(
        client.values("t", 0, false),
        ["one", "two", "three", "four"]
    );
    assert_eq!(client.fetch("t", 0, 0, true).last_stable_offset, 8);
}

#[test]
fn an_open_transaction_holds_back_what_comes_after_it() {
    let (emulator, mut client) = start_with_topic();
    let mut producer = Producer::init(&emulator, "tx", 60_000);
    client.produce("t", 0, batch(ANYBODY, &["before"]));
    producer.add("t", &[0]);
    producer.write("t", 0, "within");
    client.produce("t", 0, batch(ANYBODY, &["after"]));
    assert_eq!(client.values("t", 0, true), ["before"]);
    assert_eq!(client.fetch("t", 0, 0, true).last_stable_offset, 1);
    // A consumer that waits for stable records is woken by the end of the transaction.
    let waiting = fetch_request("t", 0, 1)
        .with_isolation_level(1)
        .with_max_wait_ms(15_000)
        .with_min_bytes(1);
    client.send(12, &waiting);
    assert_eq!(producer.end(true), None);
    let response = client.receive::<kafka_protocol::messages::FetchRequest>(12);
    assert_eq!(
        decode(response.responses[0].partitions[0].records.clone().unwrap()).len(),
        3
    );
    assert_eq!(client.values("t", 0, true), ["before", "within", "after"]);
}

#[test]
fn only_partitions_of_the_transaction_can_be_written() {
    let (emulator, _) = start_with_topic();
    let mut producer = Producer::init(&emulator, "tx", 60_000);
    assert_eq!(
        producer.write("t", 0, "x"),
        Some(ResponseError::InvalidTxnState)
    );
    assert_eq!(producer.add("t", &[0]), [0]);
    assert_eq!(
        producer.write("t", 1, "x"),
        Some(ResponseError::InvalidTxnState)
    );
    let unknown = producer.add("t", &[1, 9]);
    let expected = [
        ResponseError::OperationNotAttempted,
        ResponseError::UnknownTopicOrPartition,
    ];
    assert_eq!(
        unknown
            .iter()
            .map(|code| error(*code).unwrap())
            .collect::<Vec<_>>(),
        expected
    );
    assert_eq!(producer.write("t", 0, "x"), None);
    assert_eq!(producer.end(true), None);
    assert_eq!(
        producer.write("t", 0, "late"),
        Some(ResponseError::InvalidTxnState)
    );
    assert_eq!(
        producer.end(false),
        Some(ResponseError::InvalidTxnState),
        "it was committed"
    );
}

#[test]
fn a_new_producer_locks_the_old_one_out_and_aborts_what_it_began() {
    let (emulator, mut client) = start_with_topic();
    let mut old = Producer::init(&emulator, "tx", 60_000);
    old.add("t", &[0]);
    old.write("t", 0, "zombie");
    let mut new = Producer::init(&emulator, "tx", 60_000);
    assert_eq!(new.producer_id, old.producer_id);
    assert!(new.epoch > old.epoch);
    assert_eq!(
        old.write("t", 0, "zombie"),
        Some(ResponseError::InvalidProducerEpoch)
    );
    assert_eq!(old.end(true), Some(ResponseError::ProducerFenced));
    assert_eq!(
        error(old.add("t", &[1])[0]),
        Some(ResponseError::ProducerFenced)
    );
    new.add("t", &[0]);
    assert_eq!(new.write("t", 0, "new"), None);
    assert_eq!(new.end(true), None);
    assert_eq!(client.values("t", 0, true), ["new"]);
}

#[test]
fn a_producer_can_ask_for_the_next_epoch_itself() {
    let (emulator, mut client) = start_with_topic();
    let producer = Producer::init(&emulator, "tx", 60_000);
    let mut bump = |epoch: i16| {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(text("tx"))))
            .with_transaction_timeout_ms(60_000)
            .with_producer_id(ProducerId(producer.producer_id))
            .with_producer_epoch(epoch);
        let response = client.call(4, &request);
        (response.error_code, response.producer_epoch)
    };
    assert_eq!(bump(0), (0, 1));
    assert_eq!(bump(0), (0, 1), "a repetition of the last request");
    assert_eq!(bump(1), (0, 2));
    assert_eq!(error(bump(0).0), Some(ResponseError::ProducerFenced));
}

#[test]
fn a_transaction_that_takes_too_long_is_aborted() {
    let clock = Arc::new(ManualClock::new(1_000_000));
    let emulator = Emulator::start(Config {
        clock: clock.clone(),
        ..Config::default()
    })
    .unwrap();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 2, &[]);
    let mut producer = Producer::init(&emulator, "tx", 60_000);
    producer.add("t", &[0]);
    producer.write("t", 0, "slow");
    clock.advance(Duration::from_secs(61));
    eventually("an abort", || {
        client.fetch("t", 0, 0, true).last_stable_offset == 2
    });
    assert_eq!(producer.end(true), Some(ResponseError::ProducerFenced));
    assert!(client.values("t", 0, true).is_empty());
}

#[test]
fn time_outs_and_ids_out_of_range_are_refused() {
    let (_emulator, mut client) = start_with_topic();
    let mut init = |id: &str, timeout_ms: i32| {
        let request =
            InitProducerIdRequest::default().with_transactional_id(Some(TransactionalId(text(id))));
        client
            .call(2, &request.with_transaction_timeout_ms(timeout_ms))
            .error_code
    };
    assert_eq!(
        error(init("tx", 0)),
        Some(ResponseError::InvalidTransactionTimeout)
    );
    assert_eq!(
        error(init("tx", 15 * 60 * 1000 + 1)),
        Some(ResponseError::InvalidTransactionTimeout)
    );
    assert_eq!(error(init("", 1000)), Some(ResponseError::InvalidRequest));
    assert_eq!(init("tx", 15 * 60 * 1000), 0);
}

#[test]
fn offsets_count_when_the_transaction_commits() {
    let (emulator, mut client) = start_with_topic();
    let mut producer = Producer::init(&emulator, "tx", 60_000);
    assert_eq!(
        error(producer.send_offset(3)),
        Some(ResponseError::InvalidTxnState)
    );
    assert_eq!(producer.commit_offset(3), 0);
    assert_eq!(group_offset(&mut client, false), (-1, 0));
    let unstable = ResponseError::UnstableOffsetCommit.code();
    assert_eq!(group_offset(&mut client, true), (-1, unstable));
    assert_eq!(producer.end(true), None);
    assert_eq!(group_offset(&mut client, true), (3, 0));
    producer.commit_offset(7);
    assert_eq!(producer.end(false), None);
    assert_eq!(group_offset(&mut client, true), (3, 0));
}

#[test]
fn transactions_and_producers_can_be_looked_at() {
    let (emulator, mut client) = start_with_topic();
    let mut producer = Producer::init(&emulator, "tx", 60_000);
    producer.add("t", &[0, 1]);
    producer.write("t", 1, "x");
    let described = client.call(
        0,
        &DescribeTransactionsRequest::default()
            .with_transactional_ids(vec![producer.wire_id(), TransactionalId(text("other"))]),
    );
    let found = &described.transaction_states[0];
    assert_eq!(
        (
            found.transaction_state.as_str(),
            found.transaction_timeout_ms
        ),
        ("Ongoing", 60_000)
    );
    assert_eq!(found.topics[0].partitions, [0, 1]);
    let unknown = described.transaction_states[1].error_code;
    assert_eq!(error(unknown), Some(ResponseError::TransactionalIdNotFound));
    let mut listed = |state: &str, longer_than_ms: i64| {
        let request = ListTransactionsRequest::default().with_state_filters(vec![text(state)]);
        let response = client.call(1, &request.with_duration_filter(longer_than_ms));
        (
            response.transaction_states.len(),
            response.unknown_state_filters.len(),
        )
    };
    assert_eq!(listed("Ongoing", -1), (1, 0));
    assert_eq!(listed("Ongoing", 3_600_000), (0, 0));
    assert_eq!(listed("Empty", -1), (0, 0));
    assert_eq!(listed("Odd", -1), (0, 1));
    let topic = TopicRequest::default()
        .with_name(topic_name("t"))
        .with_partition_indexes(vec![1]);
    let producers = client.call(
        0,
        &DescribeProducersRequest::default().with_topics(vec![topic]),
    );
    let active = &producers.topics[0].partitions[0].active_producers[0];
    assert_eq!(
        (active.producer_id.0, active.last_sequence),
        (producer.producer_id, 0)
    );
    assert_eq!(active.current_txn_start_offset, 0);
}
