//! From an HTTP request to an answer.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body as _, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tonic::Status;
use tonic::body::Body;

use super::call::Call;
use super::config::Config;
use super::operations::{self, Run};
use super::service::PubSub;
use super::topic::LOG_SETTINGS;
use super::{grpc, housekeeping, push, rest};
use crate::faults::{DropAt, Fault};
use crate::http::PlannedDrop;
use crate::store::{Attributes, LogSettings, Store, StoreError, Visitor, frame};

/// What one permit of the memory for bodies stands for.
const UNIT: usize = 1024;

/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The path that deletes everything.
const RESET: &str = "/_ssectl/reset";

/// The path of the key that tokens of pushes are verified with, as at `https://www.googleapis.com`.
const KEYS: &str = "/oauth2/v3/certs";

/// The path that says that the emulator is there.
const HEALTH: &str = "/_ssectl/health";

/// The service, and what its requests share.
#[derive(Debug)]
pub(super) struct Front {
    config: Config,
    service: Arc<PubSub>,
    /// Memory for bodies, in [`UNIT`]s.
    memory: Arc<Semaphore>,
}

impl Front {
    /// Opens what the service keeps; also tells what had to be mended.
    pub(super) fn open(
        config: Config,
        stopped: watch::Receiver<bool>,
    ) -> Result<(Self, Vec<String>), StoreError> {
        let bridge = config.bridge.clone();
        let (store, notes) = match &bridge {
            Some(bridge) => (Arc::clone(bridge.store()), Vec::new()),
            None => {
                let clock = Arc::clone(&config.clock);
                let (store, notes) = Store::open(config.medium.clone(), clock, &mut Unseen)?;
                (Arc::new(store), notes)
            }
        };
        let service = PubSub::open(store, bridge, config.faults.clone(), stopped)?;
        let front = Self {
            memory: Arc::new(Semaphore::new(config.limits.total_request_bytes / UNIT)),
            service: Arc::new(service),
            config,
        };
        Ok((front, notes))
    }

    /// What the requests work on.
    pub(super) fn service(&self) -> Arc<PubSub> {
        Arc::clone(&self.service)
    }

    async fn reply(&self, request: Request<Incoming>) -> Response<Body> {
        if !grpc::is_grpc(request.headers()) {
            let (parts, body) = request.into_parts();
            return self.rest(parts, body).await;
        }
        let path = request.uri().path().trim_start_matches('/');
        let (service, method) = path.split_once('/').unwrap_or((path, ""));
        let Some(operation) = operations::find(service, method) else {
            let unknown = Status::unimplemented(format!("there is no {path} in Pub/Sub"));
            return grpc::failure(&unknown);
        };
        if let Some(status) = self.throttle(method) {
            return grpc::failure(&status);
        }
        if let Run::Stream = operation.run {
            return grpc::streaming(self.service(), request).await;
        }
        let call = self.call(&request);
        let (parts, body) = request.into_parts();
        match self.read_body(body).await {
            Ok((body, _memory)) => {
                let request = Request::from_parts(parts, Full::new(body));
                grpc::unary(operation, call, request, self.config.limits.request_bytes).await
            }
            Err(status) => grpc::failure(&status),
        }
    }

    async fn rest(&self, parts: Parts, body: Incoming) -> Response<Body> {
        let call = Call {
            service: self.service(),
            deadline: None,
        };
        if let Some(status) = self.throttle(parts.uri.path()) {
            return rest::failure(&status);
        }
        match self.read_body(body).await {
            Ok((body, _memory)) => rest::answer(&parts, call, body).await,
            Err(status) => rest::failure(&status),
        }
    }

    fn call(&self, request: &Request<Incoming>) -> Call {
        Call {
            service: self.service(),
            deadline: grpc::deadline(request.headers()),
        }
    }

    /// The service's refusal, if one is planned for a request that moves messages.
    fn throttle(&self, what: &str) -> Option<Status> {
        let lower = what.to_ascii_lowercase();
        let moves = lower.ends_with("publish") || lower.ends_with("pull");
        let strikes = moves && self.config.faults.strikes(Fault::Throttle);
        strikes.then(|| {
            Status::resource_exhausted(
                "Quota exceeded for quota metric 'Regional publisher throughput, kB' (planned by this emulator).",
            )
        })
    }

    /// Receives a body within the limits; the memory it takes is reserved until the permit is dropped.
    async fn read_body(&self, body: Incoming) -> Result<(Bytes, OwnedSemaphorePermit), Status> {
        let limit = self.config.limits.request_bytes;
        let announced = body.size_hint().upper().map(|upper| upper as usize);
        let expected = announced.unwrap_or(EXPECTED);
        if expected > limit {
            return Err(too_large(limit));
        }
        let permit = self.reserve(expected).await?;
        // A client that stalls must not keep the memory for ever.
        let received = timeout(PATIENCE, self.receive(body, expected, permit)).await;
        received.map_err(|_| Status::deadline_exceeded("the body did not come in time"))?
    }

    /// Receives a body that is `reserved` bytes long, or longer than said: then memory for the longest is reserved.
    async fn receive(
        &self,
        body: Incoming,
        mut reserved: usize,
        mut permit: OwnedSemaphorePermit,
    ) -> Result<(Bytes, OwnedSemaphorePermit), Status> {
        let limit = self.config.limits.request_bytes;
        let mut body = Limited::new(body, limit);
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| too_large(limit))?.into_data() else {
                continue;
            };
            if whole.len() + data.len() > reserved {
                permit.merge(self.reserve(limit.saturating_sub(reserved)).await?);
                reserved = limit;
            }
            whole.extend_from_slice(&data);
        }
        Ok((whole.freeze(), permit))
    }

    /// Waits for memory for a body.
    async fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Status> {
        let all = self.config.limits.total_request_bytes / UNIT;
        let units = bytes.div_ceil(UNIT).clamp(1, all.max(1));
        let permit = Arc::clone(&self.memory).acquire_many_owned(units as u32);
        permit
            .await
            .map_err(|_| Status::unavailable("The emulator ends."))
    }

    /// The keys that tokens of pushes are verified with.
    fn public_keys(&self) -> Response<Body> {
        let keys = self.service.signer.public_keys();
        let status = match keys {
            Some(_) => StatusCode::OK,
            None => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut response = Response::new(Body::new(Full::from(keys.unwrap_or_default())));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }

    /// Does what a path of the emulator itself says.
    fn control(&self, method: &Method, path: &str) -> Option<Response<Body>> {
        let status = match (path, method) {
            (KEYS, &Method::GET) => return Some(self.public_keys()),
            (HEALTH, &Method::GET) => StatusCode::OK,
            // What Google's emulator answers with `Ok`, for those who wait for it.
            ("/", &Method::GET) => StatusCode::OK,
            (RESET, &Method::POST) => match self.service.reset() {
                Ok(()) => StatusCode::OK,
                Err(error) => {
                    self.report("reset", Err(error));
                    StatusCode::INTERNAL_SERVER_ERROR
                }
            },
            (HEALTH | KEYS | RESET, _) => StatusCode::METHOD_NOT_ALLOWED,
            _ => return None,
        };
        let text = if status == StatusCode::OK { "Ok\n" } else { "" };
        let mut response = Response::new(Body::new(Full::from(text)));
        *response.status_mut() = status;
        Some(response)
    }

    fn report(&self, what: &str, result: Result<(), impl Display>) {
        if let Err(error) = result {
            crate::http::Front::say(self, &format!("{what}: {error}"));
        }
    }
}

/// Bytes that are reserved for a body whose length is not said, as those of gRPC.
const EXPECTED: usize = 64 << 10;

impl crate::http::Front for Front {
    type Body = Body;

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, PlannedDrop> {
        if let Some(response) = self.control(request.method(), request.uri().path()) {
            return Ok(response);
        }
        let faults = &self.config.faults;
        let drops = faults.drops();
        if drops == Some(DropAt::Before) {
            return Err(PlannedDrop);
        }
        let response = self.reply(request).await;
        if let Some(delay) = faults.delay() {
            sleep(delay).await;
        }
        match drops {
            None => Ok(response),
            Some(_) => Err(PlannedDrop),
        }
    }

    fn started(&self) {
        self.service.run_in(tokio::runtime::Handle::current());
        push::watch_all(&self.service);
    }

    fn connections(&self) -> usize {
        self.config.limits.connections
    }

    fn sync_interval(&self) -> Duration {
        self.config.sync_interval()
    }

    fn say(&self, notice: &str) {
        self.config.notices.say(&format!("pubsub: {notice}"));
    }

    fn clean_up(&self) {
        self.report("old messages", housekeeping::run(&self.service));
        if self.service.store().is_newly_full() {
            crate::http::Front::say(
                self,
                "the memory limit is reached, messages are refused: acknowledge or seek, raise --memory, or use --data-dir",
            );
        }
    }

    fn sync(&self) {
        self.report("writing to disk", self.service.store().sync());
    }
}

fn too_large(limit: usize) -> Status {
    Status::invalid_argument(format!(
        "the body of the request is torn or longer than {limit} bytes"
    ))
}

/// Topics and subscriptions read their logs themselves.
struct Unseen;

impl Visitor for Unseen {
    fn settings(&mut self, _stream: &str, _attributes: &Attributes) -> LogSettings {
        LOG_SETTINGS
    }

    fn frame(&mut self, _: &str, _: u32, _: &frame::Header, _: &[u8]) {}
}
