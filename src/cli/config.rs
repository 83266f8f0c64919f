//! `config`: what holds, and where it comes from.

use clap::{Args, Subcommand};

use super::error::CliResult;
use super::session::Session;

/// Show the configuration
///
/// Examples:
///   ssectl config show
///   ssectl config show --origin
///   SSECTL_COLOR=never ssectl config show --origin
///
/// Later layers win: built-in defaults, /etc/ssectl/config.yaml, the user's
/// ~/.config/ssectl/config.yaml, the project's ssectl.yaml, SSECTL_* variables, flags.
/// Secrets are shown as ***.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, arg_required_else_help = true)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print every setting
    ///
    /// Examples:
    ///   ssectl config show
    ///   ssectl config show --origin
    #[command(verbatim_doc_comment)]
    Show {
        /// Say where each value comes from
        #[arg(long)]
        origin: bool,
    },
}

/// Runs the verb.
pub(super) fn run(args: &ConfigArgs, session: &Session) -> CliResult {
    let Action::Show { origin } = args.action;
    let shown = session.places.config().shown();
    let lines: Vec<String> = shown
        .iter()
        .map(|s| format!("{}: {}", s.path, s.value))
        .collect();
    let width = lines.iter().map(String::len).max().unwrap_or(0);
    let text = lines.iter().zip(&shown).map(|(line, shown)| match origin {
        true => format!("{line:width$}  # {}\n", shown.origin),
        false => format!("{line}\n"),
    });
    session.ui.data(text.collect::<String>())
}
