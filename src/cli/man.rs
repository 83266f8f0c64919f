//! `man`: the manual pages, from the same source as `--help`.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::error::{CliError, CliResult, Exit};
use super::ui::Ui;

/// How the paragraph with examples begins.
const EXAMPLES: &str = "Examples:";

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
    let mut command = super::Cli::command().disable_help_subcommand(true);
    command.build();
    match &args.dir {
        None => ui.data(page(command).map_err(failed)?),
        Some(dir) => {
            std::fs::create_dir_all(dir).map_err(failed)?;
            write_pages(command, dir).map_err(failed)
        }
    }
}

/// A page for the command and for each below it.
fn write_pages(command: Command, dir: &Path) -> io::Result<()> {
    let below = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    for sub in below.cloned() {
        write_pages(sub, dir)?;
    }
    let name = Man::new(command.clone()).get_filename();
    std::fs::write(dir.join(name), page(command)?)
}

/// What `--help` says, in the order of a manual: examples keep their lines and have a section of
/// their own.
fn page(command: Command) -> io::Result<Vec<u8>> {
    let about = command.get_long_about().or_else(|| command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let (examples, description): (Vec<&str>, Vec<&str>) = about
        .split("\n\n")
        .partition(|paragraph| paragraph.starts_with(EXAMPLES));
    let man = Man::new(command);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    let mut text = Roff::new();
    text.control("SH", ["DESCRIPTION"]);
    for paragraph in description {
        text.control("PP", []);
        text.text([roman(paragraph)]);
    }
    if let [examples, ..] = examples[..] {
        text.control("SH", ["EXAMPLES"]).control("nf", []);
        text.text([roman(
            examples
                .trim_start_matches(EXAMPLES)
                .trim_start_matches('\n'),
        )]);
        text.control("fi", []);
    }
    text.to_writer(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    let mut text = Roff::new();
    text.control("SH", ["EXIT STATUS"]);
    text.text([roman(super::EXIT_CODES)]);
    text.to_writer(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

fn failed(error: io::Error) -> CliError {
    CliError::new(Exit::Failed, format!("cannot write the manual: {error}"))
}
