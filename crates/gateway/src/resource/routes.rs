//! The paths of resources.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use bytes::Bytes;
use headers::HeaderMapExt;

use super::check::{Extent, fit, parse, why_not};
use super::command::Act;
use super::declaration::{Resource, Setter};
use super::item::{Item, ItemKey};
use super::openapi::openapi;
use super::page::{Page, escaped, item_key};
use super::precondition::{expected, is_known};
use super::state::Outcome;
use super::store::Resources;
use crate::Problem;

/// Longest body, in bytes.
const LONGEST: usize = 64 * 1024;

/// What a route works on.
#[derive(Clone)]
struct Served {
    resources: Arc<Resources>,
    resource: Arc<Resource>,
}

type Answer = Result<Response, Problem>;
type Body = Result<Bytes, BytesRejection>;
type Keyed = Result<Path<String>, PathRejection>;
type Queried = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// `/NAME`, `/NAME/{key}` and the setters of every resource, and `/openapi.json`.
pub fn router(declared: &[Resource], resources: &Arc<Resources>) -> Router {
    let document: Bytes = openapi(declared).to_string().into();
    let mut router = Router::new().route(
        "/openapi.json",
        get(move || async move { json(StatusCode::OK, document) }),
    );
    for resource in declared {
        let served = Served {
            resources: Arc::clone(resources),
            resource: Arc::new(resource.clone()),
        };
        router = router.merge(of_one(served));
    }
    router
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            let detail = "this path does not know the method; see the header `Allow`";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
        })
        .layer(DefaultBodyLimit::max(LONGEST))
}

fn of_one(served: Served) -> Router {
    let name = &served.resource.name;
    let item = get(read).put(replace).patch(merge).delete(remove);
    let mut router = Router::new()
        .route(&format!("/{name}"), get(list).post(create))
        .route(&format!("/{name}/{{key}}"), item);
    for setter in &served.resource.setters {
        let (path, setter) = (format!("/{name}/{{key}}/{}", setter.path), setter.clone());
        let set = move |served, key, headers, body| set(served, key, headers, body, setter);
        router = router.route(&path, put(set));
    }
    router.with_state(served)
}

async fn list(State(served): State<Served>, query: Queried) -> Answer {
    let Query(query) = query.map_err(refused)?;
    let page = Page::of(&served.resource, &query)?;
    let (text, next) = {
        let state = served.resources.read();
        let collection = state.collection(&served.resource.name);
        collection
            .map(|collection| page.read(collection))
            .ok_or_else(missing)?
    };
    let mut response = json(StatusCode::OK, text.into());
    if let Some(next) = next
        && let Ok(link) = HeaderValue::try_from(format!("<{next}>; rel=\"next\""))
    {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

async fn create(State(served): State<Served>, headers: HeaderMap, body: Body) -> Answer {
    let body = json_body(&headers, body)?;
    let fitting = fit(&served.resource, &body, Extent::Create, None)?;
    let act = Act::Create {
        key: fitting.key,
        fields: fitting.fields,
    };
    served.submit(act).await
}

async fn read(State(served): State<Served>, key: Keyed, headers: HeaderMap) -> Answer {
    let key = served.key(key)?;
    let item = {
        let state = served.resources.read();
        let collection = state.collection(&served.resource.name);
        collection
            .and_then(|collection| collection.items.get(&key))
            .cloned()
    };
    let item = item.ok_or_else(missing)?;
    let mut response = match is_known(&headers, &item.etag()) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => json(StatusCode::OK, item.text.clone()),
    };
    response.headers_mut().typed_insert(item.etag());
    Ok(response)
}

async fn replace(
    State(served): State<Served>,
    key: Keyed,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    served.merge(key, &headers, body, Extent::Replace).await
}

async fn merge(State(served): State<Served>, key: Keyed, headers: HeaderMap, body: Body) -> Answer {
    served.merge(key, &headers, body, Extent::Merge).await
}

async fn remove(State(served): State<Served>, key: Keyed, headers: HeaderMap) -> Answer {
    let act = Act::Delete {
        key: served.key(key)?,
        expected: expected(&headers)?,
    };
    served.submit(act).await
}

/// Sets one field. The body is its value, or an object with it as the only member.
async fn set(
    State(served): State<Served>,
    key: Keyed,
    headers: HeaderMap,
    body: Body,
    setter: Setter,
) -> Answer {
    let key = served.key(key)?;
    let mut value = parse(&json_body(&headers, body)?)?;
    if let Some(members) = value.as_object_mut()
        && members.len() == 1
        && let Some(member) = members.remove(&setter.field)
    {
        value = member;
    }
    let field = served.resource.field(&setter.field).ok_or_else(missing)?;
    if let Some(detail) = why_not(field, &value) {
        let pointer = String::new();
        let violation = crate::problem::Violation { pointer, detail };
        return Err(Problem::invalid(vec![violation]));
    }
    let act = Act::Merge {
        key,
        fields: [(setter.field, value)].into_iter().collect(),
        whole: false,
        expected: expected(&headers)?,
    };
    served.submit(act).await
}

impl Served {
    fn key(&self, key: Keyed) -> Result<ItemKey, Problem> {
        let Path(text) = key.map_err(refused)?;
        item_key(&self.resource, &text).ok_or_else(missing)
    }

    async fn merge(&self, key: Keyed, headers: &HeaderMap, body: Body, extent: Extent) -> Answer {
        let key = self.key(key)?;
        let body = json_body(headers, body)?;
        let fitting = fit(&self.resource, &body, extent, Some(&key))?;
        let act = Act::Merge {
            key,
            fields: fitting.fields,
            whole: extent == Extent::Replace,
            expected: expected(headers)?,
        };
        self.submit(act).await
    }

    async fn submit(&self, act: Act) -> Answer {
        let outcome = self.resources.submit(&self.resource.name, act).await;
        let outcome = outcome.map_err(|error| {
            let detail = format!("the change may or may not have been made: {error}");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        })?;
        match outcome {
            Outcome::Created(key, item) => Ok(self.created(&key, &item)),
            Outcome::Changed(item) => Ok(shown(StatusCode::OK, &item)),
            Outcome::Deleted => Ok(StatusCode::NO_CONTENT.into_response()),
            Outcome::Missing => Err(missing()),
            Outcome::Exists => Err(Problem::new(
                StatusCode::CONFLICT,
                format!(
                    "there is one with this `{}` already",
                    self.resource.key.name
                ),
            )),
            Outcome::Unexpected => Err(Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "it has changed; read it again, and send its `ETag` as `If-Match`",
            )),
        }
    }

    fn created(&self, key: &ItemKey, item: &Item) -> Response {
        let mut response = shown(StatusCode::CREATED, item);
        let path = format!("/{}/{}", self.resource.name, escaped(&key.to_string()));
        if let Ok(path) = HeaderValue::try_from(path) {
            response.headers_mut().insert(header::LOCATION, path);
        }
        response
    }
}

fn shown(status: StatusCode, item: &Item) -> Response {
    let mut response = json(status, item.text.clone());
    response.headers_mut().typed_insert(item.etag());
    response
}

fn json(status: StatusCode, text: Bytes) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}

/// A body that says it is JSON.
fn json_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    let kind = kind.to_ascii_lowercase();
    if kind != "application/json" && kind != "application/merge-patch+json" {
        let detail = "send `Content-Type: application/json`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    body.map_err(|rejection| {
        Problem::new(
            rejection.status(),
            format!("{} (at most {LONGEST} bytes)", rejection.body_text()),
        )
    })
}

fn refused(rejection: impl std::fmt::Display) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, rejection.to_string())
}

fn missing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing with this key")
}
