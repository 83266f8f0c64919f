//! Records put aside with the reason why.

use bytes::Bytes;
use ssectl_adapter::Record;

use super::error::{RecordError, place};

/// The header of a record of which only the first bytes were kept: it had `bytes` or more.
pub(super) fn truncated(bytes: u64) -> (String, Option<Bytes>) {
    (
        "ssectl-truncated".to_owned(),
        Some(Bytes::from(bytes.to_string())),
    )
}

/// The record as it was read, with headers that say what was wrong, where it stood and which
/// pipeline put it aside.
pub fn dead_letter(mut record: Record, error: &RecordError, pipeline: &str) -> Record {
    let text = |text: String| Some(Bytes::from(text));
    // The excerpt below the first line is for people at a terminal.
    let reason = error.to_string();
    let reason = reason.lines().next().unwrap_or_default().to_owned();
    record
        .headers
        .push(("ssectl-error".to_owned(), text(reason)));
    record
        .headers
        .push(("ssectl-origin".to_owned(), text(place(&record.origin))));
    record
        .headers
        .push(("ssectl-pipeline".to_owned(), text(pipeline.to_owned())));
    record
}
