//! Batches: their rules, and results entry by entry.

use std::collections::HashSet;

use serde::Serialize;

use super::error::{invalid, sqs};
use crate::aws::AwsError;

/// Entries of one batch.
const LIMIT: usize = 10;

/// Letters of an entry's id.
const ID_LETTERS: usize = 80;

/// The result of a batch.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchResult<T> {
    pub(super) successful: Vec<T>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<Failed>,
}

/// An entry that failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Failed {
    id: String,
    sender_fault: bool,
    code: &'static str,
    message: String,
}

/// An entry of which there is nothing to say but that it is done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Done {
    pub(super) id: String,
}

impl<T> BatchResult<T> {
    /// Sorts results into the two lists.
    pub(super) fn of(results: impl Iterator<Item = (String, Result<T, AwsError>)>) -> Self {
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for (id, result) in results {
            match result {
                Ok(done) => successful.push(done),
                Err(error) => failed.push(Failed {
                    id,
                    sender_fault: error.is_senders(),
                    code: error.code,
                    message: error.message.into_owned(),
                }),
            }
        }
        Self { successful, failed }
    }
}

/// Checks the number of entries and their ids.
///
/// # Errors
/// The batch as a whole is refused.
pub(super) fn check<'a>(
    entry_name: &str,
    ids: impl ExactSizeIterator<Item = Option<&'a str>>,
) -> Result<(), AwsError> {
    let given = ids.len();
    if given == 0 {
        return Err(sqs(
            "EmptyBatchRequest",
            format!("There should be at least one {entry_name} in the request."),
        ));
    }
    if given > LIMIT {
        return Err(sqs(
            "TooManyEntriesInBatchRequest",
            format!("Maximum number of entries per request are {LIMIT}. You have sent {given}."),
        ));
    }
    let mut seen = HashSet::new();
    let ids: Vec<_> = ids.collect();
    for id in &ids {
        let id = id.ok_or_else(|| invalid("A batch entry has no Id."))?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=ID_LETTERS).contains(&id.len()) || !id.bytes().all(is_plain) {
            return Err(sqs(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most \
                 80 letters long.",
            ));
        }
    }
    match ids.into_iter().flatten().find(|id| !seen.insert(*id)) {
        Some(repeated) => Err(sqs(
            "BatchEntryIdsNotDistinct",
            format!("Id {repeated} repeated."),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(ids: &[&str]) -> Option<&'static str> {
        check("Entry", ids.iter().map(|id| Some(*id)))
            .err()
            .map(|error| error.code)
    }

    #[test]
    fn ids_are_few_plain_and_distinct() {
        let eleven: Vec<_> = (0..11).map(|number| number.to_string()).collect();
        let eleven: Vec<_> = eleven.iter().map(String::as_str).collect();
        assert_eq!(code(&eleven[..10]), None);
        assert_eq!(code(&[]), Some("AWS.SimpleQueueService.EmptyBatchRequest"));
        assert_eq!(
            code(&eleven),
            Some("AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
        );
        assert_eq!(
            code(&["a", "a"]),
            Some("AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
        );
        for bad in ["", "a b", "é", &"x".repeat(81)] {
            assert_eq!(
                code(&[bad]),
                Some("AWS.SimpleQueueService.InvalidBatchEntryId"),
                "{bad}"
            );
        }
    }
}
