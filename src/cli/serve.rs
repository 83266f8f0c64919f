//! `serve`: the gateway.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use ssectl_adapter::Options;
use ssectl_gateway::resource::{Log, Resources, router};
use ssectl_gateway::{Health, Limits, Token, guard, health, serve};
use tokio::net::TcpListener;

use super::error::{CliError, CliResult, Exit};
use super::lint::report;
use super::session::Session;
use crate::config::GATEWAY_TOKEN;
use crate::duration::HumanDuration;
use crate::gateway::{Gateway, open};

/// Serve resources by REST: create, list, read, update, delete
///
/// Examples:
///   ssectl serve scenarios/03-rest-kubernetes/gateway.yaml --port 8080
///   curl -d '{"name": "Ann"}' -H 'Content-Type: application/json' \
///     localhost:8080/players
///   curl localhost:8080/openapi.json
///   SSECTL_GATEWAY_TOKEN=$(cat token) ssectl serve gateway.yaml \
///     --host 0.0.0.0
///
/// The file declares the resources; see ssectl schema gateway. They are in memory, or, with a
/// log in a stream, the same in all gateways that read it. Prints `gateway ADDRESS ready` on
/// stderr, and runs until Ctrl-C or SIGTERM: then /readyz says no, and requests that have begun
/// get their answers. On an address that others reach it wants a token in SSECTL_GATEWAY_TOKEN.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct ServeArgs {
    /// What to serve
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Address to listen on; 0.0.0.0 lets other machines connect
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    host: IpAddr,
    /// Port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    port: u16,
    /// Connections at a time; others wait
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections: u32,
    /// How long to go on taking requests after the signal to stop, while /readyz says no already
    #[arg(long, default_value = "0s", value_name = "DURATION")]
    grace: HumanDuration,
}

/// Runs the verb.
pub(super) async fn run(args: ServeArgs, session: &Session) -> CliResult {
    let gateway =
        Gateway::read(&args.file, &session.env).map_err(|faults| report(&faults, &session.ui))?;
    let token = token(args.host, session)?;
    let (log, reader) = match &gateway.log {
        None => (None, None),
        Some(address) => {
            let place = session.find_stream(address, &Options::default())?;
            let opened = open(place, &session.control()).await;
            let (log, reader) = opened?;
            (Some(Arc::new(log) as Arc<dyn Log>), Some(reader))
        }
    };
    let declared = gateway.resources.clone();
    let resources = Resources::new(gateway.resources, log, replica());
    let resources = resources.map_err(|error| CliError::new(Exit::Invalid, error.to_string()))?;
    let resources = Arc::new(resources);
    let ready = Health::default();
    let mut api = router(&declared, &resources);
    if let Some(token) = token {
        api = guard(api, token);
    }
    let api = health(ready.clone()).merge(api);

    let wanted = SocketAddr::new(args.host, args.port);
    let listener = TcpListener::bind(wanted).await.map_err(|error| {
        CliError::new(Exit::Failed, format!("cannot listen on {wanted}: {error}"))
            .hint("another program may be there; `--port 0` picks a free port")
    })?;
    let address = listener.local_addr().unwrap_or(wanted);
    session.ui.say(format!("gateway http://{address} ready"));
    session.records_are_under_way();

    let stop = session.stop();
    let told = ready.clone();
    let stopped = async move {
        stop.cancelled().await;
        told.set_ready(false);
        tokio::time::sleep(args.grace.0).await;
    };
    let limits = Limits {
        connections: usize::try_from(args.connections).unwrap_or(usize::MAX),
        ..Limits::default()
    };
    let serving = serve(listener, api, limits, stopped);
    let answered = match reader {
        None => {
            ready.set_ready(true);
            serving.await
        }
        Some(reader) => tokio::select! {
            answered = serving => answered,
            failed = reader.read(resources, ready) => return failed.map_err(CliError::from),
        },
    };
    match answered {
        true => Ok(()),
        false => Err(CliError::new(
            Exit::Failed,
            "requests were not answered before the end",
        )),
    }
}

/// The token; there must be one where others can connect.
fn token(host: IpAddr, session: &Session) -> CliResult<Option<Token>> {
    let token = session
        .env
        .get(GATEWAY_TOKEN)
        .and_then(|text| Token::new(text));
    if token.is_none() && !host.is_loopback() {
        let message = format!("others can connect to {host}, and there is no token");
        return Err(CliError::usage(message).hint(format!(
            "set {GATEWAY_TOKEN} in the environment, or listen on 127.0.0.1"
        )));
    }
    Ok(token)
}

/// A name that no other gateway on the log has.
fn replica() -> String {
    let now = std::time::SystemTime::now();
    let since = now
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let host = std::env::var("HOSTNAME").unwrap_or_default();
    format!("{host}-{}-{}", std::process::id(), since.as_nanos())
}
