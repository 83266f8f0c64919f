//! `schema`: JSON Schemas, for editors and programs.

use clap::{Args, ValueEnum};

use super::error::CliResult;
use super::ui::Ui;

/// Print the JSON Schema of scenario files, of ssectl.yaml, of gateways, or of the streams of emulators
///
/// Examples:
///   ssectl schema scenario > scenario.schema.json
///   ssectl schema config > ssectl.schema.json
///   ssectl schema emulator > streams.schema.json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct SchemaArgs {
    /// Of which file
    #[arg(value_enum, default_value_t)]
    of: Document,
}

/// Files that have a schema.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Document {
    /// scenario.yaml
    #[default]
    Scenario,
    /// ssectl.yaml
    Config,
    /// What ssectl emulator --streams reads
    Emulator,
    /// What ssectl serve reads
    Gateway,
}

/// Runs the verb.
pub(super) fn run(args: &SchemaArgs, ui: &Ui) -> CliResult {
    let schema = match args.of {
        Document::Scenario => crate::scenario::schema(),
        Document::Config => crate::config::schema(&crate::registry::registry()),
        Document::Emulator => crate::runner::Declared::schema(),
        Document::Gateway => crate::gateway::schema(),
    };
    ui.data(format!("{schema:#}\n"))
}
