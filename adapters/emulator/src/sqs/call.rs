//! One request, as the operations see it.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error;
use super::queue::Queue;
use super::service::Sqs;
use crate::aws::{ACCOUNT, AwsError, Input, Protocol};

/// Where a request came from and what it may touch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) sqs: &'a Arc<Sqs>,
    pub(crate) region: &'a str,
    /// Scheme, host and port that the client used; queue URLs begin with it.
    pub(crate) origin: &'a str,
    pub(crate) path: &'a str,
    /// The trace header of the request.
    pub(crate) trace: Option<&'a str>,
    pub(crate) protocol: Protocol,
}

/// The result of an operation.
#[derive(Debug)]
pub(crate) enum Output {
    /// As JSON text.
    Json(Vec<u8>),
    /// As a document, to become XML.
    Value(Value),
}

impl Call<'_> {
    /// Reads the parameters of an operation.
    pub(super) fn parse<T: DeserializeOwned>(&self, mut input: Input) -> Result<T, AwsError> {
        input.add("QueueUrl", || {
            self.is_of_queue().then(|| self.path.to_owned())
        });
        input.parse()
    }

    /// Whether the request went to the URL of a queue, as those of the query protocol may.
    pub(super) fn is_of_queue(&self) -> bool {
        self.protocol == Protocol::Query && self.path.trim_matches('/').contains('/')
    }

    /// Writes the result of an operation.
    pub(super) fn output<T: Serialize>(&self, result: &T) -> Result<Output, AwsError> {
        let output = match self.protocol {
            Protocol::Json { .. } => serde_json::to_vec(result).map(Output::Json),
            Protocol::Cbor | Protocol::Query => serde_json::to_value(result).map(Output::Value),
        };
        output.map_err(|error| AwsError::coral(500, "InternalFailure", error.to_string()))
    }

    /// The queue of a URL.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn queue(&self, url: Option<&str>) -> Result<Arc<Queue>, AwsError> {
        let url = url.ok_or_else(|| error::missing("QueueUrl"))?;
        let found = queue_name(url).and_then(|name| self.sqs.queue(self.region, name));
        found.ok_or_else(error::no_such_queue)
    }

    /// The URL of a queue.
    pub(super) fn url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.origin)
    }
}

/// The name at the end of a queue's URL. Its host is not looked at: one emulator has many names. A name alone does, too,
/// as at AWS.
fn queue_name(url: &str) -> Option<&str> {
    if !url.contains('/') {
        return Some(url);
    }
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?.1,
        None => url.trim_start_matches('/'),
    };
    let (account, name) = path.trim_end_matches('/').rsplit_once('/')?;
    account.ends_with(ACCOUNT).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_account_and_queue() {
        assert_eq!(
            queue_name("http://127.0.0.1:4566/000000000000/q"),
            Some("q")
        );
        assert_eq!(
            queue_name("https://sqs.us-east-1.amazonaws.com/000000000000/q.fifo"),
            Some("q.fifo")
        );
        assert_eq!(queue_name("/000000000000/q"), Some("q"));
        assert_eq!(queue_name("http://host/123456789012/q"), None);
        assert_eq!(queue_name("q"), Some("q"));
        assert_eq!(queue_name("http://host/q"), None);
    }
}
