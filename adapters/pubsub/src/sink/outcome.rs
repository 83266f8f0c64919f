//! How a write goes: which messages were refused, and which may have been refused for another's fault.

use std::collections::HashSet;

use google_cloud_pubsub::error::PublishError;
use google_cloud_pubsub::model::Message;
use ssectl_adapter::{Error, ErrorKind, Rejected, Result};

use crate::error::request;

/// The state of one write.
#[derive(Default)]
pub(super) struct Outcome {
    rejected: Vec<Rejected>,
    /// Messages of requests that were refused for what is in them.
    suspects: Vec<Refusal>,
    /// Messages behind others of their key.
    behind: Vec<Refusal>,
    /// Keys of which a message was refused for now.
    stopped: HashSet<String>,
    /// Keys the client has paused.
    paused: HashSet<String>,
}

/// A message that was not taken, and its place in the write.
pub(super) struct Refusal {
    pub(super) index: usize,
    pub(super) message: Message,
}

impl Outcome {
    /// Notes a message that will never be taken.
    pub(super) fn reject(&mut self, index: usize, error: Error) {
        self.rejected.push(Rejected { index, error });
    }

    /// Notes a message that was not taken. An error for the whole write is given back.
    pub(super) fn refused(
        &mut self,
        index: usize,
        message: Message,
        error: &PublishError,
    ) -> Result<()> {
        let key = message.ordering_key.clone();
        if !key.is_empty() {
            self.paused.insert(key.clone());
        }
        let error = match told(error) {
            None => {
                self.behind.push(Refusal { index, message });
                return Ok(());
            }
            Some(error) => error,
        };
        match error.kind() {
            _ if error.is_temporary() => {
                self.stop(key);
                self.rejected.push(Rejected { index, error });
            }
            ErrorKind::Config | ErrorKind::TooLarge => {
                self.suspects.push(Refusal { index, message })
            }
            _ => return Err(error),
        }
        Ok(())
    }

    /// What has to be published one by one, in order. Messages behind one that was refused for now wait.
    pub(super) fn suspects(&mut self) -> Vec<Refusal> {
        let mut suspects = std::mem::take(&mut self.suspects);
        for refusal in std::mem::take(&mut self.behind) {
            if self.is_stopped(&refusal.message.ordering_key) {
                self.waits(refusal.index);
            } else {
                suspects.push(refusal);
            }
        }
        suspects.sort_unstable_by_key(|refusal| refusal.index);
        suspects
    }

    /// Notes that a message was refused on its own: it is to blame itself.
    pub(super) fn blamed(&mut self, index: usize, key: &str, error: &PublishError) -> Result<()> {
        let error = told(error).unwrap_or_else(waits);
        let error = match error.kind() {
            _ if error.is_temporary() => {
                self.stop(key.to_owned());
                error
            }
            ErrorKind::Config => Error::new(ErrorKind::Data, error.to_string()),
            ErrorKind::TooLarge => error,
            _ => return Err(error),
        };
        self.rejected.push(Rejected { index, error });
        Ok(())
    }

    /// Whether a message of this key was refused for now.
    pub(super) fn is_stopped(&self, key: &str) -> bool {
        self.stopped.contains(key)
    }

    /// Notes that a message waits for another of its key.
    pub(super) fn waits(&mut self, index: usize) {
        self.rejected.push(Rejected {
            index,
            error: waits(),
        });
    }

    /// The keys to resume, and the refused messages in order.
    pub(super) fn finish(mut self) -> (HashSet<String>, Vec<Rejected>) {
        self.rejected.sort_unstable_by_key(|refused| refused.index);
        (self.paused, self.rejected)
    }

    fn stop(&mut self, key: String) {
        // Without a key there is no order to keep.
        if !key.is_empty() {
            self.stopped.insert(key);
        }
    }
}

/// The error in our words; `None` for a message behind another of its key.
fn told(error: &PublishError) -> Option<Error> {
    match error {
        PublishError::OrderingKeyPaused => None,
        PublishError::Rpc(fault) => Some(request("publishing", fault)),
        _ => Some(
            Error::new(
                ErrorKind::Unavailable,
                "publishing: the client was shut down",
            )
            .temporary(),
        ),
    }
}

fn waits() -> Error {
    let what = "an earlier message of the same ordering key was refused for now";
    Error::new(ErrorKind::Unavailable, what).temporary()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use google_cloud_gax::error::rpc::{Code, Status};
    use google_cloud_pubsub::Error as Fault;

    use super::*;

    fn message(key: &str) -> Message {
        Message::new().set_ordering_key(key)
    }

    fn failed(code: Code) -> PublishError {
        PublishError::Rpc(Arc::new(Fault::service(
            Status::default().set_code(code).set_message("no"),
        )))
    }

    #[test]
    fn what_is_behind_a_message_refused_for_now_waits() {
        let mut outcome = Outcome::default();
        outcome
            .refused(3, message("a"), &failed(Code::Unavailable))
            .expect("not all of it");
        outcome
            .refused(5, message("a"), &PublishError::OrderingKeyPaused)
            .expect("not all of it");
        assert!(outcome.suspects().is_empty());
        let (paused, rejected) = outcome.finish();
        assert_eq!(paused.into_iter().collect::<Vec<_>>(), ["a"]);
        let indexes: Vec<_> = rejected.iter().map(|refused| refused.index).collect();
        assert_eq!(indexes, [3, 5]);
        assert!(rejected.iter().all(|refused| refused.error.is_temporary()));
    }

    #[test]
    fn who_is_refused_with_others_is_tried_alone() {
        let mut outcome = Outcome::default();
        outcome
            .refused(4, message("b"), &PublishError::OrderingKeyPaused)
            .expect("not all of it");
        outcome
            .refused(2, message("b"), &failed(Code::InvalidArgument))
            .expect("not all of it");
        let order: Vec<_> = outcome
            .suspects()
            .iter()
            .map(|suspect| suspect.index)
            .collect();
        assert_eq!(order, [2, 4]);
        outcome
            .blamed(2, "b", &failed(Code::InvalidArgument))
            .expect("not all of it");
        assert!(!outcome.is_stopped("b"));
        let (_, rejected) = outcome.finish();
        assert_eq!(rejected[0].error.kind(), ErrorKind::Data);
        assert!(!rejected[0].error.is_temporary());
    }

    #[test]
    fn what_is_wrong_with_the_topic_fails_the_write() {
        let mut outcome = Outcome::default();
        let error = outcome.refused(0, message(""), &failed(Code::PermissionDenied));
        assert_eq!(error.expect_err("all of it").kind(), ErrorKind::Permission);
    }
}
