//! From layers to one configuration.

use std::fmt;
use std::time::Duration;

use super::layers::{self, Files, Flag};
use super::{format, merge};
use crate::document::{
    Entry, Env, Fault, Faults, Node, Place, Shape, Text, Value, interpolate, mark_secrets,
};
use crate::duration::HumanDuration;

/// The settings that hold, with the place of each.
#[derive(Clone)]
pub struct Config {
    pub(super) root: Node,
    pub(super) env: Env,
    warnings: Vec<Fault>,
}

/// Whether to colour output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Also into files and pipes.
    Always,
    /// Nowhere.
    Never,
}

/// What happens to a record that a step cannot handle, where nothing else is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnError {
    /// The run stops.
    #[default]
    Fail,
    /// The record is left out.
    Skip,
}

/// Reads and merges all layers. `env` gives both the variables `SSECTL_*` and what `${VAR}` finds.
///
/// # Errors
/// All faults of all files. What is wrong inside of a target is left to
/// [`Config::resolve_target`] and [`Config::check`].
pub fn load(files: &Files, env: &Env, flags: &[Flag]) -> Result<Config, Faults> {
    let mut faults = Faults::default();
    let shape = Shape::of::<format::Config>();
    let mut root = Node {
        place: Place::start_of(&Text::value("configuration", "")),
        value: Value::Map(Vec::new()),
        secret: false,
    };
    let mut layers = files.layers(&mut faults);
    if layers[1..]
        .iter()
        .any(|layer| defines_target(layer, "local"))
    {
        remove_target(&mut layers[0], "local");
    }
    for mut layer in layers {
        interpolate_settings(&mut layer, env, &mut faults);
        shape.check(&mut layer, "", &mut faults);
        merge::merge(&mut root, layer);
    }
    let variables = layers::variables(env, &root, &shape.names(), &mut faults);
    for mut layer in [variables, layers::flags(flags)] {
        shape.check(&mut layer, "", &mut faults);
        merge::merge(&mut root, layer);
    }
    mark_secrets(&mut root, &mut Vec::new(), false, &mut Vec::new());
    check_timeout(&root, &mut faults);
    let warnings = faults.into_result()?;
    Ok(Config {
        root,
        env: env.clone(),
        warnings,
    })
}

/// Without the values, which may be secret.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("target", &self.target())
            .field("targets", &self.targets())
            .finish_non_exhaustive()
    }
}

impl Config {
    /// What hardly is meant as it is written.
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// The target to use when none is named.
    pub fn target(&self) -> &str {
        self.text("target").unwrap_or("local")
    }

    /// The names of all targets, in the order in which the layers name them.
    pub fn targets(&self) -> Vec<&str> {
        let targets = self.root.get("targets");
        let entries = targets.map_or(&[] as &[Entry], Node::entries);
        entries
            .iter()
            .map(|entry| entry.key.name.as_str())
            .collect()
    }

    /// Whether to colour output.
    pub fn color(&self) -> Color {
        match self.text("color") {
            Some("always") => Color::Always,
            Some("never") => Color::Never,
            _ => Color::Auto,
        }
    }

    /// What happens to a record that a step cannot handle, where nothing else is said.
    pub fn on_error(&self) -> OnError {
        match self.text("on-error") {
            Some("skip") => OnError::Skip,
            _ => OnError::Fail,
        }
    }

    /// How long a command may take.
    pub fn timeout(&self) -> Option<Duration> {
        let timeout = self.text("timeout")?.parse::<HumanDuration>();
        timeout.ok().map(|timeout| timeout.0)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.root.field(name).and_then(Node::text)
    }
}

/// Interpolates everything but the targets.
fn interpolate_settings(layer: &mut Node, env: &Env, faults: &mut Faults) {
    if let Value::Map(entries) = &mut layer.value {
        for entry in entries
            .iter_mut()
            .filter(|entry| entry.key.name != "targets")
        {
            interpolate(&mut entry.node, env, faults);
        }
    }
}

fn check_timeout(root: &Node, faults: &mut Faults) {
    if let Some(node) = root.field("timeout")
        && let Some(text) = node.text()
        && let Err(error) = text.parse::<HumanDuration>()
    {
        faults.error(&node.place, error.to_string());
    }
}

fn defines_target(layer: &Node, name: &str) -> bool {
    layer
        .get("targets")
        .and_then(|targets| targets.field(name))
        .is_some()
}

fn remove_target(layer: &mut Node, name: &str) {
    if let Some(Node {
        value: Value::Map(entries),
        ..
    }) = layer.get_mut("targets")
    {
        entries.retain(|entry| entry.key.name != name);
    }
}
