//! What can be said of a hub that is to be made.

use ssectl_adapter::{Error, ErrorKind, Result, StreamSpec, closest};

/// The settings that are known, in Azure's own words.
const RETENTION: &str = "messageRetentionInDays";

/// A hub to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Settings {
    pub(super) partitions: Option<u32>,
    /// Days that events are kept: 1 to 90, by the namespace's tier.
    pub(super) retention_days: Option<u32>,
}

impl Settings {
    /// Reads and checks them.
    pub(super) fn of(stream: &StreamSpec) -> Result<Self> {
        let mut settings = Self {
            partitions: stream.partitions,
            retention_days: None,
        };
        if stream.partitions == Some(0) {
            return Err(Error::new(
                ErrorKind::Config,
                "a hub has at least one partition",
            ));
        }
        for (name, value) in &stream.config {
            if !name.eq_ignore_ascii_case(RETENTION) {
                return Err(unknown(name));
            }
            let days = value.parse().ok().filter(|days| (1..=90).contains(days));
            settings.retention_days = Some(days.ok_or_else(|| {
                let what = format!("`{name}` is a number of days from 1 to 90, not `{value}`");
                Error::new(ErrorKind::Config, what)
            })?);
        }
        Ok(settings)
    }
}

fn unknown(name: &str) -> Error {
    let error = Error::new(ErrorKind::Config, format!("a hub has no setting `{name}`"));
    match closest(name, [RETENTION]) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("it has `{RETENTION}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str, value: &str) -> Result<Settings> {
        Settings::of(&StreamSpec {
            name: "hub".to_owned(),
            config: [(name.to_owned(), value.to_owned())].into(),
            ..StreamSpec::default()
        })
    }

    #[test]
    fn retention_is_in_days() {
        let found = settings("MessageRetentionInDays", "7").expect("valid");
        assert_eq!(found.retention_days, Some(7));
        for wrong in ["0", "91", "7d"] {
            let error = settings(RETENTION, wrong).expect_err(wrong);
            assert_eq!(error.kind(), ErrorKind::Config);
        }
        let error = settings("messageRetention", "7").expect_err("unknown");
        assert!(
            error
                .hint_text()
                .is_some_and(|hint| hint.contains(RETENTION))
        );
    }
}
