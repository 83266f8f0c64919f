//! Connections of real clients.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use ssectl_gateway::{Health, Limits, Token, guard, health, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<bool>,
}

async fn start(router: Router, limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let stopped = async move { drop(stopped.await) };
    let ended = tokio::spawn(serve(listener, router, limits, stopped));
    Server {
        address,
        stop,
        ended,
    }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn ask(&self, path: &str, more: &str) -> String {
        let mut stream = self.connect().await;
        ask_on(&mut stream, path, &format!("{more}connection: close\r\n")).await;
        all(&mut stream).await
    }
}

async fn ask_on(stream: &mut TcpStream, path: &str, more: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
}

async fn all(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_request_that_has_begun_is_answered_when_the_server_stops() {
    let (begun, go) = (
        std::sync::Arc::new(Notify::new()),
        std::sync::Arc::new(Notify::new()),
    );
    let (tell, wait) = (begun.clone(), go.clone());
    let slow = move || {
        let (tell, wait) = (tell.clone(), wait.clone());
        async move {
            tell.notify_one();
            wait.notified().await;
            "done"
        }
    };
    let server = start(Router::new().route("/slow", get(slow)), Limits::default()).await;
    let mut idle = server.connect().await;
    let mut busy = server.connect().await;
    ask_on(&mut busy, "/slow", "").await;
    begun.notified().await;
    server.stop.send(()).unwrap();
    assert_eq!(all(&mut idle).await, "");
    go.notify_one();
    assert!(all(&mut busy).await.ends_with("done"));
    assert!(server.ended.await.unwrap());
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_hold_the_server() {
    let never = || async { std::future::pending::<&str>().await };
    let limits = Limits {
        drain: Duration::from_millis(50),
        ..Limits::default()
    };
    let begun = std::sync::Arc::new(Notify::new());
    let tell = begun.clone();
    let router = Router::new().route(
        "/never",
        get(move || {
            tell.notify_one();
            never()
        }),
    );
    let server = start(router, limits).await;
    let mut busy = server.connect().await;
    ask_on(&mut busy, "/never", "").await;
    begun.notified().await;
    server.stop.send(()).unwrap();
    assert!(!server.ended.await.unwrap());
}

#[tokio::test]
async fn more_connections_than_there_are_places_wait() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let server = start(health(Health::default()), limits).await;
    let mut first = server.connect().await;
    ask_on(&mut first, "/healthz", "").await;
    let mut head = [0; 15];
    first.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    let mut second = server.connect().await;
    ask_on(&mut second, "/healthz", "connection: close\r\n").await;
    let waited = tokio::time::timeout(Duration::from_millis(100), second.peek(&mut head)).await;
    assert!(waited.is_err());
    drop(first);
    assert!(all(&mut second).await.ends_with("ok\n"));
}

#[tokio::test]
async fn a_head_that_does_not_come_closes_the_connection() {
    let limits = Limits {
        head: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = start(health(Health::default()), limits).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost:")
        .await
        .unwrap();
    let answer = all(&mut slow).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
}

#[tokio::test]
async fn readiness_is_as_it_is_set() {
    let state = Health::default();
    let server = start(health(state.clone()), Limits::default()).await;
    assert!(server.ask("/readyz", "").await.starts_with("HTTP/1.1 503"));
    state.set_ready(true);
    assert!(server.ask("/readyz", "").await.starts_with("HTTP/1.1 200"));
    state.set_ready(false);
    assert!(server.ask("/readyz", "").await.starts_with("HTTP/1.1 503"));
    assert!(server.ask("/healthz", "").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn only_who_has_the_token_comes_in() {
    assert!(Token::new(" \n").is_none());
    let token = Token::new("open-sesame\n").unwrap();
    assert_eq!(format!("{token:?}"), "Token(..)");
    let router = guard(Router::new().route("/", get(|| async { "in" })), token);
    let server = start(router, Limits::default()).await;
    for wrong in [
        "",
        "authorization: Bearer open\r\n",
        "authorization: Basic open-sesame\r\n",
    ] {
        let answer = server.ask("/", wrong).await;
        assert!(
            answer.starts_with("HTTP/1.1 401") && answer.contains("www-authenticate: Bearer"),
            "{answer}"
        );
    }
    assert!(
        server
            .ask("/", "authorization: bearer open-sesame\r\n")
            .await
            .ends_with("in")
    );
}
