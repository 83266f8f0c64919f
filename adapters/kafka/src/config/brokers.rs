//! The addresses of a cluster.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// `HOST:PORT` addresses to start from; the cluster tells the rest. Never empty.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Brokers(Vec<String>);

impl Brokers {
    /// All of them, with commas.
    pub(crate) fn joined(&self) -> String {
        self.0.join(",")
    }

    fn checked(addresses: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let addresses: Vec<_> = addresses
            .into_iter()
            .map(|address| address.trim().to_owned())
            .filter(|address| !address.is_empty())
            .collect();
        if addresses.is_empty() {
            return Err("no broker address; write `HOST:PORT`, such as `localhost:9092`".into());
        }
        for address in &addresses {
            check(address)?;
        }
        Ok(Self(addresses))
    }
}

/// What librdkafka would accept and then fail to resolve, or take for something else.
fn check(address: &str) -> Result<(), String> {
    if let Some((_, bare)) = address.split_once("://") {
        return Err(format!("broker `{address}` is a URL; write `{bare}`"));
    }
    if address.contains('@') {
        return Err("a broker address holds no user; use the option `sasl`".into());
    }
    if address.contains(|c: char| c.is_whitespace() || c == '/') {
        return Err(format!("broker `{address}` is not `HOST:PORT`"));
    }
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (address, None),
    };
    let known = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if host.is_empty() || port.is_some_and(|port| !known(port)) {
        return Err(format!("broker `{address}` is not `HOST:PORT`"));
    }
    if host.contains(':') && !host.starts_with('[') {
        return Err(format!("broker `{address}` is IPv6; write `[HOST]:PORT`"));
    }
    Ok(())
}

impl fmt::Debug for Brokers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined())
    }
}

impl<'de> Deserialize<'de> for Brokers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(BrokersVisitor)
    }
}

struct BrokersVisitor;

impl<'de> Visitor<'de> for BrokersVisitor {
    type Value = Brokers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of `HOST:PORT`, or a text with commas")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Brokers, E> {
        Brokers::checked(text.split(',').map(str::to_owned)).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Brokers, A::Error> {
        let mut addresses = Vec::new();
        while let Some(address) = list.next_element()? {
            addresses.push(address);
        }
        Brokers::checked(addresses).map_err(A::Error::custom)
    }
}

impl JsonSchema for Brokers {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Brokers".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "array"], "items": { "type": "string" } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<String, String> {
        serde_json::from_str::<Brokers>(json)
            .map(|brokers| brokers.joined())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn reads_lists_and_commas() {
        assert_eq!(read(r#""a:1, b:2,""#).as_deref(), Ok("a:1,b:2"));
        assert_eq!(
            read(r#"["a", "[::1]:9092"]"#).as_deref(),
            Ok("a,[::1]:9092")
        );
    }

    #[test]
    fn refuses_what_is_no_address() {
        for (json, says) in [
            (r#""""#, "localhost:9092"),
            ("[]", "localhost:9092"),
            (r#""kafka://a:1""#, "write `a:1`"),
            (r#""a:port""#, "HOST:PORT"),
            (r#""a:0""#, "HOST:PORT"),
            (r#"":9092""#, "HOST:PORT"),
            (r#""::1:9092""#, "[HOST]:PORT"),
            (r#""a b:1""#, "HOST:PORT"),
        ] {
            assert!(read(json).is_err_and(|text| text.contains(says)), "{json}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let error = read(r#""user:hunter2@host:9092""#).expect_err("a user");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
