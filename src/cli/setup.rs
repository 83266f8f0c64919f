//! Environment and configuration, before a verb starts.

use std::path::PathBuf;

use super::Global;
use super::ui::Colour;
use crate::config::{Color, Config, Files, Flag, load};
use crate::document::{Env, Faults};

/// Variables that are text; others cannot stand in a file.
pub(super) fn environment() -> Env {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// All layers, with the flags on top.
pub(super) fn config(global: &Global, env: &Env) -> Result<Config, Faults> {
    let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let mut files = Files::find(&folder, env);
    if let Some(named) = &global.config_file {
        files.project = Some(named.clone());
    }
    load(&files, env, &flags(global))
}

fn flags(global: &Global) -> Vec<Flag> {
    let flag = |name: &str, value: String| Flag {
        flag: format!("--{name}"),
        path: name.to_owned(),
        value,
    };
    let colour = global.color.map(|colour| flag("color", colour.to_string()));
    let timeout = global
        .timeout
        .map(|timeout| flag("timeout", timeout.to_string()));
    colour.into_iter().chain(timeout).collect()
}

/// What the configuration says of colour.
pub(super) fn colour(config: &Config) -> Colour {
    match config.color() {
        Color::Auto => Colour::Auto,
        Color::Always => Colour::Always,
        Color::Never => Colour::Never,
    }
}
