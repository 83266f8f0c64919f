//! Produce, Fetch, ListOffsets.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{DeleteTopicsRequest, ProduceRequest};
use ssectl_emulator::kafka::{Config, Emulator, Notices};
use ssectl_emulator::store::Medium;

use super::client::*;

fn now_ms() -> i64 {
    std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_millis() as i64
}

#[test]
fn batches_come_back_as_they_were_sent() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    let first = batch(ANYBODY, &["a", "b", "c"]);
    let second = batch(ANYBODY, &["d"]);
    assert_eq!(client.produce("t", 0, first.clone()).base_offset, 0);
    assert_eq!(client.produce("t", 0, second.clone()).base_offset, 3);
    let data = client.fetch("t", 0, 0, false);
    assert_eq!(
        (
            data.high_watermark,
            data.last_stable_offset,
            data.log_start_offset
        ),
        (4, 4, 0)
    );
    let records = data.records.unwrap();
    // Base offset and leader epoch are the broker's, everything else is the producer's.
    assert_eq!(records[12 + 4..first.len()], first[12 + 4..]);
    assert_eq!(records[first.len() + 16..], second[16..]);
    assert_eq!(
        decode(records)
            .iter()
            .map(|record| record.offset)
            .collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    // From the middle of a batch the whole batch comes; the client skips what it has.
    assert_eq!(
        decode(client.fetch("t", 0, 1, false).records.unwrap()).len(),
        4
    );
    assert_eq!(
        decode(client.fetch("t", 0, 3, false).records.unwrap()).len(),
        1
    );
    assert_eq!(
        error(client.fetch("t", 0, 5, false).error_code),
        Some(ResponseError::OffsetOutOfRange)
    );
}

#[test]
fn produce_and_fetch_work_in_every_version() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    for (count, version) in (3..=12).enumerate() {
        let data = PartitionProduceData::default().with_records(Some(batch(ANYBODY, &["x"])));
        let data = TopicProduceData::default()
            .with_name(topic_name("t"))
            .with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_acks(1)
            .with_topic_data(vec![data]);
        let response = client.call(version, &request);
        assert_eq!(
            response.responses[0].partition_responses[0].base_offset,
            count as i64
        );
    }
    for version in 4..=12 {
        let request = match version {
            4..=6 => fetch_request("t", 0, 0).with_session_epoch(-1),
            _ => fetch_request("t", 0, 0),
        };
        let response = client.call(version, &request);
        let records = response.responses[0].partitions[0].records.clone().unwrap();
        assert_eq!(decode(records).len(), 10, "version {version}");
    }
}

#[test]
fn acks_0_is_not_answered() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    let data = PartitionProduceData::default().with_records(Some(batch(ANYBODY, &["x"])));
    let data = TopicProduceData::default()
        .with_name(topic_name("t"))
        .with_partition_data(vec![data]);
    client.send(
        9,
        &ProduceRequest::default()
            .with_acks(0)
            .with_topic_data(vec![data]),
    );
    // The next answer is that of the next request.
    assert_eq!(
        client.produce("t", 0, batch(ANYBODY, &["y"])).base_offset,
        1
    );
}

#[test]
fn what_is_not_one_sound_batch_is_refused() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[("max.message.bytes", "500")]);
    let sound = batch(ANYBODY, &["a", "b"]);
    let change = |at: usize, value: u8| {
        let mut bytes = sound.to_vec();
        bytes[at] = value;
        Bytes::from(bytes)
    };
    let resealed = |at: usize, value: u8| {
        let mut bytes = change(at, value).to_vec();
        let checksum = crc32c::crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&checksum.to_be_bytes());
        Bytes::from(bytes)
    };
    let two = Bytes::from([&sound[..], &sound[..]].concat());
    let large = batch(ANYBODY, &[&"x".repeat(600)]);
    let cases = [
        ("nothing", Bytes::new(), ResponseError::InvalidRecord),
        (
            "garbage",
            Bytes::from_static(b"hello"),
            ResponseError::CorruptMessage,
        ),
        ("an old magic", change(16, 1), ResponseError::InvalidRecord),
        (
            "a wrong checksum",
            change(70, 0xEE),
            ResponseError::CorruptMessage,
        ),
        ("two batches", two, ResponseError::InvalidRecord),
        (
            "cut",
            sound.slice(..sound.len() - 1),
            ResponseError::InvalidRecord,
        ),
        (
            "a wrong count",
            resealed(60, 9),
            ResponseError::InvalidRecord,
        ),
        (
            "a control batch",
            resealed(22, 0x20),
            ResponseError::InvalidRecord,
        ),
        (
            "transactional without a producer",
            resealed(22, 0x10),
            ResponseError::InvalidRecord,
        ),
        (
            "a record whose length is wrong",
            resealed(61, 0x7E),
            ResponseError::InvalidRecord,
        ),
        (
            "offsets with a gap",
            resealed(64, 2),
            ResponseError::InvalidRecord,
        ),
        ("too large", large, ResponseError::MessageTooLarge),
    ];
    for (what, bytes, expected) in cases {
        assert_eq!(
            error(client.produce("t", 0, bytes).error_code),
            Some(expected),
            "{what}"
        );
    }
    assert_eq!(
        error(client.produce("t", 1, sound.clone()).error_code),
        Some(ResponseError::UnknownTopicOrPartition)
    );
    assert_eq!(
        error(client.produce("u", 0, sound.clone()).error_code),
        Some(ResponseError::UnknownTopicOrPartition)
    );
    assert_eq!(client.produce("t", 0, sound).base_offset, 0);
}

#[test]
fn times_out_of_bounds_are_refused_and_the_broker_can_stamp() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("strict", 1, &[("message.timestamp.before.max.ms", "10000")]);
    client.create_topic("stamped", 1, &[("message.timestamp.type", "LogAppendTime")]);
    let at = |time: i64| batch_of(ANYBODY, &[(None, Some("x"), time)]);
    let ahead = client.produce("strict", 0, at(now_ms() + 3_700_000));
    assert_eq!(
        error(ahead.error_code),
        Some(ResponseError::InvalidTimestamp)
    );
    let behind = client.produce("strict", 0, at(now_ms() - 60_000));
    assert_eq!(
        error(behind.error_code),
        Some(ResponseError::InvalidTimestamp)
    );
    assert_eq!(client.produce("strict", 0, at(now_ms())).error_code, 0);
    let before = now_ms();
    let stamped = client.produce("stamped", 0, at(5));
    assert!((before..=now_ms()).contains(&stamped.log_append_time_ms));
    let stored = client.fetch("stamped", 0, 0, false).records.unwrap();
    assert_eq!(
        stored[22] & 0x08,
        0x08,
        "the attribute that tells whose time it is"
    );
    assert_eq!(stored[35..43], stamped.log_append_time_ms.to_be_bytes());
    assert_eq!(decode(stored).len(), 1, "the checksum holds");
    assert_eq!(
        client.offset_at("stamped", 0, before),
        (0, stamped.log_append_time_ms)
    );
}

#[test]
fn min_insync_replicas_is_honoured_for_acks_all() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[("min.insync.replicas", "2")]);
    let refused = client.produce("t", 0, batch(ANYBODY, &["x"]));
    assert_eq!(
        error(refused.error_code),
        Some(ResponseError::NotEnoughReplicas)
    );
}

#[test]
fn an_idempotent_producer_is_neither_doubled_nor_reordered() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    let at = |epoch: i16, sequence: i32| Writer {
        producer_id: 5,
        epoch,
        sequence,
        transactional: false,
    };
    for number in 0..7 {
        let sent = client.produce("t", 0, batch(at(0, number * 2), &["a", "b"]));
        assert_eq!(
            (sent.error_code, sent.base_offset),
            (0, i64::from(number) * 2)
        );
    }
    // One of the last five batches again: the answer is the first one's.
    assert_eq!(
        client
            .produce("t", 0, batch(at(0, 6), &["a", "b"]))
            .base_offset,
        6
    );
    for (sequence, epoch, expected) in [
        (0, 0, ResponseError::OutOfOrderSequenceNumber),
        (16, 0, ResponseError::OutOfOrderSequenceNumber),
        (3, 1, ResponseError::OutOfOrderSequenceNumber),
    ] {
        let refused = client.produce("t", 0, batch(at(epoch, sequence), &["x"]));
        assert_eq!(
            error(refused.error_code),
            Some(expected),
            "sequence {sequence}, epoch {epoch}"
        );
    }
    assert_eq!(
        client.produce("t", 0, batch(at(1, 0), &["x"])).base_offset,
        14
    );
    let fenced = client.produce("t", 0, batch(at(0, 14), &["x"]));
    assert_eq!(
        error(fenced.error_code),
        Some(ResponseError::InvalidProducerEpoch)
    );
    assert_eq!(client.fetch("t", 0, 0, false).high_watermark, 15);
}

#[test]
fn sequence_numbers_start_over_after_the_largest() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    let at = |sequence: i32| Writer {
        producer_id: 5,
        epoch: 0,
        sequence,
        transactional: false,
    };
    // The encoder of the test client cannot count past the largest number, so the batch ends there.
    assert_eq!(
        client
            .produce("t", 0, batch(at(i32::MAX - 1), &["a", "b"]))
            .error_code,
        0
    );
    assert_eq!(client.produce("t", 0, batch(at(0), &["c"])).base_offset, 2);
    assert_eq!(client.produce("t", 0, batch(at(1), &["d"])).base_offset, 3);
}

#[test]
fn a_fetch_waits_for_records_and_no_longer_than_told() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    let begun = Instant::now();
    let empty = client.call(
        12,
        &fetch_request("t", 0, 0)
            .with_max_wait_ms(300)
            .with_min_bytes(1),
    );
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert!(
        empty.responses[0].partitions[0]
            .records
            .as_ref()
            .unwrap()
            .is_empty()
    );
    client.send(
        12,
        &fetch_request("t", 0, 0)
            .with_max_wait_ms(15_000)
            .with_min_bytes(1),
    );
    let mut producer = Client::of(&emulator);
    producer.produce("t", 0, batch(ANYBODY, &["x"]));
    let begun = Instant::now();
    let response = client.receive::<kafka_protocol::messages::FetchRequest>(12);
    assert!(begun.elapsed() < SOON);
    assert_eq!(
        decode(response.responses[0].partitions[0].records.clone().unwrap()).len(),
        1
    );
    // Errors do not wait.
    let begun = Instant::now();
    let error = client.call(
        12,
        &fetch_request("t", 9, 0)
            .with_max_wait_ms(15_000)
            .with_min_bytes(1),
    );
    assert!(begun.elapsed() < SOON);
    assert_ne!(error.responses[0].partitions[0].error_code, 0);
}

#[test]
fn a_batch_beyond_the_limits_of_a_fetch_comes_alone() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    let large = "x".repeat(100_000);
    for _ in 0..2 {
        client.produce("t", 0, batch(ANYBODY, &[&large]));
    }
    let mut request = fetch_request("t", 0, 0).with_max_bytes(10);
    request.topics[0].partitions[0].partition_max_bytes = 10;
    let response = client.call(12, &request);
    assert_eq!(
        decode(response.responses[0].partitions[0].records.clone().unwrap()).len(),
        1
    );
}

#[test]
fn a_fetch_session_is_not_offered() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    let response = client.call(12, &fetch_request("t", 0, 0).with_session_id(9));
    assert_eq!(
        error(response.error_code),
        Some(ResponseError::FetchSessionIdNotFound)
    );
}

#[test]
fn offsets_are_found_by_place_and_by_time() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    assert_eq!(client.offset_at("t", 0, -1), (0, -1));
    assert_eq!(client.offset_at("t", 0, -3), (-1, -1));
    for times in [[100, 300, 200], [250, 150, 400], [50, 60, 400]] {
        let records = times.map(|time| (None, Some("x"), time));
        client.produce("t", 0, batch_of(ANYBODY, &records));
    }
    assert_eq!(client.offset_at("t", 0, -1), (9, -1));
    assert_eq!(client.offset_at("t", 0, -2), (0, -1));
    assert_eq!(
        client.offset_at("t", 0, -3),
        (5, 400),
        "the first of the latest"
    );
    for (time, expected) in [
        (0, (0, 100)),
        (100, (0, 100)),
        (101, (1, 300)),
        (300, (1, 300)),
        (301, (5, 400)),
        (401, (-1, -1)),
    ] {
        assert_eq!(client.offset_at("t", 0, time), expected, "time {time}");
    }
}

#[test]
fn a_full_memory_refuses_as_a_full_disk_does_says_so_once_and_drops_nothing() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&heard);
    let config = Config {
        medium: Medium::Memory { limit: 1 << 20 },
        notices: Notices::new(move |line| sink.lock().unwrap().push(line.to_owned())),
        ..Config::default()
    };
    let emulator = Emulator::start(config).unwrap();
    let mut client = Client::of(&emulator);
    let value = "x".repeat(100_000);
    for round in 1..=2 {
        client.create_topic("t", 1, &[]);
        let refusals = (0..20).filter_map(|_| {
            let sent = client.produce("t", 0, batch(ANYBODY, &[&value]));
            error(sent.error_code).map(|error| (error, sent.error_message))
        });
        let refusals: Vec<_> = refusals.collect();
        assert_eq!(refusals.len(), 10);
        for (error, reason) in refusals {
            assert_eq!(error, ResponseError::KafkaStorageError);
            let reason = reason.expect("a reason");
            assert!(reason.contains("memory limit of 1048576 bytes"), "{reason}");
        }
        assert_eq!(client.values("t", 0, false).len(), 10);
        let heard = heard.lock().unwrap();
        assert_eq!(heard.len(), round, "{heard:?}");
        assert!(heard[round - 1].starts_with("memory limit of 1 MiB reached (--memory)"));
        drop(heard);
        let delete = DeleteTopicsRequest::default()
            .with_topic_names(vec![topic_name("t")])
            .with_timeout_ms(1000);
        let deleted = client.call(5, &delete);
        assert_eq!(deleted.responses[0].error_code, 0);
    }
}

#[test]
fn records_in_old_formats_and_torn_lengths_do_not_reach_the_log() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    // A message set of magic 0, as clients before 2017 sent it.
    let mut old = BytesMut::new();
    old.put_i64(0);
    old.put_i32(20);
    old.put_slice(&[0; 80]);
    let refused = client.produce("t", 0, old.freeze());
    assert_eq!(
        error(refused.error_code),
        Some(ResponseError::InvalidRecord)
    );
    assert_eq!(client.fetch("t", 0, 0, false).high_watermark, 0);
}
