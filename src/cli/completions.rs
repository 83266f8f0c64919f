//! `completions`: for bash, zsh, fish, PowerShell and elvish.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::error::CliResult;
use super::ui::Ui;

/// Print shell completions
///
/// Examples:
///   ssectl completions bash > /etc/bash_completion.d/ssectl
///   ssectl completions zsh > ~/.zfunc/_ssectl
///   ssectl completions fish > ~/.config/fish/completions/ssectl.fish
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Runs the verb.
pub(super) fn run(args: &CompletionsArgs, ui: &Ui) -> CliResult {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "ssectl", &mut text);
    ui.data(text)
}
