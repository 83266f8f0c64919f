//! The configuration file as Rust types: what `ssectl schema config` and the checks come from.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use crate::duration::HumanDuration;

/// Configuration of ssectl: `ssectl.yaml` of a project, or `config.yaml` of a user.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The target to use when none is named; default `local`.
    pub target: Option<String>,
    /// The targets that streams can be put on.
    pub targets: Option<BTreeMap<String, Option<Target>>>,
    /// Whether to colour output; default `auto`, on a terminal only.
    pub color: Option<Color>,
    /// What happens to a record that a step cannot handle, where nothing else is said; default `fail`.
    pub on_error: Option<OnError>,
    /// How long a command may take, such as `30s`; no limit by default.
    pub timeout: Option<HumanDuration>,
}

/// A place for streams: a kind of broker and how to reach it.
#[derive(JsonSchema)]
pub struct Target {
    /// The kind of broker, such as `kafka`.
    pub adapter: Option<String>,
    /// Whether to start the emulator of that kind of broker for a run, and use it; default false.
    pub emulator: Option<bool>,
}

/// Whether to colour output.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Also into files and pipes.
    Always,
    /// Nowhere.
    Never,
}

/// What happens to a record that a step cannot handle.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum OnError {
    /// The run stops.
    Fail,
    /// The record is left out.
    Skip,
}
