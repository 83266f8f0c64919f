//! The tokens that endpoints may ask for, by
//! <https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions>: JSON Web Tokens (RFC 7519), signed by a key
//! of this emulator (RS256, RFC 7518). The key is made when it is needed first and lasts as long as the process.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::json;

use crate::pubsub::proto::pubsub::PushConfig;
use crate::pubsub::proto::pubsub::push_config::{AuthenticationMethod, OidcToken};

/// Who issues tokens, which receivers look at.
const ISSUER: &str = "https://accounts.google.com";

/// How long a token is good, in seconds.
const LIFETIME: i64 = 3600;

/// What signs tokens.
#[derive(Default)]
pub(in crate::pubsub) struct Signer(OnceLock<Option<Key>>);

struct Key {
    pair: KeyPair,
    /// Its name in tokens and in the published keys.
    id: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'static str,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    azp: &'a str,
    email: &'a str,
    email_verified: bool,
    exp: i64,
    iat: i64,
    iss: &'static str,
    sub: &'a str,
}

impl Signer {
    /// The token of a request to such an endpoint, if it asks for one.
    ///
    /// # Errors
    /// The key cannot be made or cannot sign.
    pub(super) fn token(&self, config: &PushConfig, now_ms: i64) -> Result<Option<String>, ()> {
        let Some(AuthenticationMethod::OidcToken(wanted)) = &config.authentication_method else {
            return Ok(None);
        };
        let key = self.key().ok_or(())?;
        key.sign(wanted, &config.push_endpoint, now_ms / 1000)
            .map(Some)
    }

    /// The public key as a JSON Web Key Set (RFC 7517); `None` if there can be no key.
    pub(in crate::pubsub) fn public_keys(&self) -> Option<Vec<u8>> {
        let key = self.key()?;
        let public = key.pair.public_key();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let keys = json!({"keys": [{
            "alg": "RS256",
            "e": encode(public.exponent().big_endian_without_leading_zero()),
            "kid": key.id,
            "kty": "RSA",
            "n": encode(public.modulus().big_endian_without_leading_zero()),
            "use": "sig",
        }]});
        Some(keys.to_string().into_bytes())
    }

    fn key(&self) -> Option<&Key> {
        let make = || {
            let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
            let public = pair.public_key().as_der().ok()?;
            let id = digest(&SHA256, public.as_ref());
            let id = id
                .as_ref()
                .iter()
                .take(20)
                .map(|byte| format!("{byte:02x}"));
            Some(Key {
                id: id.collect(),
                pair,
            })
        };
        self.0.get_or_init(make).as_ref()
    }
}

impl Key {
    fn sign(&self, wanted: &OidcToken, endpoint: &str, now: i64) -> Result<String, ()> {
        let subject = subject(&wanted.service_account_email);
        let audience = match wanted.audience.as_str() {
            "" => endpoint,
            audience => audience,
        };
        let header = Header {
            alg: "RS256",
            kid: &self.id,
            typ: "JWT",
        };
        let claims = Claims {
            aud: audience,
            azp: &subject,
            email: &wanted.service_account_email,
            email_verified: true,
            exp: now + LIFETIME,
            iat: now,
            iss: ISSUER,
            sub: &subject,
        };
        let signed = format!("{}.{}", part(&header)?, part(&claims)?);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        let done = self.pair.sign(
            &RSA_PKCS1_SHA256,
            &random,
            signed.as_bytes(),
            &mut signature,
        );
        done.map_err(drop)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn part(part: &impl Serialize) -> Result<String, ()> {
    let json = serde_json::to_vec(part).map_err(drop)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// A service account's number: 21 digits, always the same for an address.
fn subject(email: &str) -> String {
    let hash = digest(&SHA256, email.as_bytes());
    let digits = hash
        .as_ref()
        .iter()
        .take(20)
        .map(|byte| char::from(b'0' + byte % 10));
    std::iter::once('1').chain(digits).collect()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
    use serde_json::Value;

    use super::*;

    fn config(audience: &str) -> PushConfig {
        let token = OidcToken {
            service_account_email: "push@p.iam.gserviceaccount.com".to_owned(),
            audience: audience.to_owned(),
        };
        PushConfig {
            push_endpoint: "https://example.com/push".to_owned(),
            authentication_method: Some(AuthenticationMethod::OidcToken(token)),
            ..PushConfig::default()
        }
    }

    fn decode(part: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(part).unwrap()
    }

    #[test]
    fn a_token_is_verified_with_the_published_key() {
        let signer = Signer::default();
        let token = signer
            .token(&config("me"), 1_700_000_000_999)
            .unwrap()
            .unwrap();
        let keys: Value = serde_json::from_slice(&signer.public_keys().unwrap()).unwrap();
        let key = &keys["keys"][0];
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let header: Value = serde_json::from_slice(&decode(header)).unwrap();
        assert_eq!(
            header,
            json!({"alg": "RS256", "kid": key["kid"], "typ": "JWT"})
        );
        let public = RsaPublicKeyComponents {
            n: decode(key["n"].as_str().unwrap()),
            e: decode(key["e"].as_str().unwrap()),
        };
        let good = |signed: &str| {
            let algorithm = &RSA_PKCS1_2048_8192_SHA256;
            public
                .verify(algorithm, signed.as_bytes(), &decode(signature))
                .is_ok()
        };
        assert!(good(signed) && !good(&format!("{signed}x")));
        let claims: Value = serde_json::from_slice(&decode(claims)).unwrap();
        assert_eq!(claims["aud"], "me");
        assert_eq!(
            (&claims["iat"], &claims["exp"]),
            (&json!(1_700_000_000), &json!(1_700_003_600))
        );
        assert_eq!(claims["sub"].as_str().map(str::len), Some(21));
    }

    #[test]
    fn who_asks_for_no_token_gets_none() {
        let signer = Signer::default();
        assert_eq!(signer.token(&PushConfig::default(), 0), Ok(None));
        let token = signer.token(&config(""), 0).unwrap().unwrap();
        let claims = decode(token.split('.').nth(1).unwrap());
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["aud"], "https://example.com/push");
    }
}
