//! What addresses of services have in common: hosts, and options behind `?`.

use serde_json::Value;

use crate::{Error, ErrorKind, Options, Result, StreamUri};

/// How the options in an address of an adapter are read. A value is a word unless its option is listed here, also where
/// it looks like a number (`account=123456789012`).
#[derive(Debug, Clone, Copy)]
pub struct AddressOptions {
    /// Options whose value is `true` or `false`.
    pub booleans: &'static [&'static str],
    /// Options whose value is a count.
    pub counts: &'static [&'static str],
    /// Words in the name of an option whose value is a secret, which shells and process lists would show.
    pub secrets: &'static [&'static str],
    /// Options whose names hold such a word and whose values are no secrets.
    pub harmless: &'static [&'static str],
    /// Where the adapter's secrets come from instead.
    pub instead: &'static str,
}

impl AddressOptions {
    /// Adds the options behind `?` to those that the rest of the address gave.
    ///
    /// # Errors
    ///
    /// A secret, whose value is not repeated, or an option that is there already: `Config`.
    pub fn add(&self, uri: &StreamUri, options: &mut Options) -> Result<()> {
        for (name, value) in &uri.query {
            if self.is_secret(name) {
                let message = format!("`{name}` does not belong in an address");
                return Err(Error::new(ErrorKind::Config, message).hint(self.instead));
            }
            if options.contains_key(name) {
                let message = format!("`{name}` is given twice");
                return Err(Error::new(ErrorKind::Config, message));
            }
            options.insert(name.clone(), self.read(name, value));
        }
        Ok(())
    }

    fn is_secret(&self, name: &str) -> bool {
        let mut words = name.split(['-', '_', '.']);
        !self.harmless.contains(&name)
            && words.any(|word| self.secrets.contains(&word.to_ascii_lowercase().as_str()))
    }

    fn read(&self, name: &str, value: &str) -> Value {
        let read = if self.booleans.contains(&name) {
            value.parse::<bool>().ok().map(Value::from)
        } else if self.counts.contains(&name) {
            value.parse::<u64>().ok().map(Value::from)
        } else {
            None
        };
        read.unwrap_or_else(|| value.into())
    }
}

/// Whether a host, with or without a port, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    let ip = name.parse::<std::net::IpAddr>();
    name == "localhost" || name.ends_with(".localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

/// Whether the host of a URL is this machine.
pub fn is_loopback_url(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    is_loopback(host.split('/').next().unwrap_or(host))
}

/// The URL of a service that is given by its host: one on this machine is asked without TLS.
pub fn http_endpoint(host: &str) -> String {
    let scheme = if is_loopback(host) { "http" } else { "https" };
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const WORDS: AddressOptions = AddressOptions {
        booleans: &["fifo"],
        counts: &["requests"],
        secrets: &["key"],
        harmless: &["hash-key"],
        instead: "use the environment",
    };

    fn added(text: &str) -> Result<Value> {
        let mut options = Options::new();
        options.insert("region".to_owned(), "here".into());
        WORDS.add(&text.parse()?, &mut options)?;
        Ok(Value::Object(options))
    }

    #[test]
    fn values_are_words_unless_they_are_known_to_be_more() {
        let read = added("x:a?fifo=true&requests=2&account=12&hash-key=0").expect("an address");
        let all = json!({"region": "here", "fifo": true, "requests": 2, "account": "12", "hash-key": "0"});
        assert_eq!(read, all);
        let wrong =
            added("x:a?fifo=yes&requests=-1").expect("the configuration says what is wrong");
        assert_eq!(
            wrong,
            json!({"region": "here", "fifo": "yes", "requests": "-1"})
        );
    }

    #[test]
    fn secrets_and_repeated_options_are_refused() {
        for (text, said) in [
            (
                "x:a?access_KEY=hunter2",
                "`access_KEY` does not belong in an address",
            ),
            ("x:a?region=there", "`region` is given twice"),
            ("x:a?b=1&b=2", "`b` is given twice"),
        ] {
            let error = added(text).expect_err(text);
            assert!(error.to_string().contains(said), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn this_machine_has_many_names() {
        for here in [
            "localhost",
            "a.localhost:80",
            "127.0.0.2:4566",
            "[::1]:80",
            "[::1]",
        ] {
            assert!(is_loopback(here), "{here}");
            assert!(is_loopback_url(&format!("http://{here}/a/b")), "{here}");
            assert_eq!(http_endpoint(here), format!("http://{here}"));
        }
        for elsewhere in [
            "localhosts",
            "10.0.0.1:80",
            "example.com",
            "[2001:db8::1]:80",
            "",
        ] {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
        assert_eq!(http_endpoint("example.com"), "https://example.com");
    }
}
