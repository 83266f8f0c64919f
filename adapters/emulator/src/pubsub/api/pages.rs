//! Lists in pages.

use tonic::Status;

use crate::pubsub::error::{invalid, out_of_bounds};

/// Entries of a page when the request does not say, and at most.
const PAGE: usize = 1000;

/// One page of entries that come in the order of their names, and the token for the next one, or nothing.
///
/// # Errors
/// The size or the token is none.
pub(super) fn page<T>(
    entries: impl Iterator<Item = (String, T)>,
    size: i32,
    token: &str,
) -> Result<(Vec<T>, String), Status> {
    let size = match usize::try_from(size) {
        Ok(0) => PAGE,
        Ok(size) => size.min(PAGE),
        Err(_) => return Err(out_of_bounds("page_size", size.into(), 0, PAGE as i64)),
    };
    let after = match token {
        "" => None,
        token => Some(
            token
                .strip_prefix("after:")
                .ok_or_else(|| invalid("Invalid page token."))?,
        ),
    };
    let is_left = |name: &str| after.is_none_or(|after| name > after);
    let mut left = entries.filter(|(name, _)| is_left(name)).peekable();
    let (mut found, mut last) = (Vec::new(), String::new());
    while found.len() < size
        && let Some((name, entry)) = left.next()
    {
        found.push(entry);
        last = name;
    }
    let next = left
        .peek()
        .map_or_else(String::new, |_| format!("after:{last}"));
    Ok((found, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let all = || (1..=5).map(|number| (format!("n{number}"), number));
        let (first, token) = page(all(), 2, "").unwrap();
        let (second, token) = page(all(), 2, &token).unwrap();
        let (third, last) = page(all(), 2, &token).unwrap();
        assert_eq!([first, second, third].concat(), [1, 2, 3, 4, 5]);
        assert_eq!(last, "");
        assert!(page(all(), -1, "").is_err() && page(all(), 1, "x").is_err());
    }
}
