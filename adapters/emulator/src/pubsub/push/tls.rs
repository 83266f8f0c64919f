//! Clients of endpoints, `http://` and `https://`.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A client of endpoints.
pub(super) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Whom to trust is read once, when the first subscription pushes: the certificates of the system, or those of
/// `SSL_CERT_FILE` and `SSL_CERT_DIR`. Without any of them no `https://` endpoint is trusted.
static TRUST: LazyLock<ClientConfig> = LazyLock::new(|| {
    let builder = || {
        let provider = Arc::new(aws_lc_rs::default_provider());
        ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has the versions that are safe")
    };
    let config = match builder().with_native_roots() {
        Ok(config) => config,
        Err(_) => builder().with_root_certificates(RootCertStore::empty()),
    };
    config.with_no_client_auth()
});

/// A client that keeps so many idle connections to an endpoint.
pub(super) fn client(idle: usize) -> HttpClient {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(TRUST.clone())
        .https_or_http()
        .enable_http1()
        .build();
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(idle)
        .build(connector)
}
