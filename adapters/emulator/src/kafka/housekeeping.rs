//! What happens by itself: members and transactions time out, bytes reach the disk, old records go.

use std::fmt::Display;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::broker::Broker;
use super::compaction;
use crate::StartError;
use crate::store::Waiter;

/// How often time-outs are looked at.
const TICK: Duration = Duration::from_millis(200);

/// How long a producer is remembered that writes nothing, as Kafka's `producer.id.expiration.ms`.
const PRODUCER_EXPIRY_MS: i64 = 24 * 3600 * 1000;

/// The thread that does it.
#[derive(Debug)]
pub(crate) struct Housekeeper {
    alarm: Arc<Waiter>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeper {
    /// Starts the thread.
    pub(crate) fn start(broker: Arc<Broker>) -> Result<Self, StartError> {
        let alarm = Arc::new(Waiter::default());
        let until = Arc::clone(&alarm);
        let run = move || keep_house(&broker, &until);
        let thread = thread::Builder::new()
            .name("kafka-housekeeping".to_owned())
            .spawn(run);
        Ok(Self {
            alarm,
            thread: Some(thread.map_err(StartError::Thread)?),
        })
    }
}

impl Drop for Housekeeper {
    fn drop(&mut self) {
        self.alarm.wake();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// How often to look whether the disk refuses writes.
const LOOK: Duration = Duration::from_secs(1);

fn keep_house(broker: &Broker, alarm: &Waiter) {
    let mut sync = Every::new(broker.config.sync_interval());
    let mut clean = Every::new(broker.config.cleanup_interval);
    let mut look = Every::new(LOOK);
    while !alarm.wait_until(Instant::now() + TICK) {
        broker.refusals.tick();
        broker.write_faults.tick();
        report(broker, "groups", broker.groups.tick());
        report(broker, "transactions", broker.transactions.tick());
        if sync.is_due() {
            // The store keeps what went wrong, which is told with the next look.
            drop(broker.store.sync());
        }
        if look.is_due()
            && let Some(trouble) = broker.store.take_trouble()
        {
            broker.config.notices.say(&trouble);
        }
        if clean.is_due() {
            clean_up(broker);
        }
    }
    report(broker, "writing to disk", broker.store.sync());
}

/// Drops what the topics' settings do not keep, and says so.
fn clean_up(broker: &Broker) {
    let now_ms = broker.now_ms();
    for topic in broker.topics.all() {
        let config = topic.config();
        for (number, partition) in topic.partitions().iter().enumerate() {
            let name = format!("{}-{number}", topic.name());
            match partition.log.enforce_retention(now_ms) {
                Ok(Some(gone)) => {
                    let notice = format!(
                        "retention dropped offsets {} to {} of {name}",
                        gone.start,
                        gone.end - 1
                    );
                    broker.config.notices.say(&notice);
                }
                other => report(broker, &name, other.map(drop)),
            }
            if config.compact {
                report(
                    broker,
                    &name,
                    compaction::compact(partition, &config, now_ms),
                );
            }
            let start = partition.log.bounds().0;
            partition
                .with_producers(|producers| producers.expire(now_ms - PRODUCER_EXPIRY_MS, start));
        }
    }
}

fn report<E: Display>(broker: &Broker, what: &str, result: Result<(), E>) {
    if let Err(error) = result {
        broker.write_faults.say(format!("{what}: {error}"));
    }
}

/// Something that is due at intervals.
struct Every {
    interval: Duration,
    next: Instant,
}

impl Every {
    fn new(interval: Duration) -> Self {
        Self {
            interval,
            next: Instant::now() + interval,
        }
    }

    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = now >= self.next;
        if due {
            self.next = now + self.interval;
        }
        due
    }
}
