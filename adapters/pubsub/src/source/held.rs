//! What was handed over and is neither acknowledged nor given back.

use std::collections::HashMap;

use futures::future::join_all;
use google_cloud_pubsub::error::AckError;
use google_cloud_pubsub::subscriber::handler::Handler;
use ssectl_adapter::Receipt;

/// The messages of one reader, by the numbers that are their receipts.
#[derive(Default)]
pub(super) struct Held {
    handlers: HashMap<u64, Handler>,
    next: u64,
}

impl Held {
    /// Keeps a message until its receipt comes back.
    pub(super) fn add(&mut self, handler: Handler) -> Receipt {
        self.next += 1;
        self.handlers.insert(self.next, handler);
        Receipt(self.next.to_string())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.handlers.len()
    }

    /// Acknowledges messages; answers how many the service did not confirm. Receipts that are no longer held are done.
    pub(super) async fn acknowledge(&mut self, receipts: &[Receipt]) -> Unconfirmed {
        let mut confirmed = Vec::new();
        for handler in receipts.iter().filter_map(|receipt| self.take(receipt)) {
            match handler {
                Handler::ExactlyOnce(handler) => confirmed.push(handler.confirmed_ack()),
                handler => handler.ack(),
            }
        }
        let mut unconfirmed = Unconfirmed::default();
        for error in join_all(confirmed)
            .await
            .into_iter()
            .filter_map(Result::err)
        {
            unconfirmed.count += 1;
            unconfirmed.last = Some(error);
        }
        unconfirmed
    }

    /// Gives messages back, to be delivered again at once.
    pub(super) fn release(&mut self, receipts: &[Receipt]) {
        for handler in receipts.iter().filter_map(|receipt| self.take(receipt)) {
            handler.nack();
        }
    }

    fn take(&mut self, receipt: &Receipt) -> Option<Handler> {
        self.handlers.remove(&receipt.0.parse().ok()?)
    }
}

/// Acknowledgements of exactly-once subscriptions that failed: these messages come again.
#[derive(Debug, Default)]
pub(super) struct Unconfirmed {
    pub(super) count: usize,
    pub(super) last: Option<AckError>,
}
