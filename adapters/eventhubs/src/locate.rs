//! `eventhubs:HUB`, `eventhubs://NAMESPACE/HUB` and `eventhubs://HOST:PORT/HUB`, each with
//! `?OPTION=VALUE&...`.

use ssectl_adapter::{
    AddressOptions, Error, ErrorKind, Location, Options, Result, StreamUri, is_loopback,
};

const OPTIONS: AddressOptions = AddressOptions {
    booleans: &[],
    counts: &["owner-level", "prefetch"],
    secrets: &[
        "connection",
        "key",
        "secret",
        "token",
        "password",
        "signature",
        "sas",
    ],
    // These say where the secret is.
    harmless: &["connection-string-env", "connection-string-file"],
    instead: "a connection string comes from `EVENTHUBS_CONNECTION_STRING`, from another variable \
              (`connection-string-env`) or a file (`connection-string-file`)",
};

/// Splits a URI into options and hub.
pub(crate) fn locate(uri: &StreamUri) -> Result<Location> {
    let mut options = Options::new();
    let stream = match uri.authority.as_deref() {
        None => uri.path.clone(),
        Some(name) if uri.path.is_empty() && !name.contains(['.', ':', '@']) => name.to_owned(),
        Some(host) if host.contains('@') => {
            return Err(
                fault("an Event Hubs address holds no user or password").hint(OPTIONS.instead)
            );
        }
        Some("") => {
            return Err(fault(
                "an Event Hubs address begins `eventhubs:HUB` or `eventhubs://NAMESPACE/HUB`",
            ));
        }
        Some(host) => {
            place(host, &mut options);
            uri.path.trim_end_matches('/').to_owned()
        }
    };
    OPTIONS.add(uri, &mut options)?;
    Ok(Location { options, stream })
}

/// A port or this machine is an endpoint; anything else is a namespace.
fn place(host: &str, options: &mut Options) {
    let (name, value) = if is_loopback(host) {
        ("endpoint", format!("amqp://{host}"))
    } else if host.contains(':') {
        ("endpoint", format!("amqps://{host}"))
    } else {
        ("namespace", host.to_owned())
    };
    options.insert(name.to_owned(), value.into());
}

fn fault(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_hub_is_named_in_many_ways() {
        for (text, stream, options) in [
            ("eventhubs:orders", "orders", json!({})),
            ("eventhubs://orders", "orders", json!({})),
            (
                "eventhubs://shop.servicebus.windows.net/orders?prefetch=10",
                "orders",
                json!({"namespace": "shop.servicebus.windows.net", "prefetch": 10}),
            ),
            (
                "eventhubs://shop/orders",
                "orders",
                json!({"namespace": "shop"}),
            ),
            (
                "eventhubs://127.0.0.1:5672/orders",
                "orders",
                json!({"endpoint": "amqp://127.0.0.1:5672"}),
            ),
            ("eventhubs://localhost", "localhost", json!({})),
            (
                "eventhubs://localhost:5672",
                "",
                json!({"endpoint": "amqp://localhost:5672"}),
            ),
            (
                "eventhubs://proxy.example:5671/orders?consumer-group=a",
                "orders",
                json!({"endpoint": "amqps://proxy.example:5671", "consumer-group": "a"}),
            ),
            (
                "eventhubs:orders?connection-string-env=OTHER",
                "orders",
                json!({"connection-string-env": "OTHER"}),
            ),
        ] {
            let location = text.parse().and_then(|uri| locate(&uri)).expect(text);
            assert_eq!(location.stream, stream, "{text}");
            assert_eq!(Value::Object(location.options), options, "{text}");
        }
    }

    #[test]
    fn secrets_are_refused_and_not_repeated() {
        for text in [
            "eventhubs:orders?connection-string=hunter2",
            "eventhubs:orders?shared-access-key=hunter2",
            "eventhubs://me:hunter2@shop.servicebus.windows.net/orders",
        ] {
            let error = text.parse().and_then(|uri| locate(&uri)).expect_err(text);
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert!(error.hint_text().is_some_and(|hint| hint.contains("file")));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in [
            "eventhubs:///orders",
            "eventhubs:a?prefetch=1&prefetch=2",
            "eventhubs://localhost:1/a?endpoint=amqp://other",
        ] {
            let error = text.parse().and_then(|uri| locate(&uri)).expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        }
    }
}
