//! Stream addresses: `kafka://host:port/topic?option=value`, `file:path`, `-`.

use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind, Result};

/// The parts of a stream address, percent-decoded where a URI would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamUri {
    /// Adapter or target name; `stdio` for `-`.
    pub scheme: String,
    /// What stands between `//` and the next `/`: hosts, a project, a namespace.
    pub authority: Option<String>,
    /// The stream: a topic, a path. Without the slash that ends the authority.
    pub path: String,
    /// `name=value` pairs after `?`, in order. `file:` paths have none: there `?` is a character.
    pub query: Vec<(String, String)>,
}

impl FromStr for StreamUri {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "-" {
            return Ok(Self::plain("stdio", "-"));
        }
        let (scheme, rest) = text.split_once(':').ok_or_else(|| {
            let file = if text.is_empty() { "PATH" } else { text };
            Error::new(ErrorKind::Config, format!("`{text}` is no stream address")).hint(format!(
                "write `file:{file}`, `kafka://host:port/topic`, `TARGET:STREAM` or `-`"
            ))
        })?;
        if scheme.is_empty()
            || !scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.+".contains(&b))
        {
            return Err(no_scheme(scheme, text));
        }
        if scheme == "file" {
            return Ok(Self::plain(scheme, rest.strip_prefix("//").unwrap_or(rest)));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
                (Some(decode(authority)?), path)
            }
            None => (None, rest),
        };
        Ok(Self {
            scheme: scheme.to_owned(),
            authority,
            path: decode(path)?,
            query: pairs(query)?,
        })
    }
}

/// What stands before the colon is no name. A connection string, which holds secrets, is not repeated.
fn no_scheme(scheme: &str, text: &str) -> Error {
    if scheme.contains('=') {
        let message = "an address begins with the name of an adapter or target, not with a setting";
        return Error::new(ErrorKind::Config, message)
            .hint("a connection string comes from the environment or a file, never in an address");
    }
    Error::new(
        ErrorKind::Config,
        format!("`{scheme}` in `{text}` is no adapter or target name"),
    )
}

impl StreamUri {
    /// The address of a file, whatever characters its path has.
    pub fn file(path: impl AsRef<str>) -> Self {
        Self::plain("file", path.as_ref())
    }

    fn plain(scheme: &str, path: &str) -> Self {
        Self {
            scheme: scheme.to_owned(),
            authority: None,
            path: path.to_owned(),
            query: Vec::new(),
        }
    }
}

impl fmt::Display for StreamUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scheme == "stdio" {
            return f.write_str("-");
        }
        write!(f, "{}:", self.scheme)?;
        if let Some(authority) = &self.authority {
            write!(f, "//{authority}/")?;
        }
        f.write_str(&self.path)
    }
}

fn pairs(query: &str) -> Result<Vec<(String, String)>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                Error::new(
                    ErrorKind::Config,
                    format!("`{pair}` after `?` is not `name=value`"),
                )
            })?;
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Percent-decoding of RFC 3986 section 2.1; `+` stays `+`.
fn decode(text: &str) -> Result<String> {
    let bad = || Error::new(ErrorKind::Config, format!("bad percent escape in `{text}`"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let hex = tail
                .get(..2)
                .and_then(|h| std::str::from_utf8(h).ok())
                .ok_or_else(bad)?;
            bytes.push(u8::from_str_radix(hex, 16).map_err(|_| bad())?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> StreamUri {
        text.parse().expect("a valid address")
    }

    #[test]
    fn splits_broker_addresses() {
        let uri = parse("kafka://a:9092,b:9092/my%20topic?group=g&acks=all");
        assert_eq!(uri.authority.as_deref(), Some("a:9092,b:9092"));
        assert_eq!(uri.path, "my topic");
        assert_eq!(uri.query[0], ("group".into(), "g".into()));
        assert_eq!(uri.to_string(), "kafka://a:9092,b:9092/my topic");
    }

    #[test]
    fn keeps_file_paths_as_they_are() {
        assert_eq!(parse("file:a/b?c=%20.json").path, "a/b?c=%20.json");
        assert_eq!(parse("file:///tmp/x").path, "/tmp/x");
        assert_eq!(parse("-").scheme, "stdio");
    }

    #[test]
    fn names_a_stream_of_a_target() {
        let uri = parse("confluent:orders");
        assert_eq!(
            (uri.scheme.as_str(), uri.path.as_str()),
            ("confluent", "orders")
        );
        assert_eq!(uri.authority, None);
    }

    #[test]
    fn says_how_to_write_an_address() {
        let error = "data.json".parse::<StreamUri>().expect_err("no scheme");
        assert!(
            error
                .hint_text()
                .is_some_and(|hint| hint.contains("file:data.json"))
        );
        let secret = "Endpoint=sb://h/;SharedAccessKey=hunter2;EntityPath=t";
        let error = secret.parse::<StreamUri>().expect_err("a setting");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(error.hint_text().is_some_and(|hint| hint.contains("file")));
        assert!("kafka://h/t?x".parse::<StreamUri>().is_err());
        assert!("kafka://h/%zz".parse::<StreamUri>().is_err());
    }
}
