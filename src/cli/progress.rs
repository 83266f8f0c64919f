//! A bar on stderr with rate and time left, only on a terminal.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use ssectl_framing::Compression;
use tokio::task::JoinHandle;

use super::ui::{self, Ui};
use crate::engine::{Counts, Stats};
use crate::places::Place;

/// How much there is to do, if that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Total {
    /// So many records.
    Records(u64),
    /// Plain files of so many bytes.
    Bytes(u64),
    /// Nobody knows.
    Unknown,
}

impl Total {
    /// The size of places that are all plain files.
    pub(super) fn of_files<'a>(places: impl IntoIterator<Item = &'a Place>) -> Self {
        let sizes = places.into_iter().map(|place| {
            let plain = place.adapter.name() == "file"
                && Compression::of_path(&place.stream) == Compression::None;
            let size = std::fs::metadata(&place.stream)
                .ok()
                .filter(std::fs::Metadata::is_file);
            size.filter(|_| plain).map(|file| file.len())
        });
        sizes
            .sum::<Option<u64>>()
            .map_or(Self::Unknown, Self::Bytes)
    }

    fn position(self, counts: &Counts) -> u64 {
        match self {
            Self::Records(_) | Self::Unknown => counts.read,
            // A line's end is not part of its record.
            Self::Bytes(_) => counts.read_bytes + counts.read,
        }
    }
}

/// A bar that follows the counters of a pipeline.
pub(super) struct Progress {
    bar: Arc<OnceLock<ProgressBar>>,
    task: Option<JoinHandle<()>>,
}

const EVERY: Duration = Duration::from_millis(100);

/// A run that is over sooner shows no bar.
const QUIET: Duration = Duration::from_millis(500);

/// Narrower terminals get a shorter line.
const NARROW: usize = 100;

impl Progress {
    /// Draws nothing where nobody looks, and nothing between records on the same terminal: what goes
    /// `to_stdout` may well end there, through other programs of a pipe.
    pub(super) fn start(
        ui: &Ui,
        name: &str,
        stats: Arc<Stats>,
        total: Total,
        to_stdout: bool,
    ) -> Self {
        let bar = Arc::new(OnceLock::new());
        let in_the_way = to_stdout && !ui::output_is_file();
        if !ui.shows_progress() || in_the_way {
            return Self { bar, task: None };
        }
        let (ui, name, drawn) = (ui.clone(), name.to_owned(), bar.clone());
        let started = Instant::now();
        let task = tokio::spawn(async move {
            // Nobody wants to see a bar come and go.
            tokio::time::sleep(QUIET).await;
            let bar = drawn.get_or_init(|| draw(&ui, name, total));
            loop {
                let counts = stats.counts();
                bar.set_position(total.position(&counts));
                bar.set_message(pace(total, &counts, started.elapsed()));
                tokio::time::sleep(EVERY).await;
            }
        });
        Self {
            bar,
            task: Some(task),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        if let Some(task) = self.task {
            task.abort();
        }
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

fn draw(ui: &Ui, name: String, total: Total) -> ProgressBar {
    let bar = match total {
        Total::Records(total) | Total::Bytes(total) => ProgressBar::new(total),
        Total::Unknown => ProgressBar::new_spinner(),
    };
    let bar = ui.add_bar(bar);
    bar.set_style(style(total, ui.width() < NARROW));
    bar.set_prefix(name);
    bar
}

/// The rate since the start, and the time left at that rate.
fn pace(total: Total, counts: &Counts, elapsed: Duration) -> String {
    let rate = |done: u64| done as f64 / elapsed.as_secs_f64();
    let left = |done: u64, all: u64| {
        let seconds = all.saturating_sub(done) as f64 / rate(done).max(1e-9);
        let left = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        format!("eta {}", HumanDuration(left))
    };
    let records = format!("{}/s", HumanCount(rate(counts.read) as u64));
    match total {
        Total::Records(all) => format!("{records} {}", left(counts.read, all)),
        Total::Bytes(all) => format!("{records} {}", left(total.position(counts), all)),
        Total::Unknown => records,
    }
}

fn style(total: Total, narrow: bool) -> ProgressStyle {
    let template = match (total, narrow) {
        (Total::Records(_), false) => "{prefix} {bar:30} {human_pos}/{human_len} {msg}",
        (Total::Bytes(_), false) => "{prefix} {bar:30} {bytes}/{total_bytes} {msg}",
        (Total::Records(_) | Total::Bytes(_), true) => "{prefix} {percent}% {msg}",
        (Total::Unknown, _) => "{prefix} {spinner} {human_pos} records {msg}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_since_the_start() {
        let counts = Counts {
            read: 3000,
            read_bytes: 97_000,
            ..Counts::default()
        };
        let pace = |total| pace(total, &counts, Duration::from_secs(2));
        assert_eq!(pace(Total::Records(12_000)), "1,500/s eta 6 seconds");
        assert_eq!(pace(Total::Bytes(200_000)), "1,500/s eta 2 seconds");
        assert_eq!(pace(Total::Unknown), "1,500/s");
    }
}
