//! TLS on the same port, with a certificate that signs itself.
//!
//! It is made when it is first needed: when a client begins with TLS, or at the start if it is to be written to a file for
//! clients to trust. With a data directory it is kept there, so that clients can go on trusting it.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rcgen::{CertificateParams, DnType, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ALL_VERSIONS, ServerConfig};

use super::Config;
use crate::StartError;
use crate::store::Medium;

/// The file below the data directory that holds certificate and key.
const KEPT: &str = "certificate.pem";

/// How the key begins behind the certificate.
const KEY: &str = "-----BEGIN PRIVATE KEY-----";

/// TLS, once it is needed.
pub(super) struct Tls {
    /// The address that is listened on, which the certificate is for besides the local ones.
    address: IpAddr,
    kept: Option<PathBuf>,
    acceptor: OnceLock<Result<TlsAcceptor, String>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// A certificate and its key, in PEM.
struct Identity {
    certificate: String,
    key: String,
}

impl Tls {
    /// As configured; the certificate is written where it is wanted.
    ///
    /// # Errors
    /// It cannot be made, read or written.
    pub(super) fn new(config: &Config) -> Result<Self, StartError> {
        let kept = match &config.medium {
            Medium::Directory { path, .. } => Some(path.join(KEPT)),
            Medium::Memory { .. } => None,
        };
        let tls = Self {
            address: config.listen.ip(),
            kept,
            acceptor: OnceLock::new(),
        };
        if let Some(file) = &config.certificate_file {
            let identity = tls.identity().map_err(StartError::Certificate)?;
            write(file, &identity.certificate, false).map_err(StartError::Certificate)?;
            let acceptor = identity.acceptor();
            tls.acceptor.get_or_init(|| acceptor);
        }
        Ok(tls)
    }

    /// What makes TLS of a connection.
    ///
    /// # Errors
    /// There is no certificate.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, String> {
        let made = self
            .acceptor
            .get_or_init(|| self.identity().and_then(|identity| identity.acceptor()));
        made.clone()
    }

    /// The certificate that is kept, or a new one.
    fn identity(&self) -> Result<Identity, String> {
        if let Some(kept) = &self.kept
            && let Ok(text) = fs::read_to_string(kept)
        {
            return Identity::parse(&text)
                .ok_or_else(|| format!("`{}` is no certificate with its key", kept.display()));
        }
        let made = self.make().map_err(|error| error.to_string())?;
        if let Some(kept) = &self.kept {
            write(kept, &format!("{}{}", made.certificate, made.key), true)?;
        }
        Ok(made)
    }

    fn make(&self) -> Result<Identity, rcgen::Error> {
        let mut names = vec![
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
        ];
        let address = self.address.to_string();
        if !self.address.is_unspecified() && !names.contains(&address) {
            names.push(address);
        }
        let mut params = CertificateParams::new(names)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "ssectl emulator of Event Hubs");
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

impl Identity {
    /// A certificate and the key behind it, as they are kept. The key must not get out with the certificate.
    fn parse(kept: &str) -> Option<Self> {
        let (certificate, key) = kept.split_at(kept.find(KEY)?);
        Some(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        })
    }

    fn acceptor(&self) -> Result<TlsAcceptor, String> {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        let certificate = certificate.map_err(|error| error.to_string())?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes());
        let key = key.map_err(|error| error.to_string())?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(ALL_VERSIONS)
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .map_err(|error| error.to_string())?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// Writes a file; one with a key is for its owner only.
fn write(path: &Path, text: &str, secret: bool) -> Result<(), String> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if secret {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let written = options
        .open(path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    written.map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}
