//! The file `gateway.yaml` as Rust types: what `ssectl schema gateway` and its checks come from.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// A gateway of ssectl: things that clients read and write by REST.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct File {
    /// The version of this format.
    #[expect(dead_code, reason = "there is one version")]
    pub(super) api_version: ApiVersion,
    /// The stream that keeps every change, such as `kafka://localhost:9092/pulse`: all gateways that name it hold the
    /// same things, and so does one that starts anew. It has one partition and deletes nothing. Without it
    /// everything is in the memory of one process.
    pub(super) log: Option<String>,
    /// The resources, by the name in their path.
    pub(super) resources: BTreeMap<String, Resource>,
}

/// The version of the format of gateways.
#[derive(Deserialize, JsonSchema)]
pub(super) enum ApiVersion {
    /// The first version.
    #[serde(rename = "ssectl/v1")]
    V1,
}

/// Things of one kind.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Resource {
    /// What tells one thing from another.
    pub(super) key: Key,
    /// Their other members.
    pub(super) fields: BTreeMap<String, Option<Field>>,
    /// Paths below a thing that set one field: `{teams: team}` makes `PUT /players/{key}/teams` set `team`.
    pub(super) set: Option<BTreeMap<String, String>>,
}

/// What tells one thing from another.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Key {
    /// The member that holds it.
    pub(super) name: String,
    /// Who chooses it.
    #[serde(rename = "type")]
    pub(super) kind: KeyType,
    /// Most characters of a text; default 100.
    #[schemars(range(min = 1, max = 1000))]
    pub(super) max_length: Option<usize>,
}

/// Who chooses a key.
#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum KeyType {
    /// The gateway: whole numbers from 1.
    Serial,
    /// The client: a text.
    Text,
}

/// A member of a thing.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Field {
    /// What its values are; default `text`.
    #[serde(rename = "type")]
    pub(super) kind: Option<FieldType>,
    /// Whether it must be there; default `false`.
    pub(super) required: Option<bool>,
    /// Most characters of a text; default 100.
    #[schemars(range(min = 1, max = 60_000))]
    pub(super) max_length: Option<usize>,
    /// The texts there are.
    #[schemars(length(min = 1))]
    pub(super) one_of: Option<Vec<String>>,
    /// The least integer.
    pub(super) min: Option<i64>,
    /// The greatest integer.
    pub(super) max: Option<i64>,
}

/// What the values of a field are.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FieldType {
    /// A text.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
}
