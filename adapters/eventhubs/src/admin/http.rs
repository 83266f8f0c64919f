//! Requests by HTTP, and by what right.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use azure_core::credentials::{Secret, TokenCredential};
use azure_core::hmac::hmac_sha256;
use azure_core::http::{HttpClient, Method, Request, Url, new_http_client};
use azure_messaging_eventhubs::ConnectionString;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssectl_adapter::{Error, ErrorKind, Result};
use tokio::time::timeout;

use crate::error::{azure, no_answer, status};

/// How long a signature holds.
const LIFETIME: Duration = Duration::from_secs(300);

/// By what right a request is made.
#[derive(Clone)]
pub(super) enum Right {
    /// A shared key signs the address.
    Key { name: String, key: Secret },
    /// A signature that was made elsewhere.
    Signature(Secret),
    /// A token of Entra ID for this scope.
    Token(Arc<dyn TokenCredential>, &'static str),
}

impl Right {
    /// What a connection string gives.
    pub(super) fn of(string: &ConnectionString) -> Option<Self> {
        if let Some(signature) = &string.shared_access_signature {
            return Some(Self::Signature(signature.clone()));
        }
        Some(Self::Key {
            name: string.shared_access_key_name.clone()?,
            key: string.shared_access_key.clone()?,
        })
    }

    async fn header(&self, url: &Url) -> Result<String> {
        match self {
            Self::Signature(signature) => Ok(signature.secret().to_owned()),
            Self::Key { name, key } => {
                let until = SystemTime::now() + LIFETIME;
                let until = until.duration_since(UNIX_EPOCH).unwrap_or_default();
                sign(url, name, key, until.as_secs())
            }
            Self::Token(credential, scope) => {
                let token = credential.get_token(&[scope], None).await;
                let token = token.map_err(|error| azure("asking for a token", error))?;
                Ok(format!("Bearer {}", token.token.secret()))
            }
        }
    }
}

/// A shared access signature of Service Bus: the address without its query, and a time, signed.
fn sign(url: &Url, name: &str, key: &Secret, until: u64) -> Result<String> {
    let mut resource = url.clone();
    resource.set_query(None);
    let resource = escape(resource.as_str());
    // The key is signed with as it stands; the function would decode it.
    let key = Secret::new(STANDARD.encode(key.secret()));
    let signature = hmac_sha256(&format!("{resource}\n{until}"), &key)
        .map_err(|error| azure("signing a request", error))?;
    let (signature, name) = (escape(&signature), escape(name));
    Ok(format!(
        "SharedAccessSignature sr={resource}&sig={signature}&se={until}&skn={name}"
    ))
}

/// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// A service that is asked by HTTP.
pub(super) struct Http {
    client: Arc<dyn HttpClient>,
    right: Right,
    limit: Duration,
}

impl Http {
    pub(super) fn new(right: Right, limit: Duration) -> Self {
        Self {
            client: new_http_client(None),
            right,
            limit,
        }
    }

    /// Asks, and gives the body of an answer that says yes. `doing` is for errors, as in "making the
    /// hub".
    pub(super) async fn ask(
        &self,
        doing: &str,
        method: Method,
        url: &str,
        body: Option<(&'static str, String)>,
    ) -> Result<String> {
        let url = Url::parse(url).map_err(|error| {
            Error::new(
                ErrorKind::Config,
                format!("{doing}: `{url}` is no URL: {error}"),
            )
        })?;
        let mut request = Request::new(url.clone(), method);
        request.insert_header("authorization", self.right.header(&url).await?);
        match body {
            Some((kind, text)) => {
                request.insert_header("content-type", kind);
                request.set_body(text.into_bytes());
            }
            None => request.insert_header("content-length", "0"),
        }
        let asked = async {
            let answer = self.client.execute_request(&request).await?;
            let status = answer.status();
            let text = answer.into_body().collect_string().await?;
            azure_core::Result::Ok((status, text))
        };
        let answer = timeout(self.limit, asked)
            .await
            .map_err(|_| no_answer(doing))?;
        let (code, text) = answer.map_err(|error| azure(doing, error))?;
        match code.is_success() {
            true => Ok(text),
            false => Err(status(doing, code, &said(&text))),
        }
    }
}

/// What an error's body says: `Detail` of XML, `message` of JSON, or its beginning.
fn said(body: &str) -> String {
    let between = |start: &str, end: &str| {
        let (_, rest) = body.split_once(start)?;
        rest.split_once(end).map(|(text, _)| text.to_owned())
    };
    let json = || {
        let value: serde_json::Value = serde_json::from_str(body).ok()?;
        let message = value.pointer("/error/message").or(value.get("message"))?;
        message.as_str().map(str::to_owned)
    };
    let first = || body.chars().take(200).collect::<String>();
    match between("<Detail>", "</Detail>").or_else(json) {
        Some(text) => text,
        None if body.trim().is_empty() => "no message".to_owned(),
        None => first(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac`, `base64` and `urllib.parse`.
    #[test]
    fn addresses_are_signed_as_service_bus_wants_it() {
        let url = Url::parse("https://ns.servicebus.windows.net/orders?api-version=2014-01");
        let key = Secret::new("c2VjcmV0");
        let header = sign(
            &url.expect("a URL"),
            "RootManageSharedAccessKey",
            &key,
            1_700_000_000,
        );
        assert_eq!(
            header.expect("a signature"),
            "SharedAccessSignature sr=https%3A%2F%2Fns.servicebus.windows.net%2Forders\
             &sig=WDFY%2BaYbKYSYKKrMcgC4zILME1t370F%2BFTFr%2Fm%2FhqAw%3D&se=1700000000&skn=RootManageSharedAccessKey"
        );
    }

    #[test]
    fn an_error_says_what_its_body_says() {
        assert_eq!(
            said("<Error><Code>404</Code><Detail>gone</Detail></Error>"),
            "gone"
        );
        assert_eq!(said(r#"{"error":{"code":"X","message":"no"}}"#), "no");
        assert_eq!(said(""), "no message");
        assert_eq!(said("plain"), "plain");
    }
}
