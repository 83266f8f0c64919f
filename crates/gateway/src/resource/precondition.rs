//! `If-Match` and `If-None-Match`: RFC 9110, section 13.

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use headers::{ETag, HeaderMapExt, IfMatch, IfNoneMatch};

use super::item::Item;
use crate::Problem;

/// The value of `If-Match`, if there is one that makes sense.
pub(super) fn expected(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let values: Vec<&str> = texts(headers, &header::IF_MATCH)?;
    if values.is_empty() {
        return Ok(None);
    }
    let value = values.join(", ");
    parse(&value).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "`If-Match` holds no entity tags, which stand in quotes",
        )
    })?;
    Ok(Some(value))
}

fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Vec<&'a str>, Problem> {
    let values = headers.get_all(name).iter().map(|value| value.to_str());
    values
        .collect::<Result<_, _>>()
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, format!("`{name}` is no text")))
}

fn parse(value: &str) -> Option<IfMatch> {
    let mut headers = HeaderMap::new();
    headers.insert(header::IF_MATCH, value.parse().ok()?);
    headers.typed_get()
}

/// Whether a thing is one of those that a client takes it for.
pub(super) fn is_expected(item: &Item, expected: Option<&str>) -> bool {
    expected
        .is_none_or(|value| parse(value).is_some_and(|tags| tags.precondition_passes(&item.etag())))
}

/// Whether the client has it already.
pub(super) fn is_known(headers: &HeaderMap, tag: &ETag) -> bool {
    let known: Option<IfNoneMatch> = headers.typed_get();
    known.is_some_and(|known| !known.precondition_passes(tag))
}
