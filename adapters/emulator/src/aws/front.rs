//! From an HTTP request to an answer.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body as _, Incoming};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::config::{Config, Limits};
use super::reply::{self, Answer, Reply};
use super::request::{Body, Input, Protocol, Request};
use super::{AwsError, query, sts};
use crate::faults::DropAt;
use crate::http::PlannedDrop;
use crate::kinesis::{self, Kinesis};
use crate::sqs::{self, Sqs};
use crate::store::{Attributes, LogSettings, Medium, Store, StoreError, Visitor, frame};

/// What one permit of the memory for bodies stands for.
const UNIT: usize = 1024;

/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The path that deletes everything.
const RESET: &str = "/_ssectl/reset";

/// All services, and what their requests share.
#[derive(Debug)]
pub(super) struct Front {
    config: Config,
    store: Arc<Store>,
    kinesis: Arc<Kinesis>,
    sqs: Arc<Sqs>,
    /// Memory for bodies, in [`UNIT`]s.
    memory: Semaphore,
}

impl Front {
    /// Opens what the services keep; also tells what had to be mended.
    pub(super) fn open(
        config: Config,
        stopped: watch::Receiver<bool>,
    ) -> Result<(Self, Vec<String>), StoreError> {
        let (store, notes) = match &config.bridge {
            Some(bridge) => (Arc::clone(bridge.store()), Vec::new()),
            None => {
                let clock = Arc::clone(&config.clock);
                let (store, notes) = Store::open(config.medium.clone(), clock, &mut Unseen)?;
                (Arc::new(store), notes)
            }
        };
        let settings = kinesis::Settings {
            transition: config.transition,
            enforce_limits: config.enforce_limits,
            faults: config.faults.clone(),
            is_bridged: config.bridge.is_some(),
        };
        let kinesis = Kinesis::open(Arc::clone(&store), settings, stopped.clone());
        let sqs = Arc::new(Sqs::open(
            Arc::clone(&store),
            config.bridge.clone(),
            stopped,
            config.faults.clone(),
        )?);
        let memory = Semaphore::new(config.limits.total_request_bytes / UNIT);
        let front = Self {
            config,
            store,
            kinesis: Arc::new(kinesis),
            sqs,
            memory,
        };
        Ok((front, notes))
    }

    /// Answers one request, with the faults that are planned for it.
    ///
    /// # Errors
    /// The connection is to be closed instead.
    pub(super) async fn answer(
        &self,
        request: http::Request<Incoming>,
    ) -> Result<Reply, PlannedDrop> {
        if request.uri().path() == RESET {
            return Ok(self.reset(request.method()));
        }
        let faults = &self.config.faults;
        let drops = faults.drops();
        if drops == Some(DropAt::Before) {
            return Err(PlannedDrop);
        }
        let reply = self.reply(request).await;
        if let Some(delay) = faults.delay() {
            sleep(delay).await;
        }
        match drops {
            None => Ok(reply),
            Some(_) => Err(PlannedDrop),
        }
    }

    async fn reply(&self, request: http::Request<Incoming>) -> Reply {
        let request_id = Uuid::new_v4().to_string();
        let (parts, body) = request.into_parts();
        let protocol = Request::protocol(&parts);
        let answered = match self.read_body(body).await {
            Ok((body, _memory)) => self.dispatch(&parts, body, &request_id).await,
            Err(error) => Err((error, sqs::NAMES.namespace)),
        };
        match answered {
            Ok(answer) => reply::success(protocol, answer, &request_id),
            Err((error, namespace)) => reply::failure(protocol, namespace, &error, &request_id),
        }
    }

    /// Answers a request from within this process; it needs no signature and meets no planned faults of connections.
    ///
    /// # Errors
    /// As the operation has them, or there is no such service.
    pub(super) async fn call(&self, request: Request) -> Result<Vec<u8>, AwsError> {
        let answer = match request.service.as_str() {
            kinesis::TARGET => self.ask_kinesis(&request, true),
            sqs::TARGET => self.ask_sqs(request, "").await.map(Answer::Document),
            service => Err(no_such_service(service)),
        };
        match answer? {
            Answer::Document(document) => Ok(document),
            Answer::Events(_) => Err(AwsError::coral(
                400,
                "InvalidAction",
                "event streams need a connection",
            )),
        }
    }

    /// The bounds on clients.
    pub(super) fn limits(&self) -> Limits {
        self.config.limits
    }

    /// How often to call [`Self::sync`].
    pub(super) fn sync_interval(&self) -> Duration {
        self.config.sync_interval()
    }

    /// Gives a notice.
    pub(super) fn say(&self, notice: &str) {
        self.config.notices.say(&format!("aws: {notice}"));
    }

    /// Drops what is old.
    pub(super) fn clean_up(&self) {
        self.report("old messages", self.sqs.clean_up());
        self.report("old records", self.kinesis.clean_up());
        if let Some(trouble) = self.store.take_trouble() {
            self.say(&trouble);
        }
        if let Medium::Memory { limit } = self.config.medium
            && self.store.is_newly_full()
        {
            self.say(&format!(
                "memory limit of {} MiB reached (--memory), writes are refused; delete streams or messages, or use \
                 --data-dir",
                limit >> 20
            ));
        }
    }

    /// Forces everything to disk.
    pub(super) fn sync(&self) {
        // The store keeps what went wrong, which is told with the next clean-up.
        drop(self.store.sync());
    }

    fn report(&self, what: &str, result: Result<(), impl Display>) {
        if let Err(error) = result {
            self.say(&format!("{what}: {error}"));
        }
    }

    /// Finds the service and has it answer; an error comes with the namespace of the service.
    async fn dispatch(
        &self,
        parts: &Parts,
        body: Bytes,
        request_id: &str,
    ) -> Result<Answer, (AwsError, &'static str)> {
        let request = Request::read(parts, body).map_err(|error| (error, sqs::NAMES.namespace))?;
        let is_sts = request.service == sts::VERSION
            || request.service.is_empty() && request.scope.service.as_deref() == Some("sts");
        if is_sts {
            let answer = sts::answer(&request.operation, request_id);
            let answer = answer.map(Answer::Document);
            return answer.map_err(|error| (error, sts::NAMES.namespace));
        }
        let answer = match (request.protocol, request.service.as_str()) {
            (Protocol::Json { .. } | Protocol::Cbor, kinesis::TARGET) => {
                self.ask_kinesis(&request, false)
            }
            (Protocol::Query, _) | (Protocol::Json { .. }, sqs::TARGET) => {
                let answer = self.ask_sqs(request, request_id).await;
                answer.map(Answer::Document)
            }
            (_, service) => Err(no_such_service(service)),
        };
        answer.map_err(|error| (error, sqs::NAMES.namespace))
    }

    fn ask_kinesis(&self, request: &Request, is_local: bool) -> Result<Answer, AwsError> {
        let call = kinesis::Call {
            kinesis: &self.kinesis,
            region: &request.scope.region,
            protocol: request.protocol,
            is_local,
        };
        let body: &[u8] = match &request.body {
            Body::Document(body) => body,
            // Forms go elsewhere.
            Body::Form(_) => b"",
        };
        Ok(match kinesis::answer(&call, &request.operation, body)? {
            kinesis::Output::Document(bytes) => Answer::Document(bytes),
            kinesis::Output::Events(events) => Answer::Events(events),
        })
    }

    async fn ask_sqs(&self, request: Request, request_id: &str) -> Result<Vec<u8>, AwsError> {
        let (protocol, operation) = (request.protocol, request.operation);
        let call = sqs::Call {
            sqs: &self.sqs,
            region: &request.scope.region,
            origin: &request.origin,
            path: &request.path,
            trace: request.trace.as_deref(),
            protocol,
        };
        let input = Input::new(request.body, &sqs::NAMES);
        match sqs::answer(&call, &operation, input).await? {
            sqs::Output::Json(bytes) => Ok(bytes),
            sqs::Output::Value(value) => {
                Ok(query::to_xml(&operation, &value, &sqs::NAMES, request_id).into_bytes())
            }
        }
    }

    /// Receives a body within the limits; the memory it takes is reserved until the permit is dropped.
    async fn read_body(&self, body: Incoming) -> Result<(Bytes, SemaphorePermit<'_>), AwsError> {
        let limit = self.config.limits.request_bytes;
        let announced = body.size_hint().upper().map(|upper| upper as usize);
        let expected = announced.unwrap_or(limit);
        if expected > limit {
            return Err(too_large(limit));
        }
        let units =
            (expected.div_ceil(UNIT).max(1)).min(self.config.limits.total_request_bytes / UNIT);
        let permit = self.memory.acquire_many(units as u32).await;
        let permit =
            permit.map_err(|_| AwsError::coral(503, "ServiceUnavailable", "the emulator ends"))?;
        // A client that stalls must not keep the memory for ever.
        let collected = timeout(PATIENCE, Limited::new(body, limit).collect()).await;
        let collected = collected
            .map_err(|_| AwsError::coral(408, "RequestTimeout", "the body did not come in time"))?;
        let body = collected.map_err(|_| too_large(limit))?.to_bytes();
        Ok((body, permit))
    }

    fn reset(&self, method: &Method) -> Reply {
        if method != Method::POST {
            return reply::plain(StatusCode::METHOD_NOT_ALLOWED);
        }
        match self.sqs.reset().and(self.kinesis.reset()) {
            Ok(()) => reply::plain(StatusCode::OK),
            Err(error) => {
                self.report("reset", Err(error));
                reply::plain(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

fn no_such_service(service: &str) -> AwsError {
    let message = format!("there is no service `{service}` here that speaks so");
    AwsError::coral(400, "InvalidAction", message)
}

fn too_large(limit: usize) -> AwsError {
    let message = format!("the body of the request is torn or longer than {limit} bytes");
    AwsError::coral(413, "RequestEntityTooLarge", message)
}

/// The services read their logs themselves.
struct Unseen;

impl Visitor for Unseen {
    fn settings(&mut self, stream: &str, attributes: &Attributes) -> LogSettings {
        kinesis::log_settings(stream, attributes).unwrap_or(sqs::LOG_SETTINGS)
    }

    fn frame(&mut self, _: &str, _: u32, _: &frame::Header, _: &[u8]) {}
}
