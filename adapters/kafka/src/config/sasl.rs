//! Logging in.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use ssectl_adapter::{Error, ErrorKind, Result};

use super::Secret;

/// Who we are, and how we prove it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Sasl {
    /// `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`.
    pub mechanism: Mechanism,
    /// User, API key, or `$ConnectionString` for Event Hubs.
    pub username: Option<String>,
    /// Password, API secret, or the connection string itself.
    pub password: Option<Secret>,
    /// Where the token of `OAUTHBEARER` comes from: `env: NAME`, `file: PATH` or
    /// `command: [PROGRAM, ARGUMENT ...]`. Asked again when the token is about to expire.
    pub token: Option<TokenSource>,
}

/// How to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum Mechanism {
    /// User and password as they are: only over TLS, or to a test broker.
    #[serde(rename = "PLAIN")]
    Plain,
    /// User and password, proven by a salted hash (RFC 7677).
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// The same with SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    /// A bearer token (RFC 7628).
    #[serde(rename = "OAUTHBEARER")]
    OauthBearer,
}

impl Mechanism {
    /// The name of the mechanism on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
        }
    }
}

/// Where a bearer token comes from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TokenSource {
    /// This environment variable.
    Env(String),
    /// The first line of this file.
    File(PathBuf),
    /// What this program prints; no shell is involved.
    Command(Vec<String>),
}

impl Sasl {
    /// Checks that the mechanism has what it needs, and nothing that it would ignore.
    pub(crate) fn check(&self) -> Result<()> {
        let mechanism = self.mechanism.as_str();
        let login = self.username.is_some() && self.password.is_some();
        match (self.mechanism == Mechanism::OauthBearer, login, &self.token) {
            (true, _, None) => Err(fault(format!(
                "`sasl.mechanism: {mechanism}` needs `sasl.token`"
            ))
            .hint("write `token: {env: NAME}`, `{file: PATH}` or `{command: [PROGRAM, ...]}`")),
            (true, true, Some(_)) => Err(fault(format!(
                "`sasl.mechanism: {mechanism}` takes `token`, not `username` and `password`"
            ))),
            (false, false, _) => Err(fault(format!(
                "`sasl.mechanism: {mechanism}` needs `sasl.username` and `sasl.password`"
            ))
            .hint("write `password: '${VARIABLE}'` and set the variable")),
            (false, _, Some(_)) => Err(fault(format!(
                "`sasl.token` is for `OAUTHBEARER`, not for `{mechanism}`"
            ))),
            _ => Ok(()),
        }
    }
}

fn fault(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}
