//! REST with JSON, by the rules of [google.api.http](https://google.aip.dev/127): the routes are those of Google's
//! `.proto` files.

mod json;
mod routes;
mod template;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::Full;
use tonic::body::Body;
use tonic::{Code, Status};

use super::call::Call;
use super::grpc;
use super::operations::find;
use json::Enums;
pub(super) use json::read;
use routes::Route;

/// Answers a request.
pub(super) async fn answer(parts: &Parts, call: Call, body: Bytes) -> Response<Body> {
    let query = parts.uri.query().unwrap_or_default();
    let query: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let enums = Enums::wanted(&query);
    let Some((route, path)) = routes::find(&parts.method, parts.uri.path()) else {
        return failure(&Status::not_found(format!(
            "there is no `{} {}` in Pub/Sub",
            parts.method,
            parts.uri.path()
        )));
    };
    match run(route, call, &path, &query, &body, enums).await {
        Ok(json) => respond(StatusCode::OK, json),
        Err(status) => failure(&status),
    }
}

async fn run(
    route: &Route,
    call: Call,
    path: &[(&str, String)],
    query: &[(impl AsRef<str>, impl AsRef<str>)],
    body: &[u8],
    enums: Enums,
) -> Result<Vec<u8>, Status> {
    let method = &route.method;
    let operation = find(method.parent_service().full_name(), method.name())
        .ok_or_else(|| Status::unimplemented(format!("this emulator has no {}", method.name())))?;
    let request = json::request(route, path, query, body)?;
    let answer = grpc::run(operation, &call, request).await?;
    json::answer(&method.output(), &answer, enums)
}

/// An error as Google's REST services have it.
pub(super) fn failure(status: &Status) -> Response<Body> {
    let http = http_status(status.code());
    respond(http, json::error(status, http.as_u16()))
}

fn respond(status: StatusCode, json: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::from(json)));
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static("application/json; charset=UTF-8");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, kind);
    response
}

/// The mapping of google/rpc/code.proto.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
            StatusCode::BAD_REQUEST
        }
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}
