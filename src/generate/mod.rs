//! Made-up event streams: seeded, seekable and fast.
//!
//! Event i is a pure function of the [`Spec`] and of i. Nothing is carried from one event to the
//! next and no clock is read, so threads, batch sizes, restarts and the index a run starts from
//! never change what event i is. What seems to depend on history, such as the team a player is in,
//! is computed from i alone.
//!
//! ```
//! use ssectl::generate::{Generator, Kind, Spec};
//!
//! let generator = Generator::new(&Spec { count: Some(3), ..Spec::new(Kind::Words) })?;
//! let mut text = Vec::new();
//! for i in 0..3 {
//!     generator.write(i, &mut text);
//!     text.push(b'\n');
//! }
//! assert_eq!(text.iter().filter(|&&byte| byte == b'\n').count(), 3);
//! # Ok::<(), ssectl::generate::SpecError>(())
//! ```

mod arrival;
mod bad;
mod error;
mod json;
mod keys;
mod kind;
mod kinds;
mod rate;
mod rng;
mod source;
mod spec;
mod template;
mod timeline;
mod zipf;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

pub use bad::BadKind;
pub use error::SpecError;
pub use kind::{Kind, KindInfo, kinds};
pub use rate::Rate;
pub use source::GenerateSource;
pub use spec::{Bad, Disorder, Keys, Spec, Time};
pub use timeline::DEFAULT_START;

use arrival::Arrival;
use bad::Spoiler;
use json::Record;
use keys::{Chooser, EntityKeys};
use kinds::{Body, Moment};
use rng::{Purpose, Seed};
use template::Template;
use timeline::Timeline;

/// Writes the events of one stream. Cloning is cheap, and all clones write the same events.
#[derive(Debug, Clone)]
pub struct Generator {
    plan: Arc<Plan>,
}

/// What there is to know about an event beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event's place in event time, from 0: `seq` in its text. Equals the index asked for
    /// unless events arrive out of order.
    pub seq: u64,
    /// When the event happened, in nanoseconds since 1970-01-01T00:00:00Z.
    pub time_ns: i128,
    /// The key of the record, if it has one.
    pub key: Option<Key>,
    /// How the record is bad, if it is.
    pub bad: Option<BadKind>,
}

/// The key of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// These bytes of the value, counted from the first one that the event appended.
    Within(Range<usize>),
    /// Bytes that the value does not hold, as when it was cut off before them.
    Apart(Box<[u8]>),
}

impl Key {
    /// The key's bytes; `value` holds exactly the bytes that the event appended.
    pub fn bytes<'a>(&'a self, value: &'a [u8]) -> &'a [u8] {
        match self {
            Key::Within(range) => &value[range.clone()],
            Key::Apart(bytes) => bytes,
        }
    }
}

#[derive(Debug)]
struct Plan {
    seed: Seed,
    first: u64,
    count: Option<u64>,
    timeline: Timeline,
    arrival: Arrival,
    chooser: Chooser,
    key_field: Option<String>,
    body: Box<dyn Body>,
    spoiler: Option<Spoiler>,
}

impl Generator {
    /// Checks `spec` and prepares to write its events.
    ///
    /// # Errors
    ///
    /// The first option that is missing, out of range or of no use for this kind.
    pub fn new(spec: &Spec) -> Result<Self, SpecError> {
        let mut plan = Plan::new(spec)?;
        if let Some(bad) = &spec.bad {
            let mut sample = Vec::new();
            plan.write_good(plan.first, &mut sample);
            plan.spoiler = Spoiler::new(plan.seed, bad, &sample)?;
        }
        Ok(Self {
            plan: Arc::new(plan),
        })
    }

    /// The index of the first event to write.
    pub fn first(&self) -> u64 {
        self.plan.first
    }

    /// How many events to write, or `None` for no end: those at `first()` to `first() + len() - 1`.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a generator is not a container"
    )]
    pub fn len(&self) -> Option<u64> {
        self.plan.count
    }

    /// Appends the event that arrives at position `i` to `out`, without a line end, and says what
    /// it is.
    ///
    /// Any `i` may be asked for, in any order, also outside of `first` and `len`. Event times stop
    /// in the year 9999.
    pub fn write(&self, i: u64, out: &mut Vec<u8>) -> Event {
        let start = out.len();
        let mut event = self.plan.write_good(i, out);
        if let Some(spoiler) = &self.plan.spoiler
            && let Some((kind, mut draws)) = spoiler.choose(event.seq)
        {
            event.key = event
                .key
                .map(|key| Key::Apart(key.bytes(&out[start..]).into()));
            event.bad = Some(kind);
            spoiler.spoil(kind, &mut draws, out, start);
        }
        event
    }
}

impl Plan {
    fn new(spec: &Spec) -> Result<Self, SpecError> {
        let info = spec.generate.info();
        let seed = Seed(spec.seed);
        let timeline = Timeline::new(
            seed,
            &spec.time.clone().unwrap_or_default(),
            info.period.into(),
        )?;
        let template = spec.parsed_template()?;
        let names_key = template.as_ref().is_some_and(Template::uses_key);
        let keys = EntityKeys::new(spec.keys.as_ref(), info, info.keyed || names_key)?;
        Ok(Self {
            seed,
            first: spec.from,
            count: spec.checked_count(&timeline)?,
            arrival: Arrival::new(seed, spec.disorder.as_ref(), &timeline)?,
            chooser: keys.chooser(seed),
            body: kinds::body(spec.generate, template, seed, &keys, &timeline),
            key_field: keys.field,
            timeline,
            spoiler: None,
        })
    }

    #[inline]
    fn write_good(&self, i: u64, out: &mut Vec<u8>) -> Event {
        let seq = self.arrival.event_at(i);
        let moment = Moment {
            seq,
            at: self.timeline.at(seq),
            entity: self.chooser.entity(seq),
        };
        let mut record = Record::new(out, self.key_field.as_deref());
        self.body.write(
            &moment,
            &mut self.seed.draws(Purpose::Body, seq),
            &mut record,
        );
        Event {
            seq,
            time_ns: moment.at.ns,
            key: record.key(),
            bad: None,
        }
    }
}
