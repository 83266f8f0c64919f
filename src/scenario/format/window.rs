//! The step `window`, as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::{AggregateText, Jq, StreamAddress, TimeUnit};
use crate::duration::HumanDuration;

/// Records are grouped by key and time; what comes out are one result per key and window.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct WindowStep {
    /// Which windows, and what is calculated in each.
    pub window: Box<Window>,
}

/// Which windows there are, when they close, and what is calculated in each.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Window {
    /// What records are grouped by, such as `.country`; without it all are one group, and `key` is null.
    pub by: Option<Jq>,
    /// The event time, such as `.ts`; without it the time that the record has in its stream.
    pub time: Option<Jq>,
    /// What the result of `time` counts, and `start` and `end` of a result; default `ms`. With `rfc3339` they are ms.
    pub unit: Option<TimeUnit>,
    /// The type of the windows; default `tumbling`.
    #[schemars(rename = "type")]
    pub kind: Option<WindowType>,
    /// How long a window is: a duration; of `count` windows how many records. With `cumulate` the longest.
    pub size: Option<Amount>,
    /// How far the next `sliding` window begins after the one before.
    pub slide: Option<HumanDuration>,
    /// How much longer the next `cumulate` window is than the one before.
    pub step: Option<HumanDuration>,
    /// A `session` ends when nothing came for so long.
    pub gap: Option<HumanDuration>,
    /// A `count` window that is not full ends so long after its first record, in event time.
    pub timeout: Option<HumanDuration>,
    /// Windows begin so long after the full multiples of their size; default `0s`.
    pub offset: Option<HumanDuration>,
    /// Windows of whole days begin at midnight in this time zone, such as `Europe/Berlin`.
    pub zone: Option<String>,
    /// What is calculated: a name in the result and an aggregate, such as `total: sum(.amount)`.
    pub agg: BTreeMap<String, AggregateText>,
    /// How the watermark follows the event times: `bounded` (the default), `monotonic`, or `punctuated` by a program.
    pub watermark: Option<Watermark>,
    /// Watermarks are kept per result of this program, such as `.device`, instead of per partition of the stream.
    pub partition: Option<Jq>,
    /// How far the watermark stays behind the greatest event time of a partition; default `0s`.
    pub delay: Option<HumanDuration>,
    /// A partition whose watermark is so far behind the greatest one no longer holds windows open.
    pub idle: Option<HumanDuration>,
    /// A partition without a record for so long, by the clock, no longer holds windows open. Results depend on when records
    /// arrive then; by a virtual clock they are the same each time.
    pub idle_wall: Option<HumanDuration>,
    /// A record so far ahead of its partition is not believed: it is a bad one, see `on-error`.
    pub max_future: Option<HumanDuration>,
    /// So long after its end a window still takes records; default `0s`.
    pub lateness: Option<HumanDuration>,
    /// What happens to a record that comes too late: `drop` (the default), `refire`, or `side`.
    pub late: Option<Late>,
    /// When results come beside the one at the end of the window.
    pub trigger: Option<Trigger>,
    /// What a second result of a window holds; default `accumulating`.
    pub accumulation: Option<Accumulation>,
}

/// The types of windows.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum WindowType {
    /// Windows of one length, one after the other.
    Tumbling,
    /// Windows of one length that overlap.
    Sliding,
    /// Another name of `sliding`.
    Hopping,
    /// Records with no pause between them.
    Session,
    /// So many records.
    Count,
    /// Windows with one start that get longer by a step each.
    Cumulate,
    /// One window without an end; `trigger` says when results come.
    Global,
}

/// A duration, or a number of records.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Amount {
    /// So long.
    Duration(HumanDuration),
    /// So many.
    Number(#[schemars(range(min = 1))] u64),
}

/// How the watermark follows the event times.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Watermark {
    /// `bounded` or `monotonic`.
    Plain(WatermarkWord),
    /// It is what a program says.
    Punctuated(Punctuated),
}

/// How the watermark follows the event times.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum WatermarkWord {
    /// The greatest event time less `delay`.
    Bounded,
    /// The greatest event time: nothing comes out of order.
    Monotonic,
}

/// The watermark is what a program says.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Punctuated {
    /// A time in `unit`, such as `.complete_until`; where it is null or nothing, the watermark stays.
    pub punctuated: Jq,
}

/// What happens to a record that comes too late. It is counted in every case.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Late {
    /// `drop` or `refire`.
    Plain(LateWord),
    /// It goes to another stream.
    Side(Side),
}

/// What happens to a record that comes too late.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum LateWord {
    /// It is left out.
    Drop,
    /// Its window gives another result, as long as `lateness` lets it.
    Refire,
}

/// The record goes to another stream as it came.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Side {
    /// The stream, by name or address.
    pub side: StreamAddress,
}

/// When results come beside the one at the end of the window.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Trigger {
    /// Results before the end.
    pub early: Option<Pace>,
    /// Results after the end, where `lateness` lets records in; default one per record.
    pub late: Option<PaceCount>,
    /// Of a `global` window: a result after so many records of a key.
    #[schemars(range(min = 1))]
    pub count: Option<u64>,
    /// Of a `global` window: a result every so often, in event time.
    pub every: Option<HumanDuration>,
}

/// How often a result comes.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Pace {
    /// So often, in event time.
    pub every: Option<HumanDuration>,
    /// After so many records of a key and window.
    #[schemars(range(min = 1))]
    pub count: Option<u64>,
}

/// After how many records a result comes.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PaceCount {
    /// After so many records of a key and window.
    #[schemars(range(min = 1))]
    pub count: u64,
}

/// What a second result of a window holds.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Accumulation {
    /// All records of the window so far.
    Accumulating,
    /// The records since the result before.
    Discarding,
    /// As `accumulating`; before it comes the result before once more, with `"retract": true`.
    Retracting,
}
