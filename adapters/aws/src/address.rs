//! What addresses and options of all services have in common.

use ssectl_adapter::{Error, ErrorKind, Result};

/// Words in the name of an option whose value is a secret.
pub const SECRETS: &[&str] = &["key", "secret", "token", "password", "credentials"];

/// Where secrets come from.
pub const CHAIN: &str = "credentials come from the environment (`AWS_ACCESS_KEY_ID` ...), a profile or the machine's role, \
                         as for every AWS tool";

/// Checks that the value of an option is a URL, where it is given.
///
/// # Errors
///
/// It begins neither `http://` nor `https://`: `Config`.
pub fn check_endpoint(option: &str, value: Option<&str>) -> Result<()> {
    match value {
        Some(url) if !(url.starts_with("http://") || url.starts_with("https://")) => Err(
            Error::new(ErrorKind::Config, format!("`{option}` is no URL: `{url}`"))
                .hint(format!("write `http://{url}` or `https://{url}`")),
        ),
        _ => Ok(()),
    }
}
