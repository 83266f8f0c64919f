//! A topic: a stream of the offset log.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use prost::Message;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::proto::pubsub as pb;
use super::subscription::millis;
use super::{exchange, frames};
use crate::interchange::references::{self, Reference, References};
use crate::store::frame::{HIDDEN, Header};
use crate::store::{
    Attributes, Frame, LockExt, LogSettings, NewFrame, Partition, RwLockExt, Store, StoreError,
    Stream,
};

/// The attribute with a resource as it is shown, in base64.
const ABOUT: &str = "about";

/// The attribute with the number that the ids of messages count from.
const FIRST_ID: &str = "first_id";

/// The attribute of a topic that was deleted while subscriptions have messages of it.
const DELETED: &str = "deleted";

/// One topic, shared between threads.
#[derive(Debug)]
pub(super) struct Topic {
    stream: Arc<Stream>,
    log: Arc<Partition>,
    about: RwLock<pb::Topic>,
    first_id: i64,
    published: Arc<Notify>,
    /// The stream that all dialects share, whose records are the messages.
    shared: Option<References>,
    is_deleted: AtomicBool,
    /// The first offset that is left, and when it was published.
    oldest: Mutex<Option<(i64, i64)>>,
    /// When its log was compacted last, Unix milliseconds.
    compacted_ms: AtomicI64,
}

impl Topic {
    /// The attributes of a new topic.
    pub(super) fn attributes(about: &pb::Topic, now_ms: i64) -> Attributes {
        let first_id = now_ms.saturating_mul(1000);
        Attributes::from([
            (ABOUT.to_owned(), encode(about)),
            (FIRST_ID.to_owned(), first_id.to_string()),
        ])
    }

    /// The topic that a stream is; `None` if the stream is something else.
    ///
    /// # Errors
    /// Its log cannot be read.
    pub(super) fn open(
        store: &Arc<Store>,
        stream: Arc<Stream>,
    ) -> Result<Option<Self>, StoreError> {
        let published = Arc::default();
        let shared = References::open(store, &stream, &published)?;
        Ok(Self::over(stream, published, shared))
    }

    fn over(
        stream: Arc<Stream>,
        published: Arc<Notify>,
        shared: Option<References>,
    ) -> Option<Self> {
        let attributes = stream.attributes();
        let is_lost = references::refers(&stream) && shared.is_none();
        Some(Self {
            log: stream.partition(0)?,
            about: RwLock::new(decode(&attributes)?),
            first_id: attributes.get(FIRST_ID)?.parse().ok()?,
            published,
            shared,
            oldest: Mutex::default(),
            compacted_ms: AtomicI64::new(0),
            is_deleted: AtomicBool::new(is_lost || attributes.contains_key(DELETED)),
            stream,
        })
    }

    /// The stream that all dialects share, if it is one.
    pub(super) fn shared(&self) -> Option<&References> {
        self.shared.as_ref()
    }

    /// The stream it is.
    pub(super) fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// As it is shown.
    pub(super) fn about(&self) -> pb::Topic {
        let mut about = self.about.reading().clone();
        about.state = pb::topic::State::Active.into();
        about
    }

    /// The schema that its messages must fit to, if there is one.
    pub(super) fn schema_settings(&self) -> Option<pb::SchemaSettings> {
        self.about.reading().schema_settings.clone()
    }

    /// The attributes with another form in which it is shown.
    pub(super) fn attributes_with(&self, about: &pb::Topic) -> Attributes {
        let mut attributes = self.stream.attributes();
        attributes.insert(ABOUT.to_owned(), encode(about));
        attributes
    }

    /// The attributes once it is deleted.
    pub(super) fn attributes_when_deleted(&self) -> Attributes {
        let mut attributes = self.stream.attributes();
        attributes.insert(DELETED.to_owned(), "true".to_owned());
        attributes
    }

    /// Changes what is shown; the caller remembers it.
    pub(super) fn configure(&self, about: pb::Topic) {
        *self.about.writing() = about;
    }

    /// Takes note that it is deleted.
    pub(super) fn mark_deleted(&self) {
        self.is_deleted.store(true, Ordering::Release);
        self.published.notify_waiters();
    }

    /// Whether it is deleted.
    pub(super) fn is_deleted(&self) -> bool {
        self.is_deleted.load(Ordering::Acquire)
    }

    /// Publishes messages, all or none; they are in the log when this returns. Gives their offsets. In a shared stream all or
    /// none holds for those of each partition.
    ///
    /// # Errors
    /// The store is full, the file system refuses, or the topic is deleted.
    pub(super) fn publish(
        &self,
        messages: &[pb::PubsubMessage],
        now_ms: i64,
    ) -> Result<Vec<i64>, StoreError> {
        if self.is_deleted() {
            return Err(StoreError::Deleted);
        }
        if let Some(shared) = &self.shared {
            // So that what was there before has earlier places.
            shared.catch_up()?;
            return publish_shared(shared, messages, now_ms);
        }
        let first = frames::append_messages(&self.log, messages, now_ms)?;
        self.published.notify_waiters();
        Ok((first..).take(messages.len()).collect())
    }

    /// Takes in what other dialects wrote.
    fn catch_up(&self) {
        if let Some(shared) = &self.shared {
            // What cannot be taken in now is when somebody looks next.
            drop(shared.catch_up());
        }
    }

    /// Completes when something is published. Call it before looking.
    pub(super) fn published(&self) -> Notified<'_> {
        self.published.notified()
    }

    /// The id of the message at this offset.
    pub(super) fn message_id(&self, offset: i64) -> i64 {
        self.first_id.saturating_add(offset).saturating_add(1)
    }

    /// The first offset that is left, and the next one.
    pub(super) fn bounds(&self) -> (i64, i64) {
        self.catch_up();
        self.log.bounds()
    }

    /// The log itself.
    pub(super) fn log(&self) -> &Partition {
        &self.log
    }

    /// As [`Partition::read`], but from the first offset that is left where `from` was dropped.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(super) fn read(
        &self,
        from: i64,
        before: i64,
        max_bytes: usize,
    ) -> Result<Vec<Frame>, StoreError> {
        let frames = self.frames(from, before, max_bytes)?;
        match &self.shared {
            None => Ok(frames),
            Some(shared) => resolve(shared, &frames, (from, before), max_bytes),
        }
    }

    /// What is in its own log.
    fn frames(&self, from: i64, before: i64, max_bytes: usize) -> Result<Vec<Frame>, StoreError> {
        let from = from.max(self.log.bounds().0);
        match self.log.read(from, before, max_bytes) {
            Err(StoreError::OutOfRange { .. }) => Ok(Vec::new()),
            other => other,
        }
    }

    /// The first offset that was published at `time_ms` or later, if there is one.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(super) fn offset_at(&self, time_ms: i64) -> Result<Option<i64>, StoreError> {
        let (start, end) = self.log.bounds();
        if start == end {
            return Ok(None);
        }
        // Whether anything is too old is asked again and again; most often nothing is.
        if self
            .oldest_ms(start)?
            .is_some_and(|oldest| time_ms <= oldest)
        {
            return Ok(Some(start));
        }
        let found = self.log.find_time(time_ms, start)?;
        Ok(found.map(|frame| frame.header.base_offset))
    }

    /// When the first message that is left was published.
    fn oldest_ms(&self, start: i64) -> Result<Option<i64>, StoreError> {
        let known = *self.oldest.locked();
        if let Some((_, time)) = known.filter(|(offset, _)| *offset == start) {
            return Ok(Some(time));
        }
        let time = self.time_of(start)?;
        *self.oldest.locked() = time.map(|time| (start, time));
        Ok(time)
    }

    /// Whether the log was not compacted in the last `pause_ms`; it counts as compacted now then.
    pub(super) fn is_due_for_compaction(&self, now_ms: i64, pause_ms: i64) -> bool {
        let is_due = now_ms >= self.compacted_ms.load(Ordering::Relaxed) + pause_ms;
        if is_due {
            self.compacted_ms.store(now_ms, Ordering::Relaxed);
        }
        is_due
    }

    /// When the message at this offset, or the first one after it, was published; `None` if there is none.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(super) fn time_of(&self, offset: i64) -> Result<Option<i64>, StoreError> {
        let read = self.frames(offset, i64::MAX, 1)?;
        Ok(read.first().map(|frame| frame.header.max_timestamp))
    }

    /// The first message that it keeps by its own retention; `None` if it keeps none.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(super) fn retained_from(&self, now_ms: i64) -> Result<Option<i64>, StoreError> {
        let retention = self.about.reading().message_retention_duration;
        let Some(retention) = retention.map(|retention| millis(Some(retention), 0)) else {
            return Ok(None);
        };
        let end = self.log.bounds().1;
        Ok(Some(self.offset_at(now_ms - retention)?.unwrap_or(end)))
    }
}

/// Puts messages into the partitions of a shared stream.
fn publish_shared(
    shared: &References,
    messages: &[pb::PubsubMessage],
    now_ms: i64,
) -> Result<Vec<i64>, StoreError> {
    let mut by_partition: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (number, message) in messages.iter().enumerate() {
        let partition = shared.choose(exchange::key_of(message).as_deref());
        by_partition.entry(partition).or_default().push(number);
    }
    let mut places = vec![0; messages.len()];
    for (partition, numbers) in by_partition {
        let own: Vec<_> = numbers
            .iter()
            .map(|number| messages[*number].clone())
            .collect();
        let new = NewFrame {
            format: frames::MESSAGES,
            offsets: own.len() as u32,
            max_timestamp: now_ms,
            payload: &frames::encode(&own),
            forced: false,
        };
        let first = shared.append(partition, new, now_ms)?;
        for (place, number) in (first..).zip(numbers) {
            places[number] = place;
        }
    }
    Ok(places)
}

/// The messages that frames refer to, each as a frame of its own; where records are gone there is an empty one.
fn resolve(
    shared: &References,
    frames: &[Frame],
    (from, before): (i64, i64),
    max_bytes: usize,
) -> Result<Vec<Frame>, StoreError> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    for reference in frames.iter().filter_map(Reference::decode) {
        let mut next = from.max(reference.place);
        while next < reference.end().min(before) {
            if bytes >= max_bytes && !found.is_empty() {
                return Ok(found);
            }
            let read = shared.read(&reference, next, max_bytes, exchange::messages_of)?;
            for (place, stored) in read.0 {
                found.extend(gap(next, place));
                bytes += stored.0.len();
                found.push(frames::frame_of(place, stored));
                next = place + 1;
            }
            found.extend(gap(next, read.1));
            next = next.max(read.1);
        }
    }
    Ok(found)
}

/// A frame without content for places whose records are gone.
fn gap(from: i64, to: i64) -> Option<Frame> {
    let header = Header {
        length: 0,
        format: HIDDEN,
        offsets: u32::try_from(to - from).ok().filter(|count| *count > 0)?,
        base_offset: from,
        max_timestamp: 0,
    };
    let payload = Bytes::new();
    Some(Frame { header, payload })
}

/// A resource as it is kept in an attribute.
pub(super) fn encode(about: &impl Message) -> String {
    STANDARD.encode(about.encode_to_vec())
}

/// The resource that is kept in attributes.
pub(super) fn decode<T: Message + Default>(attributes: &Attributes) -> Option<T> {
    decode_text(attributes.get(ABOUT)?)
}

/// Reads what [`encode`] wrote.
pub(super) fn decode_text<T: Message + Default>(text: &str) -> Option<T> {
    T::decode(STANDARD.decode(text).ok()?.as_slice()).ok()
}

/// The attributes of a resource, and more of them.
pub(super) fn attributes_of<const N: usize>(
    about: &impl Message,
    more: [(&str, String); N],
) -> Attributes {
    let mut attributes = Attributes::from([(ABOUT.to_owned(), encode(about))]);
    attributes.extend(more.map(|(key, value)| (key.to_owned(), value)));
    attributes
}

/// Segments of topics and of subscriptions: small ones, so that what is acknowledged is freed soon.
pub(super) const LOG_SETTINGS: LogSettings = LogSettings {
    segment_bytes: 1 << 20,
    segment_ms: i64::MAX,
    retention_ms: None,
    retention_bytes: None,
};
