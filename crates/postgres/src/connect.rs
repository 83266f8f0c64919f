//! A connection, with TLS where the server has it.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::AskError;

/// How long connecting may take unless the address says another time.
const CONNECT: Duration = Duration::from_secs(10);

/// An address, checked.
pub(crate) struct Server {
    config: Config,
    /// Host and port, for messages.
    pub(crate) name: String,
}

impl Server {
    /// `password` is used where the address has none.
    pub(crate) fn parse(address: &str, password: Option<&str>) -> Result<Self, AskError> {
        let parsed = address.parse::<Config>();
        // What the parser says may quote the address, and with it a password.
        let wrong =
            |_| AskError::Address("write `postgresql://USER@HOST:PORT/DATABASE`".to_owned());
        let mut config = parsed.map_err(wrong)?;
        if config.get_hosts().is_empty() {
            return Err(AskError::Address(
                "it names no host: write `postgresql://USER@HOST:PORT/DATABASE`".to_owned(),
            ));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if let (None, Some(password)) = (config.get_password(), password) {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("ssectl");
        }
        let name = name(&config);
        Ok(Self { config, name })
    }

    /// Connects; a task drives the connection until the client is dropped.
    pub(crate) async fn connect(&self) -> Result<Client, AskError> {
        let failed = |error| AskError::of(&self.name, &error);
        if self.config.get_ssl_mode() == SslMode::Disable {
            let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
            tokio::spawn(connection);
            return Ok(client);
        }
        let tls = MakeRustlsConnect::new(trust()?);
        let (client, connection) = self.config.connect(tls).await.map_err(failed)?;
        tokio::spawn(connection);
        Ok(client)
    }
}

/// The certificates that the system trusts.
fn trust() -> Result<ClientConfig, AskError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| AskError::Address(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn name(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(host) => format!("{host}:{port}"),
            #[cfg(unix)]
            Host::Unix(path) => format!("{}:{port}", path.display()),
        }
    });
    hosts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_named_without_their_secrets() {
        let server = Server::parse("postgresql://ann:geheim@db.example:6543/shop", None);
        assert_eq!(server.expect("an address").name, "db.example:6543");
        for wrong in [
            "postgresql://ann:geheim@db:notaport/shop",
            "mysql://ann:geheim@db/shop",
            "",
        ] {
            let error = Server::parse(wrong, Some("geheim")).err().expect("refused");
            assert!(!error.to_string().contains("geheim"), "{error}");
        }
    }
}
