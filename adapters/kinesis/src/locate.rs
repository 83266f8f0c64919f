//! `kinesis:STREAM`, `kinesis://HOST:PORT/STREAM` and `kinesis:ARN`, each with `?OPTION=VALUE&...`.

use ssectl_adapter::{
    AddressOptions, Error, ErrorKind, Location, Options, Result, StreamUri, http_endpoint,
    is_loopback,
};

const OPTIONS: AddressOptions = AddressOptions {
    booleans: &["strict-order"],
    counts: &["requests", "reads-per-second"],
    secrets: ssectl_aws::SECRETS,
    harmless: &["explicit-hash-key"],
    instead: ssectl_aws::CHAIN,
};

/// Splits a URI into options and stream.
pub(crate) fn locate(uri: &StreamUri) -> Result<Location> {
    let mut options = Options::new();
    let stream = match uri.authority.as_deref() {
        None => {
            if let Some(region) = region_of(&uri.path) {
                options.insert("region".to_owned(), region.into());
            }
            uri.path.clone()
        }
        Some(name) if uri.path.is_empty() && is_stream_name(name) => name.to_owned(),
        Some(host) if host.contains('@') => {
            return Err(fault("a Kinesis address holds no user or password").hint(OPTIONS.instead));
        }
        Some("") => {
            return Err(fault(
                "a Kinesis address begins `kinesis:STREAM` or `kinesis://HOST/STREAM`",
            ));
        }
        Some(host) => {
            options.insert("endpoint".to_owned(), http_endpoint(host).into());
            uri.path.clone()
        }
    };
    OPTIONS.add(uri, &mut options)?;
    Ok(Location { options, stream })
}

/// Whether a stream is given by its Amazon Resource Name.
pub(crate) fn is_arn(stream: &str) -> bool {
    stream.starts_with("arn:") && stream.contains(":stream/")
}

/// The region of `arn:aws:kinesis:REGION:ACCOUNT:stream/NAME`.
fn region_of(stream: &str) -> Option<&str> {
    let region = stream.split(':').nth(3).filter(|_| is_arn(stream))?;
    (!region.is_empty()).then_some(region)
}

/// 1 to 128 letters, digits, `_`, `.` and `-`. Not what could be an address or `localhost`.
fn is_stream_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (1..=128).contains(&text.len()) && text.bytes().all(allowed) && !is_loopback(text)
}

fn fault(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn located(text: &str) -> (String, Value) {
        let location = text.parse().and_then(|uri| locate(&uri)).expect(text);
        (location.stream, Value::Object(location.options))
    }

    #[test]
    fn a_stream_is_named_in_many_ways() {
        let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
        for (text, stream, options) in [
            ("kinesis:orders", "orders", json!({})),
            ("kinesis://orders", "orders", json!({})),
            ("kinesis:", "", json!({})),
            (
                "kinesis:orders?region=eu-west-1&requests=2&strict-order=true&explicit-hash-key=0",
                "orders",
                json!({"region": "eu-west-1", "requests": 2, "strict-order": true, "explicit-hash-key": "0"}),
            ),
            (
                "kinesis://127.0.0.1:4566/orders",
                "orders",
                json!({"endpoint": "http://127.0.0.1:4566"}),
            ),
            (
                "kinesis://localhost:4566",
                "",
                json!({"endpoint": "http://localhost:4566"}),
            ),
            (
                "kinesis://streams.example.com/orders",
                "orders",
                json!({"endpoint": "https://streams.example.com"}),
            ),
            (
                &format!("kinesis:{arn}"),
                arn,
                json!({"region": "eu-west-1"}),
            ),
        ] {
            assert_eq!(located(text), (stream.to_owned(), options), "{text}");
        }
    }

    #[test]
    fn secrets_are_refused_and_not_repeated() {
        for text in [
            "kinesis:orders?secret-access-key=hunter2",
            "kinesis:orders?aws_session_token=hunter2",
            "kinesis://me:hunter2@streams.example.com/orders",
        ] {
            let error = text.parse().and_then(|uri| locate(&uri)).expect_err(text);
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert!(
                error
                    .hint_text()
                    .is_some_and(|hint| hint.contains("profile"))
            );
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in [
            "kinesis:///orders",
            "kinesis:a?region=x&region=y",
            "kinesis://localhost:1/a?endpoint=http://other",
        ] {
            let error = text.parse().and_then(|uri| locate(&uri)).expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        }
    }
}
