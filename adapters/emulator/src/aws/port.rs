//! The services of AWS as what answers the requests of a port.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;

use super::front::Front;
use crate::http as port;

impl port::Front for Front {
    type Body = UnsyncBoxBody<Bytes, Infallible>;

    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Self::Body>, port::PlannedDrop> {
        Self::answer(self, request).await
    }

    fn connections(&self) -> usize {
        self.limits().connections
    }

    fn sync_interval(&self) -> Duration {
        Self::sync_interval(self)
    }

    fn say(&self, notice: &str) {
        Self::say(self, notice);
    }

    fn clean_up(&self) {
        Self::clean_up(self);
    }

    fn sync(&self) {
        Self::sync(self);
    }
}
