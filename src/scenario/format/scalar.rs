//! The kinds of text and other scalars in a scenario file.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// One value, or a list of them.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum OneOrMore<T> {
    /// One.
    One(T),
    /// Several.
    More(#[schemars(length(min = 1))] Vec<T>),
}

/// Text, a number or a boolean; it is used as it is written.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum AnyScalar {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Bool(bool),
}

/// Declares a kind of scalar with its own name in messages and editors.
macro_rules! text {
    ($($(#[doc = $doc:literal])+ $name:ident($kinds:expr) = $title:literal;)+) => {$(
        $(#[doc = $doc])+
        pub struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let description = concat!($($doc),+).trim();
                json_schema!({"type": $kinds, "title": $title, "description": description})
            }
        }
    )+};
}

text! {
    /// A program in the jq language.
    Jq("string") = "a jq program";
    /// `count`, `count(JQ)`, `sum(JQ)`, `min`, `max`, `avg`, `first`, `last`, `collect`, `distinct`, `approx_distinct`, `median`, `percentile(JQ; 0.99)`, `top(JQ; 3)` or `reduce(JQ; JQ)`.
    AggregateText("string") = "an aggregate such as `sum(.amount)`";
    /// The name of a stream under `streams`, `kafka://host:port/topic`, `file:path`, `-` or `TARGET:STREAM`.
    StreamAddress("string") = "the name or address of a stream";
    /// A path; relative ones start from the scenario's folder.
    FilePath("string") = "a path";
    /// `start`, `end`, `stored`, `N`, `+N`, `-N`, `@TIME`, or `FROM:TO` of two of them.
    OffsetsText(["string", "integer"]) = "an offset such as `start` or `-10`";
    /// A percentage such as `10%`, or a number from 0 to 1.
    ShareText(["string", "number"]) = "a share such as `10%`";
    /// `wall`, `virtual`, or `virtual@TIME` with the time that it shows at first.
    ClockText("string") = "a clock such as `virtual`";
    /// `max`, or a factor such as `10x`.
    SpeedText(["string", "number"]) = "a speed such as `10x` or `max`";
}
