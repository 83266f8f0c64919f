//! Lists that come page by page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::aws::AwsError;
use crate::sqs::error::{invalid, invalid_value};

/// The greatest page, and the page of those who ask for none.
const LIMIT: usize = 1000;

/// One page of names, which are sorted, and the token of the next one. A token is given to those alone who ask for pages.
pub(super) fn page(
    mut names: Vec<String>,
    max_results: Option<i64>,
    next_token: Option<&str>,
) -> Result<(Vec<String>, Option<String>), AwsError> {
    let limit = match max_results {
        None => LIMIT,
        Some(asked) => usize::try_from(asked)
            .ok()
            .filter(|asked| (1..=LIMIT).contains(asked))
            .ok_or_else(|| {
                invalid_value(asked, "MaxResults", "Must be an integer from 1 to 1000.")
            })?,
    };
    if let Some(token) = next_token {
        let last = URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let last = last.ok_or_else(|| invalid("Invalid or expired next token."))?;
        names.retain(|name| *name > last);
    }
    let is_last = names.len() <= limit;
    names.truncate(limit);
    let last = names.last().filter(|_| !is_last && max_results.is_some());
    let token = last.map(|last| URL_SAFE_NO_PAD.encode(last));
    Ok((names, token))
}
