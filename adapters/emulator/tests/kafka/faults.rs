//! Faults on purpose, as a client of Kafka meets them.

use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::MetadataRequest;
use ssectl_emulator::faults::{Fault, Faults};
use ssectl_emulator::kafka::{Config, Emulator};

use super::client::*;
use super::groups::{group_of_one, heartbeat};

fn start_with(plan: &str) -> (Emulator, Faults) {
    let faults = Faults::new(plan.parse().unwrap());
    let config = Config {
        faults: faults.clone(),
        ..Config::default()
    };
    (Emulator::start(config).unwrap(), faults)
}

#[test]
fn dropped_requests_took_effect_or_not() {
    let (emulator, faults) = start_with("drop=0.5,seed=3");
    let created = (0..40).filter(|number| {
        let mut client = Client::of(&emulator);
        let request = create_request(&format!("t{number}"), 1, &[]);
        client.try_call(7, &request).is_some()
    });
    let answered = created.count();
    let mut topics = None;
    while topics.is_none() {
        let request = MetadataRequest::default().with_topics(None);
        topics = Client::of(&emulator).try_call(12, &request);
    }
    let made = topics.unwrap().topics.len();
    assert!(
        answered > 5 && answered < made && made < 35,
        "{answered} {made}"
    );
    assert!(
        faults
            .counts()
            .iter()
            .any(|(fault, count)| *fault == Fault::Drop && *count > 10)
    );
}

#[test]
fn a_throttled_client_is_told_to_wait_and_not_read_meanwhile() {
    let (emulator, _) = start_with("throttle=1");
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    let response = client.call(12, &fetch_request("t", 0, 0));
    assert!(response.throttle_time_ms > 0);
    let start = Instant::now();
    client.call(12, &MetadataRequest::default());
    assert!(start.elapsed() >= Duration::from_millis(response.throttle_time_ms as u64 / 2));
}

#[test]
fn records_of_plain_producers_come_twice_those_of_idempotent_ones_once() {
    let (emulator, _) = start_with("duplicate=1");
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    client.produce("t", 0, batch(ANYBODY, &["a"]));
    assert_eq!(client.values("t", 0, false), ["a", "a"]);
    let idempotent = Writer {
        producer_id: 7,
        epoch: 0,
        sequence: 0,
        transactional: false,
    };
    client.produce("t", 0, batch(idempotent, &["b"]));
    assert_eq!(client.values("t", 0, false), ["a", "a", "b"]);
}

#[test]
fn a_member_whose_session_ends_early_is_unknown() {
    let (emulator, _) = start_with("stale-lease=1");
    let mut client = Client::of(&emulator);
    let joined = group_of_one(&mut client);
    assert_eq!(
        heartbeat(&mut client, &joined),
        Some(ResponseError::UnknownMemberId)
    );
}

#[test]
fn late_answers_come_all_the_same() {
    let (emulator, faults) = start_with("latency=1,latest=20ms");
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    client.produce("t", 0, batch(ANYBODY, &["a"]));
    assert_eq!(client.values("t", 0, false), ["a"]);
    assert!(!faults.counts().is_empty());
}
