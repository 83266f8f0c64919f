//! `pubsub:TOPIC`, `pubsub://PROJECT/TOPIC`, `pubsub://HOST:PORT/TOPIC` and `pubsub:projects/P/topics/T`, each with
//! `?OPTION=VALUE&...`.

use ssectl_adapter::{
    AddressOptions, Error, ErrorKind, Location, Options, Result, StreamUri, http_endpoint,
    is_loopback,
};

use crate::names;

const OPTIONS: AddressOptions = AddressOptions {
    booleans: &["ordering", "exactly-once", "data-only"],
    counts: &["outstanding", "in-flight", "dead-letter-attempts"],
    secrets: &["secret", "token", "password", "credentials"],
    harmless: &[],
    instead: "credentials come from `GOOGLE_APPLICATION_CREDENTIALS`, `gcloud auth application-default login` or the \
              machine's service account, as for every Google client",
};

/// Splits a URI into options and topic.
pub(crate) fn locate(uri: &StreamUri) -> Result<Location> {
    let mut options = Options::new();
    let stream = match uri.authority.as_deref() {
        None => uri.path.clone(),
        Some(host) if host.contains('@') => {
            return Err(fault("a Pub/Sub address holds no user or password").hint(OPTIONS.instead));
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
            options.insert("endpoint".to_owned(), http_endpoint(host).into());
            uri.path.clone()
        }
    };
    OPTIONS.add(uri, &mut options)?;
    Ok(Location { options, stream })
}

/// Whether it can only be a host: it has a port, or is this machine.
fn is_host(text: &str) -> bool {
    let port = text.rsplit_once(':').map(|(_, port)| port);
    port.is_some_and(|port| port.parse::<u16>().is_ok()) || is_loopback(text)
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
