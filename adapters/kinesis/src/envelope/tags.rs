//! Headers as tags: in their order, each as often as it is there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::{BASE64, HEADER, PREFIX};
use crate::aggregate::Tag;

/// The tag of a header. Tags are text, and so are most headers.
pub(super) fn of((name, value): &(String, Option<Bytes>)) -> Tag {
    let text = value.as_deref().map(std::str::from_utf8);
    match text.transpose() {
        Err(_) => Tag {
            key: format!("{BASE64}{name}"),
            value: value.as_ref().map(|bytes| STANDARD.encode(bytes)),
        },
        Ok(text) => Tag {
            key: match name.starts_with(PREFIX) {
                true => format!("{HEADER}{name}"),
                false => name.clone(),
            },
            value: text.map(str::to_owned),
        },
    }
}

/// The header of a tag; `None` when it is damaged.
pub(super) fn header(tag: Tag) -> Option<(String, Option<Bytes>)> {
    if let Some(name) = tag.key.strip_prefix(BASE64) {
        let bytes = STANDARD.decode(tag.value?).ok()?;
        return Some((name.to_owned(), Some(bytes.into())));
    }
    let name = match tag.key.strip_prefix(HEADER) {
        Some(name) => name.to_owned(),
        None if tag.key.starts_with(PREFIX) => return None,
        None => tag.key,
    };
    Some((name, tag.value.map(Bytes::from)))
}
