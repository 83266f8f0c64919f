//! A part of a list: `?limit=`, `?after=` and fields to filter by.

use std::ops::Bound::{Excluded, Unbounded};

use axum::http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::check::{text_key, why_not};
use super::declaration::{Field, FieldKind, KeyKind, Resource};
use super::item::{Item, ItemKey};
use super::state::Collection;
use crate::Problem;

/// Things on a page without `limit`, and the most there can be.
pub(super) const LIMITS: (usize, usize) = (50, 1000);

/// What stands in a path or query as it is: RFC 3986, 2.3.
const OTHERS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Which part of a list is wanted.
#[derive(Debug)]
pub(super) struct Page {
    limit: usize,
    after: Option<ItemKey>,
    /// Fields, and what they must be.
    filters: Vec<(String, Value)>,
}

impl Page {
    /// Reads the query of a request.
    pub(super) fn of(resource: &Resource, query: &[(String, String)]) -> Result<Self, Problem> {
        let mut page = Self {
            limit: LIMITS.0,
            after: None,
            filters: Vec::new(),
        };
        for (at, (name, text)) in query.iter().enumerate() {
            if query[..at].iter().any(|(before, _)| before == name) {
                return Err(wrong(format!("there are two `{name}`")));
            }
            page.take(resource, name, text)?;
        }
        Ok(page)
    }

    fn take(&mut self, resource: &Resource, name: &str, text: &str) -> Result<(), Problem> {
        match (name, resource.field(name)) {
            ("limit", _) => {
                let limit = text
                    .parse()
                    .ok()
                    .filter(|limit| (1..=LIMITS.1).contains(limit));
                self.limit = limit.ok_or_else(|| {
                    wrong(format!("`limit` must be a number from 1 to {}", LIMITS.1))
                })?;
            }
            ("after", _) => {
                let key = item_key(resource, text);
                self.after = Some(key.ok_or_else(|| wrong("`after` is no key".to_owned()))?);
            }
            (_, Some(field)) => {
                let value = value(field, text);
                let fits = value.filter(|value| why_not(field, value).is_none());
                let fits = fits.ok_or_else(|| wrong(format!("no `{name}` can be {text:?}")))?;
                self.filters.push((name.to_owned(), fits));
            }
            (_, None) => {
                let known: Vec<&str> = resource.fields.iter().map(|field| &*field.name).collect();
                let known = known.join("`, `");
                let detail = format!(
                    "there is no parameter `{name}`; there are `limit`, `after`, `{known}`"
                );
                return Err(wrong(detail));
            }
        }
        Ok(())
    }

    /// The things of the page as JSON, and the path and query of the next page.
    pub(super) fn read(&self, collection: &Collection) -> (Vec<u8>, Option<String>) {
        let start = self.after.as_ref().map_or(Unbounded, Excluded);
        let behind = collection.items.range((start, Unbounded));
        let mut found = behind.filter(|(_, item)| self.wants(item));
        let (mut text, mut last) = (b"{\"items\":[".to_vec(), None);
        for (key, item) in found.by_ref().take(self.limit) {
            if last.is_some() {
                text.push(b',');
            }
            text.extend_from_slice(&item.text);
            last = Some(key);
        }
        let next = last
            .filter(|_| found.next().is_some())
            .map(|key| self.link(collection, key));
        let link = next.as_deref().map_or(Value::Null, Value::from);
        text.extend_from_slice(format!("],\"next\":{link}}}").as_bytes());
        (text, next)
    }

    fn wants(&self, item: &Item) -> bool {
        let mut filters = self.filters.iter();
        filters.all(|(name, value)| item.fields.get(name) == Some(value))
    }

    fn link(&self, collection: &Collection, after: &ItemKey) -> String {
        let after = escaped(&after.to_string());
        let mut link = format!(
            "/{}?limit={}&after={after}",
            collection.resource.name, self.limit
        );
        for (name, value) in &self.filters {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            link.push_str(&format!("&{}={}", escaped(name), escaped(&text)));
        }
        link
    }
}

/// A text as a part of a path or query.
pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, OTHERS).to_string()
}

/// The key that a text in a path or query means.
pub(super) fn item_key(resource: &Resource, text: &str) -> Option<ItemKey> {
    match resource.key.kind {
        KeyKind::Serial => text.parse().ok().map(ItemKey::Number),
        KeyKind::Text { .. } => text_key(resource, text),
    }
}

fn value(field: &Field, text: &str) -> Option<Value> {
    match field.kind {
        FieldKind::Text { .. } => Some(text.into()),
        _ => serde_json::from_str(text).ok(),
    }
}

fn wrong(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}
