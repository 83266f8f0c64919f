//! The first event that is not older than a time.
//!
//! The service finds events by the time they arrived. A record's own time may be an earlier one, so from
//! the place that the service finds, events are read until the time is reached.

use std::pin::pin;
use std::time::{Duration, SystemTime};

use azure_messaging_eventhubs::{OpenReceiverOptions, StartLocation, StartPosition};
use futures::StreamExt;
use ssectl_adapter::{Origin, Result, Timestamp};
use tokio::time::timeout;

use super::Surveyor;
use crate::client::Extent;
use crate::error::{no_answer, request};
use crate::message::{Event, decode};

const DOING: &str = "looking for a time";

impl Surveyor<'_> {
    /// The sequence number of the first event not older than `time`; the end when there is none.
    pub(super) async fn not_before(
        &self,
        partition: &str,
        extent: Extent,
        time: Timestamp,
    ) -> Result<i64> {
        if extent.first >= extent.end || self.last_arrival(partition).await? < Some(time) {
            return Ok(extent.end);
        }
        let options = OpenReceiverOptions {
            start_position: Some(arrived_at(time)),
            prefetch: Some(self.service.config.prefetch.into()),
            owner_level: self.service.config.owner_level.map(i64::from),
            ..OpenReceiverOptions::default()
        };
        let asked = self
            .client
            .open_receiver_on_partition(partition.to_owned(), Some(options));
        let receiver = self.service.within(DOING, asked).await?;
        let found = {
            let mut events = pin!(receiver.stream_events());
            loop {
                let limit = self.service.config.timeout.as_duration();
                let next = timeout(limit, events.next()).await;
                let next = next.map_err(|_| no_answer(DOING).with("partition", partition))?;
                let Some(event) = next else {
                    break extent.end;
                };
                let event = event.map_err(|error| request(DOING, error))?;
                let message = event.raw_amqp_message();
                let said = Event::of(message);
                let Some(number) = said.sequence_number else {
                    continue;
                };
                let of_record = decode(message.clone(), &said, Origin::default());
                let of_record = of_record.ok().and_then(|record| record.timestamp);
                if of_record.or(said.enqueued) >= Some(time) {
                    break number;
                }
                if number.saturating_add(1) >= extent.end {
                    break extent.end;
                }
            }
        };
        // The link is detached so that the partition can be read on the same connection.
        let closed = self.service.within(DOING, receiver.close()).await;
        closed.map(|()| found.clamp(extent.first, extent.end))
    }

    async fn last_arrival(&self, partition: &str) -> Result<Option<Timestamp>> {
        let asked = self.client.get_partition_properties(partition);
        let found = self.service.within(DOING, asked).await?;
        let since = found
            .last_enqueued_time_utc
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let nanos = since.and_then(|since| i128::try_from(since.as_nanos()).ok());
        Ok(nanos.map(Timestamp::from_nanos))
    }
}

/// Events that arrived at this time or later. Nothing arrived before 1970, and the client breaks off
/// where it is asked for such a time.
fn arrived_at(time: Timestamp) -> StartPosition {
    let millis = u64::try_from(time.as_millis()).ok();
    let place =
        millis.and_then(|millis| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis)));
    StartPosition {
        location: place.map_or(StartLocation::Earliest, StartLocation::EnqueuedTime),
        inclusive: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_mean_the_oldest_event() {
        let location = |millis| arrived_at(Timestamp::from_millis(millis)).location;
        assert_eq!(location(-1), StartLocation::Earliest);
        let second = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        assert_eq!(location(1000), StartLocation::EnqueuedTime(second));
    }
}
