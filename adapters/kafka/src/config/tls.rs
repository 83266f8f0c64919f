//! Encryption of the connection.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use ssectl_adapter::{ErrorKind, Result};

use super::Secret;

/// Whether and how to encrypt.
#[derive(Debug, Clone, Default)]
pub(crate) enum Tls {
    /// Plain text.
    #[default]
    Off,
    /// TLS, the broker's certificate checked.
    On(Box<TlsOptions>),
}

/// Certificates; the system's authorities and no client certificate when not said.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TlsOptions {
    /// File or directory of authorities to trust (PEM).
    pub ca: Option<String>,
    /// File of our own certificate (PEM).
    pub certificate: Option<String>,
    /// File of its private key (PEM).
    pub key: Option<String>,
    /// Password of that file.
    pub key_password: Option<Secret>,
    /// `false` trusts any broker: for tests only.
    pub verify: Option<bool>,
}

impl Tls {
    /// Checks that the files are there.
    pub(crate) fn check(&self) -> Result<()> {
        let Self::On(options) = self else {
            return Ok(());
        };
        for (name, path) in [
            ("ca", &options.ca),
            ("certificate", &options.certificate),
            ("key", &options.key),
        ] {
            if let Some(path) = path
                && let Err(error) = std::fs::metadata(path)
            {
                let message = format!("`tls.{name}` names `{path}`, which cannot be read");
                return Err(ssectl_adapter::Error::new(ErrorKind::Config, message).caused_by(error));
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Tls {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TlsVisitor)
    }
}

struct TlsVisitor;

impl<'de> Visitor<'de> for TlsVisitor {
    type Value = Tls;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`true`, `false`, or a map of `ca`, `certificate`, `key` ...")
    }

    fn visit_bool<E>(self, on: bool) -> Result<Tls, E> {
        Ok(if on {
            Tls::On(Box::default())
        } else {
            Tls::Off
        })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tls, E> {
        match text.parse() {
            Ok(on) => self.visit_bool(on),
            Err(_) => Err(E::custom(format!(
                "`tls` is `true` or `false`, not `{text}`"
            ))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Tls, A::Error> {
        let options = TlsOptions::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Tls::On(Box::new(options)))
    }
}

impl JsonSchema for Tls {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Tls".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let options = generator.subschema_for::<TlsOptions>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, options] })
    }
}
