//! The only writer to the terminal: what goes to stderr, and whether colour is wanted.

use std::io::{IsTerminal, Write, stderr, stdin, stdout};

use clap::ValueEnum;
use colored::Colorize;
use indicatif::ProgressBar;

use super::bars::Bars;
use super::error::CliResult;

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` say no
    #[default]
    Auto,
    /// Also in pipes
    Always,
    /// Not at all
    Never,
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        })
    }
}

/// What the terminal is like and how much is to be said on it.
#[derive(Debug, Clone)]
pub(super) struct Ui {
    colour: Colour,
    quiet: bool,
    bars: Bars,
}

impl Ui {
    /// From the global flags.
    pub(super) fn new(colour: Colour, quiet: bool) -> Self {
        let ui = Self {
            colour,
            quiet,
            bars: Bars::new(),
        };
        colored::control::set_override(ui.wants_colour(stderr().is_terminal()));
        ui
    }

    fn wants_colour(&self, terminal: bool) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self.colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto if set("NO_COLOR") => false,
            Colour::Auto if set("FORCE_COLOR") => true,
            Colour::Auto => terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
        }
    }

    /// Whether records on stdout may be coloured.
    pub(super) fn colours_output(&self) -> bool {
        self.wants_colour(stdout().is_terminal())
    }

    /// Whether a person reads stdout.
    pub(super) fn output_is_terminal(&self) -> bool {
        stdout().is_terminal()
    }

    /// Whether stdin would have to be typed by hand.
    pub(super) fn input_is_terminal(&self) -> bool {
        stdin().is_terminal()
    }

    /// Whether somebody is there to answer a question.
    pub(super) fn can_ask(&self) -> bool {
        stdin().is_terminal() && stderr().is_terminal()
    }

    /// Whether a progress bar may move on stderr.
    pub(super) fn shows_progress(&self) -> bool {
        !self.quiet
            && stderr().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Columns of the terminal.
    pub(super) fn width(&self) -> usize {
        terminal_size::terminal_size_of(stderr()).map_or(80, |(width, _)| width.0.into())
    }

    /// Whether pictures are to be of ASCII: the locale has no UTF-8, or somebody wants it plain.
    pub(super) fn is_plain(&self) -> bool {
        let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = var("LC_ALL")
            .or_else(|| var("LC_CTYPE"))
            .or_else(|| var("LANG"));
        let locale = locale.unwrap_or_default().to_lowercase();
        var("NO_COLOR").is_some() || !(locale.contains("utf-8") || locale.contains("utf8"))
    }

    /// A line for people, left out with `--quiet`.
    pub(super) fn say(&self, line: impl AsRef<str>) {
        if !self.quiet {
            self.put(line.as_ref());
        }
    }

    /// A line that stands out, left out with `--quiet`.
    pub(super) fn warn(&self, line: impl AsRef<str>) {
        if !self.quiet {
            self.put(&format!("{} {}", "warning:".yellow().bold(), line.as_ref()));
        }
    }

    /// A line that is always printed.
    pub(super) fn insist(&self, line: impl AsRef<str>) {
        self.put(line.as_ref());
    }

    /// Adds a bar below those that are there.
    pub(super) fn add_bar(&self, bar: ProgressBar) -> ProgressBar {
        self.bars.add(bar)
    }

    /// Takes all bars away; none comes back.
    pub(super) fn end_bars(&self) {
        self.bars.end();
    }

    fn put(&self, line: &str) {
        self.bars.above(|| {
            // A closed stderr is no reason to stop.
            let _ = writeln!(stderr().lock(), "{line}");
        });
    }

    /// Data for stdout that is not a stream of records (lists, schemas, completions).
    ///
    /// # Errors
    ///
    /// That of writing; a closed pipe ends quietly.
    pub(super) fn data(&self, text: impl AsRef<[u8]>) -> CliResult {
        let mut out = stdout().lock();
        let written = out.write_all(text.as_ref()).and_then(|()| out.flush());
        written
            .map_err(|error| ssectl_adapter::Error::from_io("cannot write to stdout", error).into())
    }
}

/// Whether stdout goes into a file, where nobody watches it.
pub(super) fn output_is_file() -> bool {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        let out = stdout().as_fd().try_clone_to_owned();
        out.and_then(|out| std::fs::File::from(out).metadata())
            .is_ok_and(|out| out.is_file())
    }
    #[cfg(not(unix))]
    {
        false
    }
}

/// Whether stdout is a pipe whose reader has gone.
#[cfg(unix)]
pub(super) fn output_is_closed() -> bool {
    use rustix::event::{PollFd, PollFlags, poll};
    let out = stdout();
    let mut asked = [PollFd::new(&out, PollFlags::empty())];
    let now = rustix::event::Timespec::default();
    matches!(poll(&mut asked, Some(&now)), Ok(1..)) && asked[0].revents().contains(PollFlags::ERR)
}

/// Whether stdout is a pipe whose reader has gone; only a write tells here.
#[cfg(not(unix))]
pub(super) fn output_is_closed() -> bool {
    false
}

/// `error:` in red, `hint:` in cyan.
pub(super) fn label(text: &str) -> String {
    match text {
        "error:" => text.red().bold().to_string(),
        _ => text.cyan().bold().to_string(),
    }
}
