//! `man`: the manual pages, from the same source as `--help`.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::error::{CliError, CliResult, Exit};
use super::ui::Ui;

/// Print the manual page, or write all of them to a directory
///
/// Examples:
///   ssectl man | man -l -
///   ssectl man --dir /usr/local/share/man/man1
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct ManArgs {
    /// Write one page per verb into this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs the verb.
pub(super) fn run(args: &ManArgs, ui: &Ui) -> CliResult {
    let command = super::Cli::command();
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(failed)?;
        return ui.data(page);
    };
    std::fs::create_dir_all(dir).map_err(failed)?;
    clap_mangen::generate_to(command, dir).map_err(failed)
}

fn failed(error: std::io::Error) -> CliError {
    CliError::new(Exit::Failed, format!("cannot write the manual: {error}"))
}
