//! The scenario file as Rust types: what `ssectl schema scenario` and the checks of `lint` come from.
//!
//! Doc comments end up as descriptions in the JSON Schema, and so in editors. The model that runs
//! is in [`types`](super::Scenario).

mod expect;
mod scalar;
mod steps;
mod window;

use std::collections::BTreeMap;

use schemars::JsonSchema;

use crate::duration::HumanDuration;
use crate::generate::Spec;

pub use expect::{Bounds, Count, Equals, EqualsFile, EqualsOrder, Expect, ExpectFormat, KeyOrder};
pub use scalar::{
    AggregateText, AnyScalar, ClockText, FilePath, Jq, OffsetsText, OneOrMore, ShareText,
    SpeedText, StreamAddress,
};
pub use steps::{
    AsOf, AsOfStep, DedupeBy, DedupeStep, Enrich, EnrichStep, FlatMapStep, Join, JoinStep,
    JoinType, KeyByStep, Missing, RateStep, SampleStep, Table, WordCase, WordsStep,
};
pub use window::*;

/// A scenario of ssectl: logical streams, pipelines between them, and what must come out.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// The version of this format.
    pub api_version: ApiVersion,
    /// The scenario's name, in kebab case.
    pub name: String,
    /// One line about it.
    pub summary: Option<String>,
    /// What can be set from outside (`--set NAME=VALUE`, a prompt), used as `${param.NAME}`.
    pub params: Option<BTreeMap<String, Option<Param>>>,
    /// Logical streams; the target makes real ones of them.
    pub streams: Option<BTreeMap<String, Option<Stream>>>,
    /// Pipelines, which run at the same time.
    pub pipelines: BTreeMap<String, Pipeline>,
    /// What must hold for a stream after the run.
    pub expect: Option<BTreeMap<String, Expect>>,
    /// What goes wrong on purpose while the scenario runs on an emulator; a real target is left alone.
    pub faults: Option<Faults>,
    /// What time is for the run; default `wall`. A virtual clock jumps to the next moment at which something happens, so that
    /// a day passes at once.
    pub clock: Option<ClockText>,
}

/// Faults on purpose, each with the share of cases in which it strikes, from 0 to 1.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Faults {
    /// The service refuses for now, because of too many requests.
    #[schemars(range(min = 0, max = 1))]
    pub throttle: Option<f64>,
    /// The answer comes late.
    #[schemars(range(min = 0, max = 1))]
    pub latency: Option<f64>,
    /// How late it is at most; default `100ms`.
    pub latest: Option<HumanDuration>,
    /// The connection is closed instead of an answer, before or after the request took effect.
    #[schemars(range(min = 0, max = 1))]
    pub drop: Option<f64>,
    /// A record or message comes twice.
    #[schemars(range(min = 0, max = 1))]
    pub duplicate: Option<f64>,
    /// Messages come out of order, where the service promises none.
    #[schemars(range(min = 0, max = 1))]
    pub reorder: Option<f64>,
    /// A lease, receipt, iterator or membership ends early.
    #[schemars(range(min = 0, max = 1))]
    pub stale_lease: Option<f64>,
    /// The same seed brings the same faults; default 0.
    pub seed: Option<u64>,
}

/// The version of the scenario format.
#[derive(JsonSchema)]
pub enum ApiVersion {
    /// The first version.
    #[schemars(rename = "ssectl/v1")]
    V1,
}

/// A parameter.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Param {
    /// What to ask on a terminal.
    pub prompt: Option<String>,
    /// The value if nobody gives one.
    pub default: Option<AnyScalar>,
    /// A longer explanation.
    pub help: Option<String>,
    /// What a value must look like: `text` (the default), `number` or `path`.
    #[schemars(rename = "type")]
    pub kind: Option<ParamType>,
}

/// What a parameter's value must look like.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum ParamType {
    /// Anything.
    Text,
    /// A number.
    Number,
    /// A path; the default starts from the scenario's folder, a given value from the working directory.
    Path,
}

/// A logical stream.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Stream {
    /// How many partitions (shards); the target's default when not said.
    #[schemars(range(min = 1, max = 10_000))]
    pub partitions: Option<u32>,
    /// What tells a record of this stream from all others, such as `.seq`: who reads the stream in this scenario
    /// leaves out a record that comes again, as it may where a target delivers at least once.
    pub id: Option<Jq>,
    /// Settings in the target's own words, such as `retention.ms: 60000`.
    pub config: Option<BTreeMap<String, AnyScalar>>,
}

/// Records from a source through steps into a sink.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pipeline {
    /// Where records come from.
    pub source: Source,
    /// What happens to each record, in order.
    pub steps: Option<Vec<Step>>,
    /// What happens to a record that a step cannot handle: `fail` (the default), `skip`, or `dead-letter`.
    pub on_error: Option<OnError>,
    /// Where the results go.
    pub sink: Sink,
    /// How often a record may count in the results, whatever crashes: `at-least-once` (the default),
    /// `effectively-once`, which gives results ids by which readers leave out those that come again, or
    /// `exactly-once`, which goes from a Kafka topic to others of the same cluster and needs a `group`.
    pub delivery: Option<Delivery>,
    /// What a record becomes in the sink; short for `format` inside of `sink`.
    pub format: Option<Format>,
}

/// Where records come from: the name of a stream, an address, or one of `generate`, `replay`, `stream`.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Source {
    /// A stream by name or address.
    Address(StreamAddress),
    /// Made-up events.
    Generate(Box<Spec>),
    /// Recorded events.
    Replay(Replay),
    /// A part of a stream.
    Stream(Read),
}

/// Recorded files, read one after the other.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Replay {
    /// A file or several; relative paths start from the scenario's folder. `.gz` and `.zst` are decompressed.
    pub replay: OneOrMore<FilePath>,
    /// What a record is in the files; default `json`, one value per line.
    pub format: Option<Format>,
    /// The event time of a record, for the original pace.
    pub time: Option<Jq>,
    /// What the result of `time` counts; default `ms`.
    pub unit: Option<TimeUnit>,
    /// `max`, or a factor such as `10x`; default `1x` with `time`, else `max`.
    pub speed: Option<SpeedText>,
    /// Whether to start over at the end, for ever.
    #[schemars(rename = "loop")]
    pub repeat: Option<bool>,
}

/// A stream and which part of it.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Read {
    /// The stream, by name or address.
    pub stream: StreamAddress,
    /// Where to start, and with `FROM:TO` where to stop: `start`, `end`, `stored`, `N`, `+N`, `-N`, `@TIME`.
    pub from: Option<OffsetsText>,
    /// The consumer group whose commits say where to go on.
    pub group: Option<String>,
    /// What a record is; default `json`.
    pub format: Option<Format>,
}

/// Where results go: the name of a stream, an address, or a mapping with `stream`.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Sink {
    /// A stream by name or address.
    Address(StreamAddress),
    /// A stream and what a record becomes in it.
    Stream(Write),
}

/// A stream to write.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Write {
    /// The stream, by name or address.
    pub stream: StreamAddress,
    /// What a record becomes; default `json`.
    pub format: Option<Format>,
}

/// One thing that happens to a record.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Step {
    /// Each result of the program becomes a record.
    Map(MapStep),
    /// Each element of the array that the program gives becomes a record.
    FlatMap(FlatMapStep),
    /// Each word of the text that the program gives becomes a record.
    Words(WordsStep),
    /// Records stay if the program says so.
    Filter(FilterStep),
    /// A share of the records stays.
    Sample(SampleStep),
    /// The program's result becomes the key.
    Key(KeyStep),
    /// The program's result becomes the key, and there must be one.
    KeyBy(KeyByStep),
    /// No more records than so many in a stretch of time.
    Rate(RateStep),
    /// Each record gets the row of a table that belongs to it.
    Enrich(EnrichStep),
    /// Of records with the same key only the first within a horizon goes on.
    Dedupe(DedupeStep),
    /// Pairs of records of two sources that have the same key and are not too far apart.
    Join(JoinStep),
    /// Each record with the last one of another source that was not after it.
    AsOf(AsOfStep),
    /// The program's result becomes the time.
    Time(TimeStep),
    /// Results per key and window.
    Window(Box<WindowStep>),
}

/// Each result of the program becomes a record: none, one or many.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MapStep {
    /// For example `.text |= ascii_upcase`.
    pub map: Jq,
}

/// Records stay if the program's first result is neither `false` nor `null`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FilterStep {
    /// For example `.seq > 3`.
    pub filter: Jq,
}

/// The program's first result becomes the record's key; `null` removes it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct KeyStep {
    /// For example `.id`.
    pub key: Jq,
}

/// The program's first result becomes the record's time.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TimeStep {
    /// For example `.ts`.
    pub time: Jq,
    /// What the result counts; default `ms`.
    pub unit: Option<TimeUnit>,
}

/// What happens to a record that a step cannot handle. It is counted in every case.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum OnError {
    /// `fail` or `skip`.
    Plain(OnErrorWord),
    /// The record goes to another stream as it was read.
    DeadLetter(DeadLetter),
}

/// How often a record may count in the results.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Delivery {
    /// Once or more: after a crash some results are written again.
    AtLeastOnce,
    /// Once for readers that go by the ids of the results: what is written again has the id that it had.
    EffectivelyOnce,
    /// Once: results and positions are committed in one transaction.
    ExactlyOnce,
}

/// What happens to a record that a step cannot handle.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum OnErrorWord {
    /// The run stops.
    Fail,
    /// The record is left out.
    Skip,
}

/// The record goes to another stream as it was read.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DeadLetter {
    /// The stream, by name or address.
    pub dead_letter: StreamAddress,
}

/// What the bytes of a record are.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Format {
    /// One JSON value.
    Json,
    /// Text: programs see a string.
    Text,
    /// Rows with a header: programs see objects.
    Csv,
    /// Any bytes; no program may look into them.
    Raw,
}

/// What a time counts.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum TimeUnit {
    /// Seconds since 1970.
    S,
    /// Milliseconds since 1970.
    Ms,
    /// Microseconds since 1970.
    Us,
    /// Nanoseconds since 1970.
    Ns,
    /// Text such as `2024-05-09T11:33:23.0075+02:00`.
    Rfc3339,
}
