//! `kafka://HOST[:PORT][,HOST2:PORT]/TOPIC?OPTION=VALUE&...`.

use serde_json::{Map, Value};
use ssectl_adapter::{Error, ErrorKind, Location, Options, Result, StreamUri};

/// Options whose value is a word that must be read as what it says.
const BOOLEANS: &[&str] = &["idempotence", "internal-topics", "tls", "tls.verify"];
/// Options whose value is a count.
const COUNTS: &[&str] = &["replication"];
/// Options that must not stand where shells and process lists show them.
const SECRETS: &[&str] = &["password", "token", "secret", "key-password"];

/// Splits a URI into options and topic.
pub(crate) fn locate(uri: &StreamUri) -> Result<Location> {
    let authority = uri.authority.as_deref().unwrap_or_default();
    if authority.is_empty() {
        return Err(
            fault(format!("`{uri}` names no broker")).hint("write `kafka://HOST:PORT/TOPIC`")
        );
    }
    if authority.contains('@') {
        return Err(fault("a Kafka address holds no user or password").hint(
            "define a target with `sasl` in a file and `${VARIABLE}` for the password, then write `TARGET:TOPIC`",
        ));
    }
    let mut options = Options::new();
    options.insert("brokers".to_owned(), authority.into());
    for (name, value) in &uri.query {
        insert(&mut options, name, value)?;
    }
    Ok(Location {
        options,
        stream: uri.path.clone(),
    })
}

/// Puts an option in its place: `sasl.mechanism` goes into the map `sasl`.
fn insert(options: &mut Options, name: &str, value: &str) -> Result<()> {
    let (outer, inner) = match name.split_once('.') {
        Some((outer @ ("sasl" | "tls" | "librdkafka"), inner)) => (outer, Some(inner)),
        _ => (name, None),
    };
    let last = name.rsplit('.').next().unwrap_or(name);
    if SECRETS.contains(&last) {
        return Err(fault(format!("`{name}` does not belong in an address")).hint(
            "addresses end up in shell histories and process lists: define a target in a file and write `TARGET:TOPIC`",
        ));
    }
    if outer == "brokers" {
        return Err(
            fault("`brokers` stand before the topic").hint("write `kafka://HOST:PORT/TOPIC`")
        );
    }
    let value = read(name, value);
    let map = match inner {
        None => options,
        Some(_) => match options.entry(outer).or_insert_with(|| Map::new().into()) {
            Value::Object(map) => map,
            _ => return Err(fault(format!("`{outer}` and `{name}` exclude each other"))),
        },
    };
    let key = inner.unwrap_or(outer);
    if map.insert(key.to_owned(), value).is_some() {
        return Err(fault(format!("`{name}` is given twice")));
    }
    Ok(())
}

/// Words stay words, also those that look like numbers (`group=7`).
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
    use super::*;

    fn options(text: &str) -> Result<Value> {
        locate(&text.parse()?).map(|location| Value::Object(location.options))
    }

    #[test]
    fn hosts_topic_and_options_are_told_apart() {
        let uri = "kafka://a:1,b:2/my%2Ftopic?group=7&compression=zstd&idempotence=false";
        let uri: StreamUri = uri.parse().expect("an address");
        let location = locate(&uri).expect("a location");
        assert_eq!(location.stream, "my/topic");
        let expected = serde_json::json!({
            "brokers": "a:1,b:2", "group": "7", "compression": "zstd", "idempotence": false,
        });
        assert_eq!(Value::Object(location.options), expected);
    }

    #[test]
    fn dotted_names_nest() {
        let uri = "kafka://a/t?tls.ca=x.pem&sasl.mechanism=PLAIN&librdkafka.fetch.min.bytes=1";
        let expected = serde_json::json!({
            "brokers": "a", "tls": {"ca": "x.pem"}, "sasl": {"mechanism": "PLAIN"},
            "librdkafka": {"fetch.min.bytes": "1"},
        });
        assert_eq!(options(uri).expect("options"), expected);
    }

    #[test]
    fn secrets_are_refused_and_not_repeated() {
        for uri in [
            "kafka://a/t?sasl.password=hunter2",
            "kafka://a/t?password=hunter2",
            "kafka://a/t?token=hunter2",
            "kafka://a/t?librdkafka.sasl.password=hunter2",
            "kafka://a/t?librdkafka.ssl.key.password=hunter2",
            "kafka://me:hunter2@a/t",
        ] {
            let error = options(uri).expect_err(uri);
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert!(
                error
                    .hint_text()
                    .is_some_and(|hint| hint.contains("TARGET:TOPIC"))
            );
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for uri in [
            "kafka:topic",
            "kafka:///topic",
            "kafka://a/t?group=x&group=y",
            "kafka://a/t?tls=true&tls.ca=x",
            "kafka://a/t?brokers=b",
        ] {
            assert_eq!(options(uri).expect_err(uri).kind(), ErrorKind::Config);
        }
    }
}
