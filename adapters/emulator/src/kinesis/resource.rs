//! What an ARN names: a stream, or a consumer of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::about::{About, Consumer};
use super::call::Call;
use super::checks::Checks;
use super::error::{no_such_stream, not_found};
use super::names::Arn;
use super::stream::DataStream;
use crate::aws::{ACCOUNT, AwsError};

/// A stream or a consumer.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) stream: Arc<DataStream>,
    /// The name of the consumer, if it is one.
    pub(super) consumer: Option<String>,
}

/// What users attach to a stream or a consumer.
#[derive(Debug)]
pub(super) struct Attached<'a> {
    pub(super) tags: &'a mut BTreeMap<String, String>,
    pub(super) policy: &'a mut Option<String>,
}

impl Resource {
    /// What an ARN names.
    ///
    /// # Errors
    /// It is none, or there is nothing of that name.
    pub(super) fn find(call: &Call<'_>, arn: Option<&str>) -> Result<Self, AwsError> {
        let mut checks = Checks::default();
        checks.resource_arn(arn);
        checks.done()?;
        let text = arn.unwrap_or_default();
        let arn = Arn::parse(text).filter(|arn| call.is_here(arn));
        let arn = arn.ok_or_else(|| no_such_stream(text))?;
        let stream = call.stream(Some(arn.stream), None)?;
        let Some((name, created_s)) = arn.consumer else {
            return Ok(Self {
                stream,
                consumer: None,
            });
        };
        let about = stream.about();
        match find_consumer(&about, name, call.now_ms()) {
            Some(consumer) if consumer.created_ms / 1000 == created_s => Ok(Self {
                stream,
                consumer: Some(name.to_owned()),
            }),
            _ => Err(no_such_consumer(name, &about.name)),
        }
    }

    /// What is attached to it.
    ///
    /// # Errors
    /// The consumer was deregistered in the meantime.
    pub(super) fn attached<'a>(&self, about: &'a mut About) -> Result<Attached<'a>, AwsError> {
        let Some(name) = &self.consumer else {
            return Ok(Attached {
                tags: &mut about.tags,
                policy: &mut about.policy,
            });
        };
        match about.consumers.get_mut(name) {
            Some(consumer) => Ok(Attached {
                tags: &mut consumer.tags,
                policy: &mut consumer.policy,
            }),
            None => Err(no_such_consumer(name, &about.name)),
        }
    }
}

/// The consumer of that name.
pub(super) fn find_consumer<'a>(about: &'a About, name: &str, now_ms: i64) -> Option<&'a Consumer> {
    let consumer = about.consumers.get(name);
    consumer.filter(|consumer| !consumer.is_gone(now_ms))
}

/// There is no such consumer.
pub(super) fn no_such_consumer(name: &str, stream: &str) -> AwsError {
    not_found(format!(
        "Consumer {name}, stream {stream} under account {ACCOUNT} not found."
    ))
}
