//! Steps that relate records to others of the same key, as they are written.

use schemars::JsonSchema;

use super::Table;
use crate::duration::HumanDuration;
use crate::scenario::format::{Jq, TimeUnit};

/// Of records with the same key only the first within a horizon goes on.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DedupeStep {
    /// What is the same, and for how long.
    pub dedupe: DedupeBy,
}

/// What is the same, and for how long.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DedupeBy {
    /// What makes two records the same, such as `.id`. A record for which it is null goes on.
    pub by: Jq,
    /// How long after, and before, one that went on another one is left out, in event time; without it for ever.
    pub within: Option<HumanDuration>,
    /// The event time, such as `.ts`; without it the time that the record has in its stream.
    pub time: Option<Jq>,
    /// What the result of `time` counts; default `ms`.
    pub unit: Option<TimeUnit>,
    /// How far the watermark stays behind the greatest event time of a partition; default `0s`.
    pub delay: Option<HumanDuration>,
    /// A partition whose watermark is so far behind the greatest one is not waited for.
    pub idle: Option<HumanDuration>,
    /// A record so far ahead of its partition is not believed: it is a bad one, see `on-error`.
    pub max_future: Option<HumanDuration>,
}

/// Pairs of records of two sources that have the same key and are not too far apart.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct JoinStep {
    /// With what, and which pairs.
    pub join: Join,
}

/// With what, and which pairs.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Join {
    /// The right source: a stream by name or address, or a part of one. The left one is that of the pipeline.
    pub with: Table,
    /// The key of left records, such as `.order`.
    pub by: Jq,
    /// The key of right ones; default `$key`.
    pub key: Option<Jq>,
    /// What of right ones is taken; default `.`, all.
    pub value: Option<Jq>,
    /// The member of the left record that it becomes; one that is there already is replaced.
    #[schemars(rename = "as")]
    pub member: String,
    /// How long before the left record the right one may be, in event time, both included; default `0s`.
    pub before: Option<HumanDuration>,
    /// How long after it; default `0s`.
    pub after: Option<HumanDuration>,
    /// `inner` (the default) or `left`.
    #[schemars(rename = "type")]
    pub kind: Option<JoinType>,
    /// The event time of left records; without it the time that they have in their stream.
    pub time: Option<Jq>,
    /// That of right ones; default the same as `time`.
    pub with_time: Option<Jq>,
    /// What times count; default `ms`.
    pub unit: Option<TimeUnit>,
    /// How far the watermark stays behind the greatest event time of a partition; default `0s`.
    pub delay: Option<HumanDuration>,
    /// A partition whose watermark is so far behind the greatest one is not waited for.
    pub idle: Option<HumanDuration>,
    /// A record so far ahead of its partition is not believed: it is a bad one, see `on-error`.
    pub max_future: Option<HumanDuration>,
}

/// What becomes of a left record without a partner.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum JoinType {
    /// It is left out.
    Inner,
    /// It goes on with null.
    Left,
}

/// Each record with the last one of another source that was not after it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AsOfStep {
    /// With what.
    #[schemars(rename = "as-of")]
    pub as_of: AsOf,
}

/// With what.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AsOf {
    /// The right source: a stream by name or address, or a part of one. The left one is that of the pipeline.
    pub with: Table,
    /// The key of left records, such as `.currency`.
    pub by: Jq,
    /// The key of right ones; default `$key`.
    pub key: Option<Jq>,
    /// What of right ones is taken; default `.`, all.
    pub value: Option<Jq>,
    /// The member of the left record that it becomes; one that is there already is replaced.
    #[schemars(rename = "as")]
    pub member: String,
    /// How old the right record may be, in event time; without it any age.
    pub tolerance: Option<HumanDuration>,
    /// `inner` (the default) or `left`.
    #[schemars(rename = "type")]
    pub kind: Option<JoinType>,
    /// The event time of left records; without it the time that they have in their stream.
    pub time: Option<Jq>,
    /// That of right ones; default the same as `time`.
    pub with_time: Option<Jq>,
    /// What times count; default `ms`.
    pub unit: Option<TimeUnit>,
    /// How far the watermark stays behind the greatest event time of a partition; default `0s`.
    pub delay: Option<HumanDuration>,
    /// A partition whose watermark is so far behind the greatest one is not waited for.
    pub idle: Option<HumanDuration>,
    /// A record so far ahead of its partition is not believed: it is a bad one, see `on-error`.
    pub max_future: Option<HumanDuration>,
}
