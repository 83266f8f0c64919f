//! Where the service is and by what right we use it: options, connection string, environment.

use std::fmt;

use azure_core::http::Url;
use azure_messaging_eventhubs::ConnectionString;
use ssectl_adapter::{Error, ErrorKind, Result, is_loopback};

use super::EventHubsConfig;

/// The variable that every sample of Microsoft's uses.
const VARIABLE: &str = "EVENTHUBS_CONNECTION_STRING";
/// The domain of the public cloud.
const DOMAIN: &str = "servicebus.windows.net";
/// What Microsoft's own emulator, and ours, takes from anyone.
const ANYONE: &str = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;";

/// By what right we use the service.
#[derive(Clone)]
pub(crate) enum Access {
    /// A connection string, which holds a secret.
    Shared(String),
    /// A token of Entra ID.
    Entra,
}

/// Neither an error nor a log shows a connection string.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shared(_) => "connection string",
            Self::Entra => "Entra ID",
        })
    }
}

/// Where the service is.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// Full name of the namespace.
    pub(crate) namespace: String,
    /// The address to dial, when it is not that of the namespace.
    pub(crate) endpoint: Option<String>,
    pub(crate) access: Access,
}

impl Origin {
    /// Puts options and environment together.
    pub(crate) fn find(config: &EventHubsConfig) -> Result<Self> {
        let local = config
            .endpoint
            .as_deref()
            .and_then(host)
            .filter(|host| is_loopback(host));
        let string = connection_string(config)?;
        match (string, local) {
            // A secret of the cloud is no business of an emulator on this machine.
            (Some(string), Some(host)) if !string_is_local(&string)? => Ok(anyone(config, &host)),
            (Some(string), _) => shared(config, string),
            (None, Some(host)) => Ok(anyone(config, &host)),
            (None, None) => entra(config),
        }
    }

    /// The host that HTTP requests go to, with its port if it is not the usual one, and whether
    /// they are encrypted.
    pub(crate) fn http(&self) -> String {
        match self.endpoint.as_deref() {
            Some(url) => match url.strip_prefix("amqp://") {
                Some(rest) => format!("http://{}", rest.trim_end_matches('/')),
                None => format!(
                    "https://{}",
                    url.trim_start_matches("amqps://").trim_end_matches('/')
                ),
            },
            None => format!("https://{}", self.namespace),
        }
    }
}

fn anyone(config: &EventHubsConfig, host: &str) -> Origin {
    Origin {
        namespace: host.to_owned(),
        endpoint: config.endpoint.clone(),
        access: Access::Shared(format!("Endpoint=sb://{host};{ANYONE}")),
    }
}

fn shared(config: &EventHubsConfig, string: String) -> Result<Origin> {
    let parsed = parse(&string)?;
    if let Some(asked) = &config.namespace
        && full_name(asked) != parsed.fully_qualified_namespace
    {
        let named = &parsed.fully_qualified_namespace;
        return Err(Error::new(
            ErrorKind::Config,
            format!("the connection string is for `{named}`, and `namespace` says `{asked}`"),
        ));
    }
    let endpoint = match &config.endpoint {
        Some(endpoint) => Some(endpoint.clone()),
        None => own_endpoint(&string, &parsed),
    };
    Ok(Origin {
        namespace: parsed.fully_qualified_namespace,
        endpoint,
        access: Access::Shared(string),
    })
}

/// The client drops the port of a connection string and always dials with TLS.
fn own_endpoint(string: &str, parsed: &ConnectionString) -> Option<String> {
    let port = Url::parse(&parsed.endpoint).ok().and_then(|url| url.port());
    let host = &parsed.fully_qualified_namespace;
    match (is_emulator(string), port) {
        (true, port) => Some(format!("amqp://{host}:{}", port.unwrap_or(5672))),
        (false, Some(port)) => Some(format!("amqps://{host}:{port}")),
        (false, None) => None,
    }
}

fn is_emulator(string: &str) -> bool {
    string.split(';').any(|part| {
        let (name, value) = part.split_once('=').unwrap_or_default();
        name.trim().eq_ignore_ascii_case("UseDevelopmentEmulator")
            && value.trim().eq_ignore_ascii_case("true")
    })
}

fn entra(config: &EventHubsConfig) -> Result<Origin> {
    let Some(namespace) = &config.namespace else {
        let variable = config.connection_string_env.as_deref().unwrap_or(VARIABLE);
        return Err(Error::new(ErrorKind::Config, "no Event Hubs namespace")
            .hint(format!("set the option `namespace`, or `{variable}`")));
    };
    Ok(Origin {
        namespace: full_name(namespace),
        endpoint: config.endpoint.clone(),
        access: Access::Entra,
    })
}

fn full_name(namespace: &str) -> String {
    match namespace.contains('.') || is_loopback(namespace) {
        true => namespace.to_owned(),
        false => format!("{namespace}.{DOMAIN}"),
    }
}

fn connection_string(config: &EventHubsConfig) -> Result<Option<String>> {
    if let Some(path) = &config.connection_string_file {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let shown = path.display();
            Error::from_io(
                format!("cannot read the connection string in `{shown}`"),
                error,
            )
        })?;
        return Ok(Some(text.trim().to_owned()));
    }
    let set = |name: &str| {
        std::env::var(name)
            .ok()
            .filter(|text| !text.trim().is_empty())
    };
    match config.connection_string_env.as_deref() {
        Some(name) => match set(name) {
            Some(text) => Ok(Some(text)),
            None => Err(Error::new(
                ErrorKind::Authentication,
                format!("environment variable `{name}` holds no connection string"),
            )),
        },
        // Who names a namespace of its own without the string means Entra ID.
        None => Ok(set(VARIABLE)),
    }
}

/// The parser's messages hold no part of the string.
fn parse(string: &str) -> Result<ConnectionString> {
    string.parse().map_err(|error: azure_core::Error| {
        Error::new(
            ErrorKind::Config,
            format!("the connection string cannot be read: {error}"),
        )
        .hint("it reads `Endpoint=sb://NAMESPACE.servicebus.windows.net/;SharedAccessKeyName=...;SharedAccessKey=...`")
    })
}

fn string_is_local(string: &str) -> Result<bool> {
    Ok(is_loopback(&parse(string)?.fully_qualified_namespace))
}

/// The host of `amqp://HOST:PORT`.
fn host(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ssectl_adapter::decode;

    use super::*;

    fn config(options: serde_json::Value) -> EventHubsConfig {
        let options = serde_json::from_value(options).expect("a map");
        decode("eventhubs", &options).expect("valid options")
    }

    fn from_file(string: &str, more: serde_json::Value) -> Result<Origin> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), format!("{string}\n")).expect("written");
        let mut config = config(more);
        config.connection_string_file = Some(file.path().to_owned());
        Origin::find(&config)
    }

    const KEY: &str = "SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0";

    #[test]
    fn the_port_of_a_connection_string_is_dialled() {
        for (string, endpoint) in [
            (
                format!("Endpoint=sb://ns.servicebus.windows.net/;{KEY}"),
                None,
            ),
            (
                format!("Endpoint=sb://broker.example:15671;{KEY}"),
                Some("amqps://broker.example:15671"),
            ),
            (
                format!("Endpoint=sb://localhost;{KEY};UseDevelopmentEmulator=true;"),
                Some("amqp://localhost:5672"),
            ),
            (
                format!("Endpoint=sb://localhost:5673;{KEY};UseDevelopmentEmulator=true"),
                Some("amqp://localhost:5673"),
            ),
        ] {
            let origin = from_file(&string, json!({})).expect(&string);
            assert_eq!(origin.endpoint.as_deref(), endpoint, "{string}");
        }
    }

    #[test]
    fn an_emulator_on_this_machine_gets_no_secret_of_the_cloud() {
        let cloud = format!("Endpoint=sb://ns.servicebus.windows.net/;{KEY}");
        let endpoint = json!({"endpoint": "amqp://127.0.0.1:5672"});
        let origin = from_file(&cloud, endpoint).expect("an origin");
        assert_eq!(origin.namespace, "127.0.0.1");
        assert_eq!(origin.http(), "http://127.0.0.1:5672");
        match origin.access {
            Access::Shared(string) => assert!(!string.contains("c2VjcmV0")),
            Access::Entra => panic!("no token for an emulator"),
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let cloud = format!("Endpoint=sb://ns.servicebus.windows.net/;{KEY}");
        let origin = from_file(&cloud, json!({})).expect("an origin");
        assert!(!format!("{origin:?}").contains("c2VjcmV0"), "{origin:?}");
        for broken in [
            "c2VjcmV0",
            "SharedAccessKey=c2VjcmV0",
            "Endpoint=sb://x;c2VjcmV0",
        ] {
            let error = from_file(broken, json!({})).expect_err(broken);
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.to_string().contains("c2VjcmV0"), "{error}");
        }
    }

    #[test]
    fn a_namespace_alone_means_entra_id() {
        let named = config(json!({"namespace": "orders"}));
        let origin = entra(&named).expect("an origin");
        assert_eq!(origin.namespace, "orders.servicebus.windows.net");
        assert_eq!(origin.http(), "https://orders.servicebus.windows.net");
        let error = entra(&config(json!({}))).expect_err("nothing is said");
        assert!(
            error
                .hint_text()
                .is_some_and(|hint| hint.contains(VARIABLE))
        );
    }
}
