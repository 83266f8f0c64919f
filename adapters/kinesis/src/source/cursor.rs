//! Reading one shard: where it stands, and how it goes on.

use std::sync::Arc;

use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::ShardIteratorType;
use ssectl_adapter::{Error, ErrorKind, Result, Timestamp};

use super::end::End;
use super::fan_out::Subscription;
use super::pace::ReadPace;
use super::page::{Entry, Page};
use crate::client::Stream;
use crate::error::request;
use crate::position::Point;
use crate::topology::ShardId;

/// How far clocks of other machines may be off, in nanoseconds: rather twice than not at all.
pub(super) const SKEW: i128 = 5_000_000_000;

fn now() -> Timestamp {
    Timestamp::from_nanos(jiff::Timestamp::now().as_nanosecond())
}

/// Records of one request.
const MOST_RECORDS: i32 = 10_000;

/// Where to ask Kinesis for records when there is no iterator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// The oldest record.
    Horizon,
    /// What comes from now on.
    Latest,
    /// What arrived at this time or later.
    Arrived(Timestamp),
    /// The record of this sequence number.
    At(Arc<str>),
    /// What stands behind it.
    After(Arc<str>),
}

/// What Kinesis gives and the read leaves out: it counts whole records, and times of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Opens at this record, which must be there.
    At(Point),
    /// Opens behind this record.
    After(Point),
    /// Opens at the first record that is not older.
    Since(Timestamp),
}

/// One shard that is read.
pub(crate) struct Cursor {
    pub(crate) stream: Stream,
    pub(crate) shard: ShardId,
    start: Start,
    gate: Option<Gate>,
    iterator: Option<String>,
    subscription: Option<Subscription>,
    pace: ReadPace,
    /// When the read of the shard began, and when it was last answered, by the clock of this machine.
    opened: Timestamp,
    answered: Timestamp,
    /// The shard takes no more records, as far as is known.
    pub(crate) closed: bool,
    /// Where the read stops.
    pub(crate) end: Option<End>,
    /// A page whose end is not known yet.
    held: Option<Page>,
}

impl Cursor {
    pub(crate) fn new(
        stream: &Stream,
        shard: &ShardId,
        start: Start,
        gate: Option<Gate>,
        per_second: u8,
    ) -> Self {
        Self {
            stream: stream.clone(),
            shard: shard.clone(),
            start,
            gate,
            iterator: None,
            subscription: None,
            pace: ReadPace::new(per_second),
            opened: now(),
            answered: now(),
            closed: false,
            end: None,
            held: None,
        }
    }

    /// Reads by enhanced fan-out.
    pub(crate) fn subscribe(&mut self, consumer: &Arc<str>) {
        self.subscription = Some(Subscription::new(consumer.clone()));
    }

    /// Asks for the place to start from, which for `Latest` is the end of now and not of later.
    pub(crate) async fn fix(&mut self) -> Result<()> {
        let fixed = match &mut self.subscription {
            Some(subscription) => {
                subscription
                    .open(&self.stream, &self.shard, &self.start)
                    .await
            }
            None => iterator(&self.stream, &self.shard, &self.start)
                .await
                .map(|at| self.iterator = Some(at)),
        };
        fixed.map_err(|error| self.told(error))?;
        if self.subscription.is_some() {
            self.pin();
        }
        Ok(())
    }

    /// Takes a page back whose end is to be found.
    pub(crate) fn hold(&mut self, page: Page) {
        self.held = Some(page);
    }

    /// The next page, cut where the read ends. Its `ended` says that nothing comes after it. After an error
    /// nothing is lost: the next call goes on.
    pub(crate) async fn next(&mut self) -> Result<Page> {
        let mut page = match self.held.take() {
            Some(page) => page,
            None => self.read().await?,
        };
        if let Some(mut end) = self.end.take() {
            let cut = end.cut(&mut page).await;
            self.end = Some(end);
            if let Err(error) = cut {
                self.held = Some(page);
                return Err(self.told(error));
            }
        }
        Ok(page)
    }

    async fn read(&mut self) -> Result<Page> {
        let answer = match &mut self.subscription {
            Some(subscription) => {
                subscription
                    .next(&self.stream, &self.shard, &self.start)
                    .await
            }
            None => self.poll().await,
        };
        let mut page = answer.map_err(|error| self.told(error))?;
        if let Some(entry) = page.entries.back() {
            self.start = Start::After(entry.point.sequence.clone());
        }
        // Not every service says when a closed shard is at its end.
        page.ended |= page.at_tip && self.closed;
        self.open_gate(&mut page)?;
        Ok(page)
    }

    /// Leaves out what stands before the place that was asked for.
    fn open_gate(&mut self, page: &mut Page) -> Result<()> {
        let Some(gate) = &self.gate else {
            return Ok(());
        };
        let opens = |entry: &Entry| match gate {
            Gate::At(point) => entry.point >= *point,
            Gate::After(point) => entry.point > *point,
            Gate::Since(time) => entry.time().is_some_and(|at| at >= *time),
        };
        let before = page
            .entries
            .iter()
            .take_while(|entry| !opens(entry))
            .count();
        page.entries.drain(..before);
        match (page.entries.front(), gate) {
            (Some(entry), Gate::At(point)) if entry.point != *point => {
                Err(self.out_of_range(point))
            }
            (None, Gate::At(point)) if page.at_tip || page.ended => Err(self.out_of_range(point)),
            (None, _) => Ok(()),
            (Some(_), _) => {
                self.gate = None;
                Ok(())
            }
        }
    }

    fn out_of_range(&self, point: &Point) -> Error {
        let message = format!("there is no record `{point}`");
        self.told(Error::new(ErrorKind::OutOfRange, message))
            .hint("it may be older than the stream keeps records, or of another shard")
    }

    /// One request for records.
    async fn poll(&mut self) -> Result<Page> {
        self.pace.admit().await;
        let iterator = match self.iterator.take() {
            Some(iterator) => iterator,
            None => iterator(&self.stream, &self.shard, &self.start).await?,
        };
        let asked = now();
        let answer = match get(&self.stream, &iterator, MOST_RECORDS).await {
            Ok(answer) => answer,
            // Iterators live for five minutes; the place they stood for is known.
            Err(Refused::Expired) => {
                self.pin();
                return Ok(Page::default());
            }
            Err(Refused::Failed(error)) => {
                self.iterator = Some(iterator);
                return Err(error);
            }
        };
        self.answered = asked;
        self.iterator = answer.next;
        let page = Page::new(
            &self.stream.name,
            &self.shard,
            answer.records,
            answer.behind,
            self.iterator.is_none(),
        );
        if page.at_tip && !page.ended && self.end.is_none() {
            self.pace.rest().await;
        }
        Ok(page)
    }

    /// What was the end when it was asked for is not the end any more: the time of that takes its place.
    fn pin(&mut self) {
        if self.start == Start::Latest {
            let answered = Timestamp::from_nanos(self.answered.as_nanos() - SKEW);
            self.start = Start::Arrived(answered.max(self.opened));
        }
    }

    fn told(&self, error: Error) -> Error {
        error
            .with("stream", &self.stream.name)
            .with("shard", &self.shard)
    }
}

/// What Kinesis answers to a request for records.
pub(super) struct Answer {
    pub(super) records: Vec<aws_sdk_kinesis::types::Record>,
    pub(super) next: Option<String>,
    pub(super) behind: Option<i64>,
}

/// Why there is no answer.
pub(super) enum Refused {
    /// The iterator is too old.
    Expired,
    /// Anything else.
    Failed(Error),
}

/// Records from an iterator on.
pub(super) async fn get(stream: &Stream, iterator: &str, limit: i32) -> Result<Answer, Refused> {
    let asked = stream
        .client
        .get_records()
        .shard_iterator(iterator)
        .limit(limit);
    let (_, arn) = stream.names();
    match asked.set_stream_arn(arn).send().await {
        Ok(answer) => Ok(Answer {
            records: answer.records,
            next: answer.next_shard_iterator,
            behind: answer.millis_behind_latest,
        }),
        Err(error) if error.code() == Some("ExpiredIteratorException") => Err(Refused::Expired),
        Err(error) => Err(Refused::Failed(request("reading the shard", error))),
    }
}

/// An iterator at a place.
pub(super) async fn iterator(stream: &Stream, shard: &str, start: &Start) -> Result<String> {
    match ask(stream, shard, start).await {
        // The time is still to come for the service: nothing that it has now arrived then.
        Err(error) if matches!(start, Start::Arrived(_)) && error.kind() == ErrorKind::Config => {
            ask(stream, shard, &Start::Latest).await
        }
        answer => answer,
    }
}

async fn ask(stream: &Stream, shard: &str, start: &Start) -> Result<String> {
    use ShardIteratorType as Kind;
    let (kind, sequence, time) = match start {
        Start::Horizon => (Kind::TrimHorizon, None, None),
        Start::Latest => (Kind::Latest, None, None),
        Start::Arrived(time) => (
            Kind::AtTimestamp,
            None,
            Some(DateTime::from_millis(time.as_millis().max(0))),
        ),
        Start::At(sequence) => (Kind::AtSequenceNumber, Some(sequence), None),
        Start::After(sequence) => (Kind::AfterSequenceNumber, Some(sequence), None),
    };
    let (name, arn) = stream.names();
    let asked = stream
        .client
        .get_shard_iterator()
        .set_stream_name(name)
        .set_stream_arn(arn)
        .shard_id(shard);
    let asked = asked
        .shard_iterator_type(kind)
        .set_starting_sequence_number(sequence.map(ToString::to_string));
    match asked.set_timestamp(time).send().await {
        Ok(answer) => answer
            .shard_iterator
            .ok_or_else(|| Error::new(ErrorKind::Other, "the service gave no iterator")),
        Err(error) => {
            let refused = match error.code() {
                Some("InvalidArgumentException" | "ValidationException") => true,
                // kinesis-mock says of a number what others say of streams.
                Some("ResourceNotFoundException") => error
                    .message()
                    .is_some_and(|said| said.contains("SequenceNumber")),
                _ => false,
            };
            let error = request("finding a position", error);
            Err(match sequence.filter(|_| refused) {
                Some(_) => Error::new(ErrorKind::OutOfRange, error.to_string()).hint(
                    "a sequence number belongs to one shard: name the shard with `--partition`",
                ),
                None => error,
            })
        }
    }
}
