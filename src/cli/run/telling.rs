//! `--stats`: what became of the records so far, once a second.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinHandle;

use super::ReportFormat;
use crate::cli::ui::Ui;
use crate::engine::{Stats, Tallied};

const EVERY: Duration = Duration::from_secs(1);

/// Tells the counters of pipelines until they are done, and once more then.
pub(in crate::cli) struct Telling {
    teller: Teller,
    task: JoinHandle<()>,
}

/// A pipeline's name and its counters.
type Watched = (String, Arc<Stats>);

#[derive(Clone)]
struct Teller {
    ui: Ui,
    format: ReportFormat,
    pipelines: Arc<Mutex<Vec<Watched>>>,
}

impl Telling {
    /// Begins to tell.
    pub(in crate::cli) fn start(ui: &Ui, format: ReportFormat) -> Self {
        let teller = Teller {
            ui: ui.clone(),
            format,
            pipelines: Arc::default(),
        };
        let telling = teller.clone();
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                telling.tell();
            }
        });
        Self { teller, task }
    }

    /// Tells of this pipeline too.
    pub(in crate::cli) fn watch(&self, name: &str, stats: Arc<Stats>) {
        let mut pipelines = self.teller.lock();
        pipelines.push((name.to_owned(), stats));
    }

    /// The last word.
    pub(in crate::cli) fn finish(self) {
        self.task.abort();
        self.teller.tell();
    }
}

impl Teller {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Watched>> {
        self.pipelines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// One line for each pipeline. What is read and in no other count is on its way.
    fn tell(&self) {
        for (name, stats) in self.lock().iter() {
            let counts = stats.counts();
            let line = match self.format {
                ReportFormat::Json => {
                    json!({"pipeline": name, "counts": counts, "under-way": counts.missing(), "steps": stats.tallies()})
                        .to_string()
                }
                ReportFormat::Text => match counts.missing() {
                    0 => format!("{name}: {}", counts.line()),
                    under_way => format!("{name}: {}, {under_way} under way", counts.line()),
                },
            };
            self.ui.insist(line);
            if self.format == ReportFormat::Text {
                for line in Tallied::lines(&stats.tallies()) {
                    self.ui.insist(format!("{name}:   {line}"));
                }
            }
        }
    }
}
