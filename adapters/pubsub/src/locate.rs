//! `pubsub:TOPIC`, `pubsub://PROJECT/TOPIC`, `pubsub://HOST:PORT/TOPIC` and `pubsub:projects/P/topics/T`, each with
//! `?OPTION=VALUE&...`.

use serde_json::Value;
use ssectl_adapter::{Error, ErrorKind, Location, Options, Result, StreamUri};

use crate::names;

/// Options whose value is a word that must be read as what it says.
const BOOLEANS: &[&str] = &["ordering", "exactly-once", "data-only"];
/// Options whose value is a count.
const COUNTS: &[&str] = &["outstanding", "in-flight", "dead-letter-attempts"];
/// What must not stand where shells and process lists show it.
const SECRETS: &[&str] = &["secret", "token", "password", "credentials"];

const CHAIN: &str = "credentials come from `GOOGLE_APPLICATION_CREDENTIALS`, `gcloud auth application-default login` or the \
                     machine's service account, as for every Google client";

/// Splits a URI into options and topic.
pub(crate) fn locate(uri: &StreamUri) -> Result<Location> {
    let mut options = Options::new();
    let stream = match uri.authority.as_deref() {
        None => uri.path.clone(),
        Some(host) if host.contains('@') => {
            return Err(fault("a Pub/Sub address holds no user or password").hint(CHAIN));
        }
        Some("") => {
            return Err(fault(
                "a Pub/Sub address begins `pubsub:TOPIC` or `pubsub://PROJECT/TOPIC`",
            ));
        }
        Some(topic) if uri.path.is_empty() && !is_host(topic) => topic.to_owned(),
        Some(project) if names::is_project(project) && !is_host(project) => {
            options.insert("project".to_owned(), project.into());
            uri.path.clone()
        }
        Some(host) => {
            options.insert("endpoint".to_owned(), endpoint(host).into());
            uri.path.clone()
        }
    };
    for (name, value) in &uri.query {
        insert(&mut options, name, value)?;
    }
    Ok(Location { options, stream })
}

/// Whether it can only be a host: it has a port, or is this machine.
fn is_host(text: &str) -> bool {
    let port = text.rsplit_once(':').map(|(_, port)| port);
    port.is_some_and(|port| port.parse::<u16>().is_ok()) || is_loopback(text)
}

/// A service on this machine is asked without TLS.
fn endpoint(host: &str) -> String {
    let scheme = if is_loopback(host) { "http" } else { "https" };
    format!("{scheme}://{host}")
}

/// Whether a host, with or without a port, is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    let ip = name.parse::<std::net::IpAddr>();
    name == "localhost" || name.ends_with(".localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

fn insert(options: &mut Options, name: &str, value: &str) -> Result<()> {
    let mut words = name.split(['-', '_', '.']);
    if words.any(|word| SECRETS.contains(&word.to_ascii_lowercase().as_str())) {
        return Err(fault(format!("`{name}` does not belong in an address")).hint(CHAIN));
    }
    if options.contains_key(name) {
        return Err(fault(format!("`{name}` is given twice")));
    }
    options.insert(name.to_owned(), read(name, value));
    Ok(())
}

fn read(name: &str, value: &str) -> Value {
    let plain = || Value::from(value);
    if BOOLEANS.contains(&name) {
        value.parse::<bool>().map_or_else(|_| plain(), Value::from)
    } else if COUNTS.contains(&name) {
        value.parse::<u64>().map_or_else(|_| plain(), Value::from)
    } else {
        plain()
    }
}

fn fault(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn located(text: &str) -> (String, Value) {
        let location = text.parse().and_then(|uri| locate(&uri)).expect(text);
        (location.stream, Value::Object(location.options))
    }

    #[test]
    fn a_topic_is_named_in_many_ways() {
        for (text, stream, options) in [
            ("pubsub:orders", "orders", json!({})),
            ("pubsub://orders", "orders", json!({})),
            (
                "pubsub://my-project/orders",
                "orders",
                json!({"project": "my-project"}),
            ),
            (
                "pubsub:projects/my-project/topics/orders",
                "projects/my-project/topics/orders",
                json!({}),
            ),
            (
                "pubsub:orders?ordering=true&outstanding=50&ack-deadline=20s",
                "orders",
                json!({"ordering": true, "outstanding": 50, "ack-deadline": "20s"}),
            ),
            (
                "pubsub://localhost:8085/orders",
                "orders",
                json!({"endpoint": "http://localhost:8085"}),
            ),
            (
                "pubsub://localhost:8085",
                "",
                json!({"endpoint": "http://localhost:8085"}),
            ),
            (
                "pubsub://pubsub.example.com/orders",
                "orders",
                json!({"endpoint": "https://pubsub.example.com"}),
            ),
        ] {
            assert_eq!(located(text), (stream.to_owned(), options), "{text}");
        }
    }

    #[test]
    fn secrets_are_refused_and_not_repeated() {
        for text in [
            "pubsub:orders?access-token=hunter2",
            "pubsub:orders?credentials_file=hunter2",
            "pubsub://me:hunter2@pubsub.example.com/orders",
        ] {
            let error = text.parse().and_then(|uri| locate(&uri)).expect_err(text);
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert!(
                error
                    .hint_text()
                    .is_some_and(|hint| hint.contains("gcloud"))
            );
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in ["pubsub:///orders", "pubsub:a?project=x&project=y"] {
            let error = text.parse().and_then(|uri| locate(&uri)).expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        }
    }
}
