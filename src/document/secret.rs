//! Which values must never be shown.

use std::ops::Range;

use super::{Node, Value};

/// What is shown instead of a secret.
pub(super) const MASKED: &str = "a secret (not shown)";

/// Parts of names, without dashes, dots and case, that say a value is secret.
const SECRET: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "accountkey",
    "privatekey",
    "sharedaccess",
    "connectionstring",
    "jaas",
    "keypem",
];

/// Names below `sasl` that are no secrets.
const SASL_PUBLIC: [&str; 4] = ["mechanism", "mechanisms", "username", "user"];

/// Whether the value under this path of names is a secret.
///
/// Names are told by what they contain (`password`, `token`, `secret` ...). Below `targets` also
/// `key` itself, and below `sasl` everything that is not known to be public.
pub fn is_secret(path: &[&str]) -> bool {
    let Some((last, above)) = path.split_last() else {
        return false;
    };
    let plain: String = last
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let in_target = above.first() == Some(&"targets");
    let in_sasl = above.last() == Some(&"sasl");
    SECRET.iter().any(|part| plain.contains(part))
        || (in_target && plain == "key")
        || (in_target && in_sasl && !SASL_PUBLIC.contains(&plain.as_str()))
}

/// A stream address without the password of its host part and without secret options.
pub fn redact_uri(uri: &str) -> String {
    let (base, query) = match uri.split_once('?') {
        Some((base, query)) => (base, Some(query)),
        None => (uri, None),
    };
    let mut shown = redact_password(base);
    if let Some(query) = query {
        let pairs: Vec<String> = query.split('&').map(redact_pair).collect();
        shown.push('?');
        shown.push_str(&pairs.join("&"));
    }
    shown
}

/// `scheme://user:password@host` without the password.
fn redact_password(base: &str) -> String {
    let hidden = || {
        let (scheme, rest) = base.split_once("://")?;
        let end = rest.find('/').unwrap_or(rest.len());
        let (user_info, _) = rest[..end].rsplit_once('@')?;
        let (user, _) = user_info.split_once(':')?;
        Some(format!("{scheme}://{user}:***{}", &rest[user_info.len()..]))
    };
    hidden().unwrap_or_else(|| base.to_owned())
}

fn redact_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if is_secret(&["targets", name]) => format!("{name}=***"),
        _ => pair.to_owned(),
    }
}

/// Marks the scalars below secret names; collects their spans and those of addresses with secrets.
pub(crate) fn mark_secrets(
    node: &mut Node,
    path: &mut Vec<String>,
    secret: bool,
    hidden: &mut Vec<Range<usize>>,
) {
    let secret = secret || path_is_secret(path);
    match &mut node.value {
        Value::Scalar(_) if secret => {
            node.secret = true;
            hidden.push(node.place.span());
        }
        Value::Scalar(scalar) if redact_uri(&scalar.text) != scalar.text => {
            hidden.push(node.place.span());
        }
        Value::Scalar(_) | Value::Faulty => {}
        Value::List(nodes) => {
            for node in nodes {
                mark_secrets(node, path, secret, hidden);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                path.push(entry.key.name.clone());
                mark_secrets(&mut entry.node, path, secret, hidden);
                path.pop();
            }
        }
    }
}

pub(super) fn path_is_secret(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    is_secret(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_secrets() {
        for path in [
            &["targets", "x", "password"] as &[&str],
            &["targets", "x", "sasl", "password"],
            &["targets", "x", "sasl", "oauth", "client-secret"],
            &["targets", "x", "sasl", "jaas.config"],
            &["targets", "x", "sasl", "anything"],
            &["targets", "x", "key"],
            &["targets", "x", "ssl.key.password"],
            &["targets", "x", "connection-string"],
            &["targets", "x", "AWS_SECRET_ACCESS_KEY"],
            &["bearerToken"],
        ] {
            assert!(is_secret(path), "{path:?}");
        }
        for path in [
            &["targets", "x", "brokers"] as &[&str],
            &["targets", "x", "sasl"],
            &["targets", "x", "sasl", "mechanism"],
            &["targets", "x", "sasl", "username"],
            &["targets", "x", "ssl.key.location"],
            &["pipelines", "x", "steps", "key"],
            &["keys"],
        ] {
            assert!(!is_secret(path), "{path:?}");
        }
    }

    #[test]
    fn addresses_lose_their_passwords() {
        for (uri, shown) in [
            ("kafka://h:9092/t?acks=all", "kafka://h:9092/t?acks=all"),
            ("kafka://me:pw@h:9092/t", "kafka://me:***@h:9092/t"),
            ("kafka://me:p@w:x@h/t", "kafka://me:***@h/t"),
            (
                "kafka://h/t?sasl.password=a%26b&group=g",
                "kafka://h/t?sasl.password=***&group=g",
            ),
            ("file:a/b@c:d", "file:a/b@c:d"),
            ("-", "-"),
        ] {
            assert_eq!(redact_uri(uri), shown);
        }
    }
}
