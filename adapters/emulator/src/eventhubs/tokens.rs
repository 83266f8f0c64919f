//! Who may do what: tokens, and what they grant.
//!
//! Without a configured key a signature cannot be checked, so every well-formed token counts until it expires.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

use super::AccessKey;
use super::address::path_of;

/// The type of a shared access signature.
const SAS: &str = "servicebus.windows.net:sastoken";

/// How such a signature begins.
const SIGNATURE: &str = "SharedAccessSignature ";

/// The type of a token of Entra ID.
const JWT: &str = "jwt";

/// What a connection may do.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    everything: bool,
    /// Paths in small letters, and when their tokens expire, Unix milliseconds.
    paths: Vec<(String, i64)>,
}

/// Tokens that one connection may hold; older ones give way.
const MAX_GRANTS: usize = 1000;

impl Grants {
    /// Allows everything, for a connection that proved itself by its password.
    pub(crate) fn allow_everything(&mut self) {
        self.everything = true;
    }

    /// Takes a token for `audience`, or says why it is no good.
    pub(crate) fn put(
        &mut self,
        kind: &str,
        audience: &str,
        token: &str,
        key: Option<&AccessKey>,
        now_ms: i64,
    ) -> Result<(), String> {
        let path = path_of(audience).to_ascii_lowercase();
        let expires_ms = match kind.to_ascii_lowercase().as_str() {
            SAS => check_signature(token, &path, key)?,
            JWT => check_jwt(token)?,
            _ => return Err(format!("InvalidToken: there is no token type '{kind}'.")),
        };
        check_expiry(expires_ms, now_ms)?;
        self.paths
            .retain(|(known, expires)| *known != path && *expires > now_ms);
        if self.paths.len() >= MAX_GRANTS {
            self.paths.remove(0);
        }
        self.paths.push((path, expires_ms));
        Ok(())
    }

    /// Whether there is a token for `path` or something above it.
    pub(crate) fn allow(&self, path: &str, now_ms: i64) -> bool {
        let path = path_of(path).to_ascii_lowercase();
        let grants = |(granted, expires_ms): &(String, i64)| {
            *expires_ms > now_ms && is_below(&path, granted)
        };
        self.everything || self.paths.iter().any(grants)
    }

    /// Whether there is a token for something below `path`.
    pub(crate) fn allow_a_part(&self, path: &str, now_ms: i64) -> bool {
        let path = path_of(path).to_ascii_lowercase();
        let mut paths = self.paths.iter();
        paths.any(|(granted, expires_ms)| *expires_ms > now_ms && is_below(granted, &path))
    }
}

/// Checks a token that comes with a request for `path`, as Microsoft's client for Java sends it to `$management`.
///
/// # Errors
/// Why it is no good.
pub(crate) fn check(
    token: &str,
    path: &str,
    key: Option<&AccessKey>,
    now_ms: i64,
) -> Result<(), String> {
    let expires_ms = if token.starts_with(SIGNATURE) {
        check_signature(token, &path_of(path).to_ascii_lowercase(), key)?
    } else {
        check_jwt(token)?
    };
    check_expiry(expires_ms, now_ms)
}

fn check_expiry(expires_ms: i64, now_ms: i64) -> Result<(), String> {
    if expires_ms <= now_ms {
        return Err("ExpiredToken: The token has expired.".to_owned());
    }
    Ok(())
}

/// Whether a path is `top` or something below it.
fn is_below(path: &str, top: &str) -> bool {
    top.is_empty()
        || path
            .strip_prefix(top)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// When a shared access signature expires, Unix milliseconds.
fn check_signature(token: &str, path: &str, key: Option<&AccessKey>) -> Result<i64, String> {
    let malformed = || "InvalidSignature: The token is malformed.".to_owned();
    let fields = token.strip_prefix(SIGNATURE).ok_or_else(malformed)?;
    let field = |name: &str| {
        let mut pairs = fields.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    };
    let resource = field("sr").ok_or_else(malformed)?;
    let signature = decode(field("sig").ok_or_else(malformed)?);
    let expiry = field("se").ok_or_else(malformed)?;
    let name = decode(field("skn").unwrap_or_default());
    let seconds: i64 = expiry.parse().map_err(|_| malformed())?;
    if !is_below(path, &path_of(&decode(resource)).to_ascii_lowercase()) {
        return Err("InvalidAudience: The token is for another resource.".to_owned());
    }
    if let Some(key) = key {
        let wrong = || "InvalidSignature: The token has an invalid signature.".to_owned();
        let signature = STANDARD.decode(signature).map_err(|_| wrong())?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key.key.as_bytes()).map_err(|_| wrong())?;
        mac.update(format!("{resource}\n{expiry}").as_bytes());
        let is_signed = mac.verify_slice(&signature).is_ok();
        if name != key.name || !is_signed {
            return Err(wrong());
        }
    }
    Ok(seconds.saturating_mul(1000))
}

fn decode(text: &str) -> String {
    // Of a form's field without `=` all is its name.
    let text = text
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    pairs
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

/// What is read of a JSON web token.
#[derive(Deserialize)]
struct Claims {
    /// When it expires, Unix seconds.
    exp: Option<f64>,
}

/// When a JSON web token expires, Unix milliseconds. Its signature is that of Entra ID, which nobody can check here.
fn check_jwt(token: &str) -> Result<i64, String> {
    let malformed = || "InvalidToken: The token is malformed.".to_owned();
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed());
    };
    let claims = URL_SAFE_NO_PAD
        .decode(claims.trim_end_matches('='))
        .map_err(|_| malformed())?;
    let claims: Claims = serde_json::from_slice(&claims).map_err(|_| malformed())?;
    Ok(claims
        .exp
        .map_or(i64::MAX, |seconds| (seconds * 1000.0) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_000_000;

    fn token(resource: &str, expiry: i64, key: &str) -> String {
        let resource: String = form_urlencoded::byte_serialize(resource.as_bytes()).collect();
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(format!("{resource}\n{expiry}").as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
        format!("SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn=root")
    }

    fn put(grants: &mut Grants, token: &str, key: Option<&AccessKey>) -> Result<(), String> {
        grants.put(SAS, "sb://host/hub", token, key, NOW_MS)
    }

    #[test]
    fn a_signature_grants_what_is_below_its_audience_until_it_expires() {
        let mut grants = Grants::default();
        assert!(!grants.allow("hub", NOW_MS));
        put(&mut grants, &token("sb://host/hub", 2_000, "any"), None).unwrap();
        assert!(grants.allow("amqps://host/HUB/Partitions/0", NOW_MS));
        assert!(!grants.allow("hub2", NOW_MS));
        assert!(!grants.allow("hub", 2_000_000));
    }

    #[test]
    fn expired_malformed_and_wrongly_signed_tokens_are_refused() {
        let mut grants = Grants::default();
        let key = AccessKey {
            name: "root".to_owned(),
            key: "secret".to_owned(),
        };
        assert!(put(&mut grants, &token("sb://host/hub", 1_000, "secret"), None).is_err());
        assert!(put(&mut grants, "SharedAccessSignature sr=x", None).is_err());
        assert!(
            put(
                &mut grants,
                &token("sb://host/other", 2_000, "secret"),
                None
            )
            .is_err()
        );
        assert!(
            put(
                &mut grants,
                &token("sb://host/hub", 2_000, "guess"),
                Some(&key)
            )
            .is_err()
        );
        put(
            &mut grants,
            &token("sb://host/hub", 2_000, "secret"),
            Some(&key),
        )
        .unwrap();
    }

    #[test]
    fn a_token_of_a_request_is_for_its_own_path_and_time() {
        let good = token("amqp://host/hub", 2_000, "any");
        assert_eq!(check(&good, "Hub", None, NOW_MS), Ok(()));
        assert!(check(&good, "other", None, NOW_MS).is_err());
        assert!(check(&good, "hub", None, 2_000_000).is_err());
        assert!(check("", "hub", None, NOW_MS).is_err());
    }

    #[test]
    fn web_tokens_are_read() {
        let claims = |json: &str| format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(json));
        assert_eq!(check_jwt(&claims("{\"exp\":5}")), Ok(5000));
        assert!(check_jwt("abc").is_err() && check_jwt("a.b.c").is_err());
    }
}
