//! What a user asks of the generator, in a scenario file or with flags.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::SpecError;
use super::template::Template;
use super::timeline::Timeline;
use super::{BadKind, Kind, Rate};
use crate::duration::HumanDuration;

/// A stream of made-up events, fully determined by these options.
///
/// Two streams of equal options are equal byte for byte, whatever the machine, the number of
/// threads or the batch size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The kind of events.
    pub generate: Kind,
    /// How many events to write; without it there is no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Another seed gives other events; default 0.
    #[serde(default)]
    pub seed: u64,
    /// The index of the first event to write, to go on where another run stopped; default 0.
    #[serde(default)]
    pub from: u64,
    /// Whom or what the events are about, and how unevenly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Keys>,
    /// When the events happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// Let some events arrive late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disorder: Option<Disorder>,
    /// Spoil some events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<Bad>,
    /// The text of each event for the kind `template`, with placeholders such as `{{seq}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// How many events to send per unit of wall-clock time, such as `200/s` or `5/min`; default as
    /// fast as possible.
    ///
    /// It never changes what the events are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Stop after this much wall-clock time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<HumanDuration>,
}

/// The entities that events are about (customers, devices, users ...), and the record key made of
/// them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// How many different ones there are; the default depends on the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// How uneven they are: the exponent of a Zipf distribution. 0, the default, is even; around 1
    /// is like words in a text.
    #[serde(default)]
    pub skew: f64,
    /// The field whose value is the key of the record, or `none` for records without key; the
    /// default depends on the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// The event times: `start`, then one event each `period`, moved by some of `jitter`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// The time of event 0 (RFC 3339); default 2026-01-01T00:00:00Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub start: Option<Timestamp>,
    /// The time from one event to the next; the default depends on the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<HumanDuration>,
    /// By how much of a period an event may happen later than evenly spaced, from 0 to 1; default
    /// 0.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<f64>,
}

/// Events that arrive after younger ones. Their contents and times stay as they are: only the order
/// changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disorder {
    /// Which share of the events arrives late, from 0 up to but not including 1.
    pub share: f64,
    /// How late at most: the event time an event is behind the latest one seen before it.
    pub by: HumanDuration,
}

/// Events spoilt on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bad {
    /// Which share of the events is bad, from 0 to 1.
    pub share: f64,
    /// How they are bad, in equal parts; default all that the kind allows, except `huge`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<BadKind>,
    /// The size of a `huge` record in bytes; default 1,048,577, one more than 1 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
}

impl Spec {
    /// The endless stream of `kind` with all defaults.
    pub fn new(kind: Kind) -> Self {
        Self {
            generate: kind,
            count: None,
            seed: 0,
            from: 0,
            keys: None,
            time: None,
            disorder: None,
            bad: None,
            template: None,
            rate: None,
            duration: None,
        }
    }

    /// The template, if and only if the kind is one.
    pub(super) fn parsed_template(&self) -> Result<Option<Template>, SpecError> {
        match (self.generate, &self.template) {
            (Kind::Template, Some(text)) => Template::parse(text).map(Some),
            (Kind::Template, None) => Err(SpecError::new(
                "template",
                "the kind `template` needs a text, such as `{{seq}} {{word}}`",
            )),
            (kind, Some(_)) => Err(SpecError::new(
                "template",
                format!("`{kind}` has no use for a text; the kind `template` has"),
            )),
            (_, None) => Ok(None),
        }
    }

    /// The count, if indices and event times do not run out before it.
    pub(super) fn checked_count(&self, timeline: &Timeline) -> Result<Option<u64>, SpecError> {
        let Some(count @ 1..) = self.count else {
            return Ok(self.count);
        };
        match self.from.checked_add(count - 1) {
            None => Err(SpecError::new(
                "count",
                format!(
                    "{count} events from index {} are more than there are",
                    self.from
                ),
            )),
            Some(last) if timeline.is_exhausted_at(last) => {
                let problem = format!(
                    "event {last} would happen after the year 9999; lower it or `time.period`"
                );
                Err(SpecError::new("count", problem))
            }
            Some(_) => Ok(self.count),
        }
    }
}
