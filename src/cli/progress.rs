//! A bar on stderr with rate and time left, only on a terminal.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use super::ui::Ui;
use crate::engine::Stats;

/// A bar that follows the counters of a pipeline.
pub(super) struct Progress {
    bar: ProgressBar,
    task: Option<JoinHandle<()>>,
}

const EVERY: Duration = Duration::from_millis(100);

impl Progress {
    /// Draws nothing where nobody looks.
    pub(super) fn start(ui: &Ui, name: &str, stats: Arc<Stats>, total: Option<u64>) -> Self {
        if !ui.shows_progress() || ui.output_is_terminal() {
            return Self {
                bar: ProgressBar::hidden(),
                task: None,
            };
        }
        let bar = ProgressBar::new(total.unwrap_or(0));
        bar.set_style(style(total.is_some()));
        bar.set_prefix(name.to_owned());
        let follower = bar.clone();
        let task = tokio::spawn(async move {
            loop {
                follower.set_position(stats.counts().read);
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
        self.bar.finish_and_clear();
    }
}

fn style(bounded: bool) -> ProgressStyle {
    let template = if bounded {
        "{prefix} {bar:30} {human_pos}/{human_len} {per_sec} eta {eta}"
    } else {
        "{prefix} {spinner} {human_pos} records {per_sec} {elapsed}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
