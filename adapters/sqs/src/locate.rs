//! `sqs:QUEUE`, `sqs://HOST:PORT/QUEUE`, `sqs://ACCOUNT/QUEUE` and `sqs:QUEUE-URL`, each with
//! `?OPTION=VALUE&...`.

use ssectl_adapter::{
    AddressOptions, Error, ErrorKind, Location, Options, Result, StreamUri, http_endpoint,
};

const OPTIONS: AddressOptions = AddressOptions {
    booleans: &["consume", "fifo"],
    counts: &["requests"],
    secrets: ssectl_aws::SECRETS,
    harmless: &[],
    instead: ssectl_aws::CHAIN,
};

/// Splits a URI into options and queue.
pub(crate) fn locate(uri: &StreamUri) -> Result<Location> {
    let mut options = Options::new();
    let stream = match uri.authority.as_deref() {
        None if is_url(&uri.path) => queue_url(&uri.path, &mut options)?,
        None => uri.path.clone(),
        Some(name) if uri.path.is_empty() && is_queue_name(name) => name.to_owned(),
        Some(account) if is_account(account) => {
            options.insert("account".to_owned(), account.into());
            uri.path.clone()
        }
        Some(host) if host.contains('@') => {
            return Err(fault("an SQS address holds no user or password").hint(OPTIONS.instead));
        }
        Some("") => {
            return Err(fault(
                "an SQS address begins `sqs:QUEUE` or `sqs://HOST/QUEUE`",
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

/// Whether a stream is given by the URL that AWS prints for it.
pub(crate) fn is_url(stream: &str) -> bool {
    stream.starts_with("https://") || stream.starts_with("http://")
}

/// Takes `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME` apart; another host is an endpoint.
fn queue_url(url: &str, options: &mut Options) -> Result<String> {
    let parts = url
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.split_once('/')?)))
        .and_then(|(scheme, (host, path))| Some((scheme, host, path.rsplit_once('/')?)));
    let Some((scheme, host, (account, name))) = parts.filter(|(.., (_, name))| !name.is_empty())
    else {
        return Err(fault(format!("`{url}` is no queue URL"))
            .hint("a queue URL ends with `/ACCOUNT/QUEUE`"));
    };
    match region(host) {
        Some(region) => options.insert("region".to_owned(), region.into()),
        None => options.insert("endpoint".to_owned(), format!("{scheme}://{host}").into()),
    };
    let account = account.rsplit('/').next().unwrap_or(account);
    if is_account(account) {
        options.insert("account".to_owned(), account.into());
    }
    Ok(name.to_owned())
}

/// The region in the name of one of Amazon's hosts.
fn region(host: &str) -> Option<&str> {
    let (region, domain) = host.strip_prefix("sqs.")?.split_once('.')?;
    matches!(domain, "amazonaws.com" | "amazonaws.com.cn").then_some(region)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// 1 to 80 letters, digits, `-` and `_`, and perhaps `.fifo`.
fn is_queue_name(text: &str) -> bool {
    let stem = text.strip_suffix(".fifo").unwrap_or(text);
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=80).contains(&text.len()) && !stem.is_empty() && stem.bytes().all(allowed)
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
    fn a_queue_is_named_in_many_ways() {
        for (text, stream, options) in [
            ("sqs:orders", "orders", json!({})),
            ("sqs://orders", "orders", json!({})),
            ("sqs://orders.fifo", "orders.fifo", json!({})),
            ("sqs:", "", json!({})),
            (
                "sqs:orders?region=eu-west-1&consume=true&requests=2",
                "orders",
                json!({"region": "eu-west-1", "consume": true, "requests": 2}),
            ),
            (
                "sqs://127.0.0.1:9324/orders",
                "orders",
                json!({"endpoint": "http://127.0.0.1:9324"}),
            ),
            (
                "sqs://localhost:9324",
                "",
                json!({"endpoint": "http://localhost:9324"}),
            ),
            (
                "sqs://queues.example.com/orders",
                "orders",
                json!({"endpoint": "https://queues.example.com"}),
            ),
            (
                "sqs://123456789012/orders",
                "orders",
                json!({"account": "123456789012"}),
            ),
            (
                "sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo",
                "orders.fifo",
                json!({"region": "eu-west-1", "account": "123456789012"}),
            ),
            (
                "sqs:http://127.0.0.1:9324/queue/orders",
                "orders",
                json!({"endpoint": "http://127.0.0.1:9324"}),
            ),
        ] {
            assert_eq!(located(text), (stream.to_owned(), options), "{text}");
        }
    }

    #[test]
    fn secrets_are_refused_and_not_repeated() {
        for text in [
            "sqs:orders?secret-access-key=hunter2",
            "sqs:orders?aws_session_token=hunter2",
            "sqs://me:hunter2@queues.example.com/orders",
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
            "sqs:///orders",
            "sqs:https://sqs.eu-west-1.amazonaws.com/",
            "sqs:a?region=x&region=y",
            "sqs://localhost:1/a?endpoint=http://other",
        ] {
            let error = text.parse().and_then(|uri| locate(&uri)).expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        }
    }
}
