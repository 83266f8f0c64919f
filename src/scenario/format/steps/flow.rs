//! Steps that need nothing but the record.

use schemars::JsonSchema;

use crate::generate::Rate;
use crate::scenario::format::{Jq, ShareText};

/// Each element of the array that the program gives becomes a record of its own: none, one or many.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FlatMapStep {
    /// For example `.items`. What is no array is a bad record.
    #[schemars(rename = "flat-map")]
    pub flat_map: Jq,
}

/// Each word of the text that the program gives becomes a record of its own, a string. A word is a sequence of letters,
/// digits, `_` and `'`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct WordsStep {
    /// For example `.text`. What is no text is a bad record.
    pub words: Jq,
    /// How words are written; default `keep`.
    pub case: Option<WordCase>,
}

/// How words are written.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum WordCase {
    /// As they stand in the text.
    Keep,
    /// In small letters.
    Lower,
    /// In capitals.
    Upper,
}

/// A share of the records stays: always the same ones, however they are ordered.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SampleStep {
    /// For example `10%` or `0.1`.
    pub sample: ShareText,
    /// Records for which this program gives the same go the same way, such as `.user`; without it those with the same
    /// key and value do.
    pub by: Option<Jq>,
    /// Another seed takes others; default 0.
    pub seed: Option<u64>,
}

/// The program's first result becomes the record's key. A record without one is a bad record.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct KeyByStep {
    /// For example `.id`.
    #[schemars(rename = "key-by")]
    pub key_by: Jq,
}

/// No more records than so many in a stretch of time; the others wait. As the first step it limits what is read, as the
/// last one what is written.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RateStep {
    /// For example `100/s`.
    pub rate: Rate,
}
