//! What libraries log, told to the user: warnings always, the rest with `--verbose`.

use log::{LevelFilter, Log, Metadata, Record};

use super::ui::Ui;

/// Prints log records like everything else that is for people.
struct Logger {
    ui: Ui,
}

/// Sends log records to stderr from now on.
pub(super) fn install(ui: &Ui, verbose: bool) {
    let level = if verbose {
        LevelFilter::Debug
    } else {
        LevelFilter::Warn
    };
    // There is one already where a program uses this library in a process of its own.
    if log::set_boxed_logger(Box::new(Logger { ui: ui.clone() })).is_ok() {
        log::set_max_level(level);
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        match record.level() {
            log::Level::Error | log::Level::Warn => self.ui.warn(record.args().to_string()),
            _ => self
                .ui
                .say(format!("{}: {}", record.target(), record.args())),
        }
    }

    fn flush(&self) {}
}
