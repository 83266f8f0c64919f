//! The management API: hubs and consumer groups as Atom entries over HTTP.

mod atom;
mod path;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;

use super::hub::{Hub, OpenHub};
use super::hubs::HubError;
use super::server::ended;
use super::{Front, Operation, websocket};
use crate::StartError;
use crate::store::{LockExt, StoreError};
use atom::{Description, Feed};
use path::Target;

/// How long a connection may be idle or send the head of a request.
const IDLE: Duration = Duration::from_secs(60);

/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest body, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// An answer.
type Reply = Response<Full<Bytes>>;

/// Why a request is refused: the status, and what people are told.
type Refusal = (StatusCode, String);

/// Serves a connection until either end closes it; one that becomes a WebSocket goes on as AMQP.
pub(super) async fn serve<S>(stream: S, front: Arc<Front>, stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let upgrade = Mutex::new(None);
    let answer = service_fn(|mut request| {
        let (front, upgrade) = (&front, &upgrade);
        async move {
            if !websocket::is_wanted(&request) {
                return Ok::<_, Infallible>(answer(request, front).await);
            }
            let accepted = websocket::accept(&request);
            if accepted.is_ok() {
                *upgrade.locked() = Some(hyper::upgrade::on(&mut request));
            }
            Ok(accepted.unwrap_or_else(|reason| refuse(&(StatusCode::BAD_REQUEST, reason))))
        }
    });
    serve_http(stream, answer, stopped.clone()).await;
    let upgrade = upgrade.locked().take();
    if let Some(upgrade) = upgrade
        && let Ok(stream) = upgrade.await
    {
        websocket::serve(TokioIo::new(stream), front, stopped).await;
    }
}

/// Answers requests until either end closes the connection, or hands it over.
async fn serve_http<S, A>(stream: S, answer: A, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: HttpService<Incoming, ResBody = Full<Bytes>, Error = Infallible>,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    tokio::pin!(connection);
    tokio::select! {
        // A client that breaks off or does not speak HTTP has hyper's answer already.
        _ = connection.as_mut() => {}
        () = ended(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            drop(connection.await);
        }
    }
}

async fn answer(request: Request<Incoming>, front: &Front) -> Reply {
    let (parts, body) = request.into_parts();
    let target = Target::of(parts.uri.path());
    let operation = target
        .as_ref()
        .and_then(|target| Operation::of_http(parts.method.as_str(), target.kind()));
    let (Some(target), Some(operation)) = (target, operation) else {
        return refuse(&(StatusCode::NOT_FOUND, no_such_request(&parts.method)));
    };
    let body = timeout(PATIENCE, Limited::new(body, MAX_BODY).collect()).await;
    let Ok(Ok(body)) = body else {
        let reason = format!("the body did not come whole or is longer than {MAX_BODY} bytes");
        return refuse(&(StatusCode::PAYLOAD_TOO_LARGE, reason));
    };
    let call = Call {
        front,
        target: &target,
        is_update: parts.headers.contains_key(header::IF_MATCH),
        query: parts.uri.query().unwrap_or_default(),
        body: body.to_bytes(),
    };
    call.run(operation).unwrap_or_else(|error| refuse(&error))
}

fn no_such_request(method: &Method) -> String {
    format!("there is no request {method} of that path")
}

/// One request.
struct Call<'a> {
    front: &'a Front,
    target: &'a Target,
    /// Whether it changes what is there.
    is_update: bool,
    query: &'a str,
    body: Bytes,
}

impl Call<'_> {
    fn run(&self, operation: Operation) -> Result<Reply, Refusal> {
        match operation {
            Operation::PutHub => self.put_hub(),
            Operation::GetHub => Ok(entry(StatusCode::OK, &atom::hub(&*self.hub()?))),
            Operation::DeleteHub => self.delete_hub(),
            Operation::ListHubs => Ok(self.list_hubs()),
            Operation::PutGroup => self.put_group(),
            Operation::GetGroup => self.get_group(),
            Operation::DeleteGroup => self.delete_group(),
            Operation::ListGroups => self.list_groups(),
            Operation::Health => Ok(json("{\"status\":\"healthy\"}")),
            Operation::Reset => self.reset(),
            Operation::PutToken | Operation::ReadHub | Operation::ReadPartition => {
                Err((StatusCode::NOT_FOUND, "this is asked over AMQP".to_owned()))
            }
        }
    }

    fn hub(&self) -> Result<Arc<OpenHub>, Refusal> {
        let name = &self.target.hub;
        let hub = self.front.hubs.get(name);
        hub.ok_or_else(|| missing(name))
    }

    fn put_hub(&self) -> Result<Reply, Refusal> {
        let asked = Description::read(&self.body)?;
        let hubs = &self.front.hubs;
        if self.is_update {
            let hub = self.hub()?;
            if asked
                .partitions
                .is_some_and(|count| count != hub.stream.partition_count())
            {
                let reason = "the number of partitions cannot be changed".to_owned();
                return Err((StatusCode::BAD_REQUEST, reason));
            }
            if let Some(retention_ms) = asked.retention_ms {
                let changed = hub.update(hubs.store(), |about| about.retention_ms = retention_ms);
                changed.map_err(|error| failed(&error))?;
            }
            return Ok(entry(StatusCode::OK, &atom::hub(&hub)));
        }
        let default = self.front.config.default_partitions;
        let mut wanted = Hub::new(self.target.hub.clone(), asked.partitions.unwrap_or(default));
        if let Some(retention_ms) = asked.retention_ms {
            wanted.retention_ms = retention_ms;
        }
        let created = hubs.create(&wanted).map_err(hub_refusal)?;
        Ok(entry(StatusCode::CREATED, &atom::hub(&created)))
    }

    fn delete_hub(&self) -> Result<Reply, Refusal> {
        let name = &self.target.hub;
        match self.front.hubs.delete(name) {
            Ok(true) => Ok(json("")),
            Ok(false) => Err(missing(name)),
            Err(error) => Err(failed(&error)),
        }
    }

    fn list_hubs(&self) -> Reply {
        let entries = self.front.hubs.all();
        let entries = self.page(entries.iter().map(|hub| atom::hub(hub)));
        entry(StatusCode::OK, &Feed::new("Event Hubs", entries).to_xml())
    }

    /// The part of a list that `$skip` and `$top` ask for; at most 100.
    fn page<T>(&self, all: impl Iterator<Item = T>) -> Vec<T> {
        let number = |name: &str| {
            let mut pairs = form_urlencoded::parse(self.query.as_bytes());
            let found = pairs.find(|(key, _)| key == name);
            found.and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let (skip, top) = (number("$skip").unwrap_or(0), number("$top").unwrap_or(100));
        all.skip(skip).take(top.min(100)).collect()
    }

    fn put_group(&self) -> Result<Reply, Refusal> {
        let hub = self.hub()?;
        let name = &self.target.group;
        if self.is_update && hub.has_group(name) {
            return self.get_group();
        }
        let created = self.front.hubs.create_group(&hub, name);
        created.map_err(hub_refusal)?;
        self.group_entry(StatusCode::CREATED, &hub)
    }

    fn get_group(&self) -> Result<Reply, Refusal> {
        let hub = self.hub()?;
        self.group_entry(StatusCode::OK, &hub)
    }

    fn group_entry(&self, status: StatusCode, hub: &OpenHub) -> Result<Reply, Refusal> {
        let name = &self.target.group;
        let group = hub.group(name).ok_or_else(|| missing(name))?;
        Ok(entry(status, &atom::group(hub, &group)))
    }

    fn delete_group(&self) -> Result<Reply, Refusal> {
        let hub = self.hub()?;
        let name = &self.target.group;
        let (known, _) = hub.group(name).ok_or_else(|| missing(name))?;
        if known == super::hub::DEFAULT_GROUP {
            let reason = "the default consumer group cannot be deleted".to_owned();
            return Err((StatusCode::BAD_REQUEST, reason));
        }
        let deleted = self.front.hubs.delete_group(&hub, name);
        deleted.map_err(|error| failed(&error))?;
        Ok(json(""))
    }

    fn list_groups(&self) -> Result<Reply, Refusal> {
        let hub = self.hub()?;
        let default = hub.group(super::hub::DEFAULT_GROUP);
        let groups = default.into_iter().chain(hub.about().groups);
        let entries = self.page(groups.map(|group| atom::group(&hub, &group)));
        let feed = Feed::new("Consumer Groups", entries);
        Ok(entry(StatusCode::OK, &feed.to_xml()))
    }

    fn reset(&self) -> Result<Reply, Refusal> {
        let done = self.front.reset();
        done.map_err(|error: StartError| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
        Ok(json(""))
    }
}

fn missing(name: &str) -> Refusal {
    let reason = format!("The messaging entity '{name}' could not be found.");
    (StatusCode::NOT_FOUND, reason)
}

fn failed(error: &StoreError) -> Refusal {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

fn hub_refusal(error: HubError) -> Refusal {
    let status = match error {
        HubError::Exists(_) => StatusCode::CONFLICT,
        HubError::Invalid(_) => StatusCode::BAD_REQUEST,
        HubError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, error.to_string())
}

fn entry(status: StatusCode, xml: &str) -> Reply {
    reply(status, "application/atom+xml;charset=utf-8", xml)
}

fn json(text: &str) -> Reply {
    reply(StatusCode::OK, "application/json", text)
}

fn refuse((status, reason): &Refusal) -> Reply {
    let xml = atom::error(status.as_u16(), reason);
    reply(*status, "application/xml;charset=utf-8", &xml)
}

fn reply(status: StatusCode, kind: &'static str, body: &str) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *reply.status_mut() = status;
    let kind = header::HeaderValue::from_static(kind);
    reply.headers_mut().insert(header::CONTENT_TYPE, kind);
    reply
}
