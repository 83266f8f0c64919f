//! One request, as the operations see it.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::about::{About, Status};
use super::checks::Checks;
use super::error::{in_use, internal, invalid, no_such_stream};
use super::names::Arn;
use super::resharding::Resharding;
use super::service::Kinesis;
use super::stream::DataStream;
use crate::aws::{ACCOUNT, AwsError, Protocol};

/// Where a request came from and what it may touch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) kinesis: &'a Arc<Kinesis>,
    pub(crate) region: &'a str,
    pub(crate) protocol: Protocol,
    /// Whether this process asks, which meets no planned faults.
    pub(crate) is_local: bool,
}

/// The result of an operation.
#[derive(Debug)]
pub(crate) enum Output {
    /// A document; nothing for operations without a result.
    Document(Vec<u8>),
    /// Messages of an event stream, as they come.
    Events(mpsc::Receiver<Bytes>),
}

impl Call<'_> {
    /// Reads the parameters of an operation.
    ///
    /// # Errors
    /// They are of another form.
    pub(super) fn parse<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, AwsError> {
        let parsed = match (self.protocol, body) {
            (_, []) => serde_json::from_slice(b"{}").map_err(|error| error.to_string()),
            (Protocol::Cbor, body) => {
                ciborium::from_reader(body).map_err(|error| error.to_string())
            }
            (_, body) => serde_json::from_slice(body).map_err(|error| error.to_string()),
        };
        parsed.map_err(AwsError::malformed)
    }

    /// Writes the result of an operation.
    pub(super) fn output<T: Serialize>(&self, result: &T) -> Result<Output, AwsError> {
        encode(self.protocol, result).map(Output::Document)
    }

    /// Unix milliseconds.
    pub(super) fn now_ms(&self) -> i64 {
        self.kinesis.now_ms()
    }

    /// The stream that a request names, by name or ARN or both.
    ///
    /// # Errors
    /// It names none or two, or there is none of that name.
    pub(super) fn stream(
        &self,
        name: Option<&str>,
        arn: Option<&str>,
    ) -> Result<Arc<DataStream>, AwsError> {
        let mut checks = Checks::default();
        checks.name("streamName", name);
        checks.stream_arn("streamARN", arn);
        checks.done()?;
        let of_arn = arn.and_then(Arn::parse);
        let name = match (name, of_arn) {
            (None, None) => {
                return Err(invalid("Must specify either StreamName or StreamARN."));
            }
            (Some(name), Some(arn)) if arn.stream != name => {
                return Err(invalid(
                    "StreamName and StreamARN do not name the same stream.",
                ));
            }
            (Some(name), _) => name,
            (None, Some(arn)) => arn.stream,
        };
        let is_here = of_arn.is_none_or(|arn| self.is_here(&arn));
        let found = self.kinesis.stream(self.region, name).filter(|_| is_here);
        found.ok_or_else(|| no_such_stream(name))
    }

    /// Whether an ARN is of this account and region.
    pub(super) fn is_here(&self, arn: &Arn<'_>) -> bool {
        arn.region == self.region && arn.account == ACCOUNT
    }

    /// A stream that records are written to or read from.
    ///
    /// # Errors
    /// As [`Self::stream`] has them, or it is being created or deleted.
    pub(super) fn live_stream(
        &self,
        name: Option<&str>,
        arn: Option<&str>,
    ) -> Result<Arc<DataStream>, AwsError> {
        let stream = self.stream(name, arn)?;
        let about = stream.about();
        match about.status(self.now_ms()) {
            Status::Active | Status::Updating => Ok(stream),
            Status::Creating | Status::Deleting => Err(no_such_stream(&about.name)),
        }
    }

    /// Refuses changes of a stream that is in the middle of one.
    ///
    /// # Errors
    /// It is not ACTIVE.
    pub(super) fn require_active(&self, about: &About) -> Result<(), AwsError> {
        match about.status(self.now_ms()) {
            Status::Active => Ok(()),
            other => Err(in_use(format!(
                "Stream {} under account {ACCOUNT} not ACTIVE, instead in state {}",
                about.name,
                other.name()
            ))),
        }
    }

    /// Changes what is known of a stream that is ACTIVE.
    ///
    /// # Errors
    /// It is not, or `change` refuses, or it cannot be remembered.
    pub(super) fn update<T>(
        &self,
        stream: &DataStream,
        change: impl FnOnce(&mut About) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        stream.update(self.kinesis.store(), |about, _| {
            self.require_active(about)?;
            change(about)
        })
    }

    /// Splits and merges shards of a stream that is ACTIVE, which is UPDATING for a while then.
    ///
    /// # Errors
    /// As [`Self::update`] has them.
    pub(super) fn reshard(
        &self,
        stream: &DataStream,
        change: impl FnOnce(&mut Resharding<'_>) -> Result<(), AwsError>,
    ) -> Result<(), AwsError> {
        stream.update(self.kinesis.store(), |about, logs| {
            self.require_active(about)?;
            if about.is_shared {
                return Err(invalid(format!(
                    "Stream {} is bridged: its shards are also partitions of a topic and of a hub, and cannot be split, \
                     merged or scaled.",
                    about.name
                )));
            }
            change(&mut Resharding::new(about, logs, self.now_ms()))?;
            about.change = Some((Status::Updating, self.kinesis.change_end_ms()));
            Ok(())
        })
    }

    /// As [`Self::update`], and the stream is UPDATING for a while.
    ///
    /// # Errors
    /// As [`Self::update`] has them.
    pub(super) fn update_slowly<T>(
        &self,
        stream: &DataStream,
        change: impl FnOnce(&mut About) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        self.update(stream, |about| {
            let result = change(about)?;
            about.change = Some((Status::Updating, self.kinesis.change_end_ms()));
            Ok(result)
        })
    }
}

/// Writes a document in the protocol of a request.
///
/// # Errors
/// It cannot be written, which no document of ours is.
pub(super) fn encode<T: Serialize>(protocol: Protocol, document: &T) -> Result<Vec<u8>, AwsError> {
    let mut bytes = Vec::with_capacity(256);
    let written = match protocol {
        Protocol::Cbor => {
            ciborium::into_writer(document, &mut bytes).map_err(|error| error.to_string())
        }
        Protocol::Json { .. } | Protocol::Query => {
            serde_json::to_writer(&mut bytes, document).map_err(|error| error.to_string())
        }
    };
    written.map(|()| bytes).map_err(internal)
}
