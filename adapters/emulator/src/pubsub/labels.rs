//! Labels of resources.

use std::collections::BTreeMap;

use tonic::Status;

use super::error::invalid;

/// Labels of a resource, at most.
const MOST: usize = 64;

/// Characters of a key or a value, at most.
const LONGEST: usize = 63;

/// Checks labels by the rules of Google Cloud: small letters, digits, `_` and `-`, keys begin with a letter.
///
/// # Errors
/// There are too many, or one does not follow the rules.
pub(super) fn check(labels: &BTreeMap<String, String>) -> Result<(), Status> {
    if labels.len() > MOST {
        return Err(invalid(format!(
            "A resource can have at most {MOST} labels."
        )));
    }
    let is_allowed = |c: char| {
        c.is_lowercase()
            || c.is_numeric()
            || matches!(c, '_' | '-')
            || c.is_alphabetic() && !c.is_uppercase()
    };
    let is_text = |text: &str| text.chars().count() <= LONGEST && text.chars().all(is_allowed);
    for (key, value) in labels {
        let begins = key.starts_with(|c: char| c.is_alphabetic());
        if !begins || !is_text(key) || !is_text(value) {
            return Err(invalid(format!(
                "Invalid label (key={key}, value={value}): keys and values have at most {LONGEST} small letters, digits, \
                 underscores and dashes, and keys begin with a letter."
            )));
        }
    }
    Ok(())
}
