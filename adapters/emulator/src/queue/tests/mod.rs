//! The queue in virtual time.

mod durable;
mod leases;
mod ordered;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::store::{Attributes, LogSettings, ManualClock, Medium, Store, Visitor, frame};

const START: i64 = 1_700_000_000_000;
const LEASE: i64 = 30_000;

struct Unseen;

impl Visitor for Unseen {
    fn settings(&mut self, _: &str, _: &Attributes) -> LogSettings {
        LOG
    }

    fn frame(&mut self, _: &str, _: u32, _: &frame::Header, _: &[u8]) {}
}

const LOG: LogSettings = LogSettings {
    segment_bytes: 64 << 10,
    segment_ms: i64::MAX,
    retention_ms: None,
    retention_bytes: None,
};

const PLAIN: QueueSettings = QueueSettings {
    delay_ms: 0,
    retention_ms: 4 * 24 * 3_600_000,
    ordered: false,
    max_leases: 1000,
};

const ORDERED: QueueSettings = QueueSettings {
    ordered: true,
    ..PLAIN
};

struct Bench {
    clock: Arc<ManualClock>,
    queue: LeaseQueue,
}

impl Bench {
    fn new(settings: QueueSettings) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        Self::open(Medium::Memory { limit: 8 << 20 }, clock, settings)
    }

    fn open(medium: Medium, clock: Arc<ManualClock>, settings: QueueSettings) -> Self {
        let (store, _) = Store::open(medium, Arc::clone(&clock) as _, &mut Unseen).unwrap();
        let store = Arc::new(store);
        let stream = store.stream("q").unwrap_or_else(|| {
            let created = store.create("q", 7, 1, LOG, Attributes::new());
            created.unwrap().unwrap()
        });
        let queue = LeaseQueue::open(store, stream, settings).unwrap();
        Self { clock, queue }
    }

    fn pass(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }

    fn send(&self, body: &str) -> Sent {
        self.send_as(body, NewMessage { ..new(body) })
    }

    fn send_in(&self, group: &str, body: &str) -> Sent {
        self.send_as(
            body,
            NewMessage {
                group: Some(group),
                ..new(body)
            },
        )
    }

    fn send_as(&self, body: &str, message: NewMessage<'_>) -> Sent {
        assert_eq!(message.body, body.as_bytes());
        self.queue.send(message).unwrap()
    }

    fn receive(&self, limit: usize) -> Vec<Leased> {
        self.queue.receive(limit, LEASE, None).unwrap().messages
    }

    fn bodies(&self, limit: usize) -> Vec<String> {
        bodies(&self.receive(limit))
    }

    fn settle(&self, leased: &[Leased]) -> Vec<Settled> {
        let receipts: Vec<_> = leased.iter().map(|leased| leased.receipt).collect();
        self.queue.settle(&receipts, OnExpired::Settle).unwrap()
    }

    fn counts(&self) -> (usize, usize, usize) {
        let counts = self.queue.counts();
        (counts.ready, counts.leased, counts.delayed)
    }
}

fn new(body: &str) -> NewMessage<'_> {
    NewMessage {
        id: uuid::Uuid::new_v4().as_u128(),
        sent_ms: None,
        delay_ms: None,
        receives: 0,
        group: None,
        dedup: None,
        envelope: b"envelope",
        body: body.as_bytes(),
    }
}

fn bodies(leased: &[Leased]) -> Vec<String> {
    let body = |leased: &Leased| String::from_utf8(leased.message.body.to_vec()).unwrap();
    leased.iter().map(body).collect()
}
