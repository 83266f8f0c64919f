//! What the emulators that speak HTTP share: the server, its threads and its end.

mod server;
mod service;

use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};

pub(crate) use service::Service;

/// A connection is closed instead of answered, because a fault is planned.
#[derive(Debug, thiserror::Error)]
#[error("a planned fault")]
pub(crate) struct PlannedDrop;

/// What answers the requests of a port.
pub(crate) trait Front: Debug + Send + Sync + 'static {
    /// The body of an answer.
    type Body: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static;

    /// Answers one request.
    ///
    /// # Errors
    /// The connection, or the stream of HTTP/2, is to be closed instead.
    fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Self::Body>, PlannedDrop>> + Send;

    /// Called once, in the runtime that serves, before the first request.
    fn started(&self) {}

    /// How many connections there may be at a time.
    fn connections(&self) -> usize;

    /// How often to call [`Self::sync`].
    fn sync_interval(&self) -> Duration;

    /// Gives a notice.
    fn say(&self, notice: &str);

    /// Does what is due; called once a second.
    fn clean_up(&self);

    /// Forces everything to disk.
    fn sync(&self);
}
